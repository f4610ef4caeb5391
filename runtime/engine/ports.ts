/** Ports as Docker writes them: `80/tcp`, `8080-8090`. Pure. */
import { EngineError } from '../errors.js';
import type { PublishedPortSpec } from '../launch/spec.js';
import type { PortRequest } from '../network/types.js';
import type { HostConfig, PortBinding } from './host-config.js';

export interface ContainerPort {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

/** Reads `80` or `80/udp`. Throws `invalid`. */
export function parsePort(text: string): ContainerPort {
  const [port = '', protocol = 'tcp'] = text.toLowerCase().split('/');
  if (!['tcp', 'udp'].includes(protocol)) {
    if (protocol === 'sctp') throw new EngineError('not-implemented', 'SCTP ports cannot be published here');
    throw new EngineError('invalid', `invalid port specification: ${JSON.stringify(text)}`);
  }
  if (!/^\d+$/.test(port) || Number(port) > 65535 || Number(port) < 1)
    throw new EngineError('invalid', `invalid port specification: ${JSON.stringify(port)}`);
  return { port: Number(port), protocol: protocol as 'tcp' | 'udp' };
}

/** Reads `8080`, `8080-8090` or nothing. Throws `invalid`. */
export function parsePortRange(text: string): { start: number; end: number } {
  if (text === '') return { start: 0, end: 0 };
  const parts = /^(\d+)(?:-(\d+))?$/.exec(text);
  const start = Number(parts?.[1]);
  const end = Number(parts?.[2] ?? parts?.[1]);
  if (parts === null || start > 65535 || end > 65535 || end < start)
    throw new EngineError('invalid', `invalid port specification: ${JSON.stringify(text)}`);
  return { start, end };
}

/** Containers that carry it with the same word share their fixed host ports. */
export const BALANCE_LABEL = 'dev.devenv.balance';

/** What is to be published, explicit bindings first; a range or nothing lets the network pick. `balancedIn`: for fixed ports. */
export function portRequests(
  host: HostConfig,
  exposed: Readonly<Record<string, object>> | undefined,
  balancedIn?: string,
): PortRequest[] {
  const requests: PortRequest[] = [];
  for (const [port, bindings] of Object.entries(host.PortBindings ?? {}))
    requests.push(...requestsOf(parsePort(port), bindings ?? [], balancedIn));
  if (!host.PublishAllPorts) return requests;
  for (const { port: number, protocol } of exposedPorts(exposed)) {
    if (protocol === 'sctp') continue;
    if (requests.some((one) => one.containerPort === number && one.protocol === protocol)) continue;
    requests.push(requestOf({ protocol, port: number }, { HostIp: '', HostPort: '' }));
  }
  return requests;
}

/** In Docker's order: numbers that are fixed as they count, then what is for the network to pick. */
function requestsOf(port: ContainerPort, bindings: readonly PortBinding[], balancedIn?: string): PortRequest[] {
  const wanted = bindings.length === 0 ? [{ HostIp: '', HostPort: '' }] : bindings;
  const rank = ({ hostPort }: PortRequest) => hostPort || Number.POSITIVE_INFINITY;
  return wanted
    .map((binding) => requestOf(port, binding, balancedIn))
    .sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
}

function requestOf({ port, protocol }: ContainerPort, binding: PortBinding, balancedIn?: string): PortRequest {
  const { start, end } = parsePortRange(binding.HostPort);
  return {
    protocol,
    hostIp: binding.HostIp,
    hostPort: start,
    ...(end > start ? { hostPortEnd: end } : {}),
    containerPort: port,
    ...(balancedIn !== undefined && start > 0 && end === start ? { balancedIn } : {}),
  };
}

/** Exposed ports one by one, ranges taken apart. What is no port was let in by Docker too, and means nothing. */
export function exposedPorts(exposed: Readonly<Record<string, object>> | undefined): ExposedPort[] {
  return Object.keys(exposed ?? {}).flatMap((text) => {
    const parts = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/i.exec(text);
    const first = Number(parts?.[1]);
    const last = Number(parts?.[2] ?? parts?.[1]);
    if (parts === null || first < 1 || last > 65535 || last < first) return [];
    const protocol = (parts[3] ?? 'tcp').toLowerCase() as ExposedPort['protocol'];
    return Array.from({ length: last - first + 1 }, (_, index) => ({ port: first + index, protocol }));
  });
}

export interface ExposedPort {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}

/** NetworkSettings.Ports: exposed ones without a binding are null. */
export function publishedPorts(
  exposed: Readonly<Record<string, object>> | undefined,
  ports: readonly PublishedPortSpec[],
): Record<string, PortBinding[] | null> {
  const shown: Record<string, PortBinding[] | null> = {};
  for (const { port, protocol } of exposedPorts(exposed)) shown[`${port}/${protocol}`] = null;
  for (const { containerPort, protocol, hostIp, hostPort } of ports) {
    const key = `${containerPort}/${protocol}`;
    shown[key] = [...(shown[key] ?? []), { HostIp: hostIp, HostPort: String(hostPort) }];
  }
  return shown;
}
