/** What a container that waits behind another one gets at its start: the other's listening sockets, and no name but its own. */
import { EngineError } from '../errors.js';
import type { PublishedPortSpec } from '../launch/spec.js';
import type { Endpoint, EndpointRequest, PortRequest } from '../network/types.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';
import { findProxy } from './proxy-process.js';

/** Until the hand-over it answers to its own name alone. */
export function withoutSharedNames(request: EndpointRequest): EndpointRequest {
  return { ...request, aliases: [], hostname: '' };
}

/** What of the wanted ports the other one listens on, through its sockets; `rest` is chosen as usual. */
export async function sharedPorts(
  engine: Engine,
  other: Container,
  wanted: readonly PortRequest[],
  endpoint: Endpoint,
): Promise<{ shared: PublishedPortSpec[]; rest: PortRequest[] }> {
  const theirs = other.record.running?.ports ?? [];
  const matches = (request: PortRequest) =>
    theirs.filter(
      (port) =>
        port.protocol === request.protocol &&
        port.hostPort === request.hostPort &&
        (request.hostIp === '' || request.hostIp === port.hostIp),
    );
  const rest = wanted.filter((request) => matches(request).length === 0);
  const proxy = theirs.length === 0 ? undefined : await findProxy(engine, other.record.state.Pid);
  if (rest.length < wanted.length && proxy === undefined)
    throw new EngineError(
      'system',
      `the proxy of container ${other.name} was not found, so its ports cannot be shared`,
    );
  const shared = wanted.flatMap((request) =>
    matches(request).map(({ protocol, hostIp, hostPort, balancedIn }) => ({
      protocol,
      hostIp,
      hostPort,
      containerIp: addressFor(hostIp, endpoint),
      containerPort: request.containerPort,
      sharedWith: proxy!,
      ...(balancedIn === undefined ? {} : { balancedIn }),
    })),
  );
  return { shared, rest };
}

/** The same family where the container has it: the proxy speaks both. */
function addressFor(hostIp: string, { ipv4, ipv6 }: Endpoint): string {
  return (hostIp.includes(':') ? (ipv6 ?? ipv4) : (ipv4 ?? ipv6)) ?? '';
}
