/** What networks looked like in older API versions. */
import type { NetworkInspect } from '../wire.js';
import type { ApiVersion } from './negotiation.js';

export function networkIn(version: ApiVersion, network: NetworkInspect): unknown {
  if (version.atLeast('1.48')) return network;
  const { EnableIPv4: _, ...rest } = network;
  return rest;
}
