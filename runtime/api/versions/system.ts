/** What `info` looked like in older API versions. */
import type { ApiVersion } from './negotiation.js';

export function infoIn(version: ApiVersion, info: Readonly<Record<string, unknown>>): unknown {
  if (version.atLeast('1.50')) return info;
  const { FirewallBackend: _, ...rest } = info;
  const kernelMemory = version.atLeast('1.42') ? {} : { KernelMemory: true };
  return { ...rest, ...kernelMemory, BridgeNfIptables: false, BridgeNfIp6tables: false };
}

/** `type` came with 1.42; before it all was counted. */
export function knowsUsageTypes(version: ApiVersion): boolean {
  return version.atLeast('1.42');
}

/** Until 1.41 the size of the build cache stood beside the list of its records. */
export function diskUsageIn(
  version: ApiVersion,
  usage: Readonly<Record<string, unknown>>,
  cacheBytes: number,
): unknown {
  return version.atLeast('1.42') ? usage : { ...usage, BuilderSize: cacheBytes };
}
