import type { HeldEndpoint } from './types.js';

/**
 * The endpoint whose gateway is the container's default route: highest `gwPriority`, then the network's name (Docker 28,
 * "network gateway priority"); one that leads out by both families leads both. Undefined when none has a gateway, as on internal networks alone.
 */
export function gatewayEndpoint(
  held: readonly HeldEndpoint[],
  family: 4 | 6,
  nameOf: (networkId: string) => string,
): HeldEndpoint | undefined {
  const ordered = [...held].sort(
    (one, other) =>
      (other.request.gwPriority ?? 0) - (one.request.gwPriority ?? 0) ||
      compare(nameOf(one.endpoint.networkId), nameOf(other.endpoint.networkId)),
  );
  const has4 = ({ endpoint }: HeldEndpoint) => endpoint.gateway !== undefined;
  const has6 = ({ endpoint }: HeldEndpoint) => endpoint.gateway6 !== undefined;
  return ordered.find((one) => has4(one) && has6(one)) ?? ordered.find(family === 4 ? has4 : has6);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
