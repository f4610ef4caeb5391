/** What `info` looked like in older API versions. */
import type { ApiVersion } from './negotiation.js';

export function infoIn(version: ApiVersion, info: Readonly<Record<string, unknown>>): unknown {
  if (version.atLeast('1.50')) return info;
  const { FirewallBackend: _, ...rest } = info;
  return { ...rest, BridgeNfIptables: false, BridgeNfIp6tables: false };
}

/** Until 1.41 the size of the build cache stood beside the list of its records. */
export function diskUsageIn(
  version: ApiVersion,
  usage: Readonly<Record<string, unknown>>,
  cacheBytes: number,
): unknown {
  return version.atLeast('1.42') ? usage : { ...usage, BuilderSize: cacheBytes };
}
