/** What `info` looked like in older API versions. */
import type { ApiVersion } from './negotiation.js';

export function infoIn(version: ApiVersion, info: Readonly<Record<string, unknown>>): unknown {
  if (version.atLeast('1.50')) return info;
  const { FirewallBackend: _, ...rest } = info;
  return { ...rest, BridgeNfIptables: false, BridgeNfIp6tables: false };
}
