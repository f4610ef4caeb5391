import type { HeldEndpoint } from './endpoints.js';

/**
 * The endpoint whose gateway is the container's default route: highest `gwPriority`, then the network's name (Docker 28,
 * "network gateway priority"). Undefined when none has a gateway, as on internal networks alone.
 */
export function gatewayEndpoint(
  held: readonly HeldEndpoint[],
  family: 4 | 6,
  nameOf: (networkId: string) => string,
): HeldEndpoint | undefined {
  const gateway = family === 4 ? 'gateway' : 'gateway6';
  return held
    .filter(({ endpoint }) => endpoint[gateway] !== undefined)
    .sort(
      (one, other) =>
        (other.request.gwPriority ?? 0) - (one.request.gwPriority ?? 0) ||
        compare(nameOf(one.endpoint.networkId), nameOf(other.endpoint.networkId)),
    )[0];
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
