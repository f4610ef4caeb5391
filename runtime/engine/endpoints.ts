/** A container's places on its networks, taken when it starts and given back when it ends. */

import { EngineError } from '../errors.js';
import type { InterfaceSpec, PublishedPortSpec } from '../launch/spec.js';
import { bridgeOptions } from '../network/options.js';
import type { Endpoint, EndpointRequest, NetworkRecord } from '../network/types.js';
import type { Container } from './container.js';
import { INTERFACE_SYSCTLS_OPTION, interfaceSysctls } from './endpoint-settings.js';
import type { Engine } from './engine.js';
import { parseLink } from './links.js';
import { tellNetwork } from './network-list.js';
import { BALANCE_LABEL, portRequests } from './ports.js';
import { sharedPorts, withoutSharedNames } from './shared-ports.js';
import type { EndpointSettings } from './types.js';

/** What the start takes from the network room. */
export interface Connected {
  readonly endpoints: readonly { readonly endpoint: Endpoint; readonly request: EndpointRequest }[];
  readonly interfaces: readonly InterfaceSpec[];
  readonly ports: readonly PublishedPortSpec[];
}

/** Docker's lengths of link-local subnets. */
const withLength = (address: string) => `${address}/${address.includes(':') ? 64 : 16}`;

const INTERFACE_NAME_OPTION = 'com.docker.network.endpoint.ifname';

/** `NAME:ALIAS` entries as the network wants them: by an id, which outlives a new name, where there is such a container yet. */
function linksOf(engine: Engine, links: readonly string[]): EndpointRequest['links'] {
  return links.map((link) => {
    const { to, alias } = parseLink(link);
    return { alias, name: engine.containers.find(to)?.id.slice(0, 12) ?? to };
  });
}

/** What to ask the network room for. Throws `not-found` for a network or a linked container that is gone. */
export function endpointRequest(
  engine: Engine,
  container: Container,
  name: string,
  settings: EndpointSettings,
  interfaceName: string,
): EndpointRequest {
  const { config, hostConfig } = container.record;
  const network = engine.foundations.networks.find(name);
  if (network === undefined)
    throw new EngineError('not-found', `failed to set up container networking: network ${name} not found`);
  if (network.predefined && (settings.Aliases ?? []).length > 0 && network.driver === 'bridge')
    throw new EngineError('invalid', 'network-scoped alias is supported only for containers in user defined networks');
  if (network.configOnly === true)
    throw new EngineError(
      'forbidden',
      'failed to set up container networking: cannot create endpoint on configuration-only network',
    );
  const links = network.predefined
    ? (hostConfig.Links ?? [])
    : [...(settings.Links ?? []), ...(hostConfig.Links ?? [])];
  const { IPv4Address, IPv6Address, LinkLocalIPs = [] } = settings.IPAMConfig ?? {};
  const { interfacePrefix } = bridgeOptions(network.driver === 'bridge' ? network.options : {});
  const ownName = settings.DriverOpts?.[INTERFACE_NAME_OPTION] ?? interfaceName.replace('eth', interfacePrefix);
  const sysctls = interfaceSysctls(settings.DriverOpts?.[INTERFACE_SYSCTLS_OPTION], ownName);
  return {
    networkId: network.id,
    containerId: container.id,
    containerName: container.name,
    hostname: config.Hostname,
    aliases: settings.Aliases ?? [],
    links: network.predefined ? [] : linksOf(engine, links),
    ...(IPv4Address ? { ipv4: IPv4Address } : {}),
    ...(IPv6Address ? { ipv6: IPv6Address } : {}),
    ...(settings.MacAddress ? { macAddress: settings.MacAddress } : {}),
    interfaceName: ownName,
    ...(LinkLocalIPs.length > 0 ? { linkLocal: LinkLocalIPs.map(withLength) } : {}),
    ...(sysctls === undefined ? {} : { sysctls }),
    gwPriority: settings.GwPriority,
    ...(hostConfig.Dns && hostConfig.Dns.length > 0 ? { dns: hostConfig.Dns } : {}),
  };
}

/** Networks of the host and none are no links. */
export function hasInterface({ driver }: NetworkRecord): boolean {
  return driver !== 'host' && driver !== 'null';
}

/** For all its networks, in the order of its interfaces. */
export function endpointRequests(engine: Engine, container: Container): EndpointRequest[] {
  return Object.entries(container.record.networks).map(([name, settings], index) =>
    endpointRequest(engine, container, name, settings, `eth${index}`),
  );
}

/** Takes addresses on all networks and chooses host ports; those of `behind` are shared. On failure all is given back. */
export async function connectEndpoints(engine: Engine, container: Container, behind?: Container): Promise<Connected> {
  const { networks } = engine.foundations;
  const endpoints: { endpoint: Endpoint; request: EndpointRequest }[] = [];
  try {
    for (const asked of endpointRequests(engine, container)) {
      const request = behind === undefined ? asked : withoutSharedNames(asked);
      endpoints.push({ endpoint: await networks.attach(request), request });
    }
    const wired = endpoints.filter(({ endpoint }) => hasInterface(networks.get(endpoint.networkId)));
    const interfaces = wired.map(({ endpoint }) => networks.interfaceSpec(endpoint));
    const ports = await choosePorts(
      engine,
      container,
      wired.map(({ endpoint }) => endpoint),
      behind,
    );
    return { endpoints, interfaces, ports };
  } catch (error) {
    await networks.detach(container.id);
    throw error;
  }
}

async function choosePorts(engine: Engine, container: Container, wired: readonly Endpoint[], behind?: Container) {
  const { hostConfig, config } = container.record;
  const requests = portRequests(hostConfig, config.ExposedPorts, config.Labels?.[BALANCE_LABEL]);
  const endpoint = publishingEndpoint(engine, wired);
  if (requests.length === 0 || endpoint === undefined) return [];
  try {
    const { shared, rest } = behind
      ? await sharedPorts(engine, behind, requests, endpoint)
      : { shared: [], rest: requests };
    return [...shared, ...(await engine.foundations.networks.choosePorts(rest, endpoint))];
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    throw new EngineError(cause.kind, `failed to set up container networking: ${cause.message}`, { cause });
  }
}

/** Ports lead to the first network that is not internal. */
export function publishingEndpoint(engine: Engine, endpoints: readonly Endpoint[]): Endpoint | undefined {
  const { networks } = engine.foundations;
  return endpoints.find((endpoint) => {
    const network = networks.find(endpoint.networkId);
    return network?.driver === 'bridge' && !network.internal;
  });
}

/** Makes the kernel's fast path for the ports of a running container, and tells that it is on its networks. */
export async function publishPorts(engine: Engine, container: Container, connected: Connected): Promise<void> {
  const endpoint = publishingEndpoint(
    engine,
    connected.endpoints.map((one) => one.endpoint),
  );
  if (endpoint !== undefined && connected.ports.length > 0)
    await engine.foundations.networks.publish(container.id, connected.ports, endpoint);
}

export function tellConnected(engine: Engine, container: Container, action: 'connect' | 'disconnect'): void {
  for (const { endpoint } of container.record.running?.endpoints ?? []) {
    const network = engine.foundations.networks.find(endpoint.networkId);
    if (network !== undefined) tellNetwork(engine, action, network, container.id);
  }
}

/** What happens to the volumes of a container that starts or ends, in the words of Docker's events. */
export function tellVolumes(engine: Engine, container: Container, action: 'mount' | 'unmount'): void {
  for (const { Type, Name, Destination, RW, Propagation } of container.record.mounts) {
    if (Type !== 'volume' || Name === undefined) continue;
    const how: Record<string, string> =
      action === 'mount' ? { destination: Destination, 'read/write': String(RW), propagation: Propagation ?? '' } : {};
    engine.events.publish('volume', action, Name, { container: container.id, driver: 'local', ...how });
  }
}

/** Gives all back. Never throws: what is left is swept with the network. */
export async function releaseEndpoints(engine: Engine, container: Container): Promise<void> {
  const { networks } = engine.foundations;
  await networks.unpublish(container.id).catch(() => undefined);
  await networks.detach(container.id).catch(() => undefined);
}
