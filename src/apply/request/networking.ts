import { portKey } from '../../model/host-ports.js';
import { projectObjectName } from '../../model/names.js';
import type { ContainerCreate } from '../../model/plan.js';
import type { Port, Project, Service, ServiceNetwork } from '../../model/project.js';
import type { RequestContext } from './container.js';

const key = (port: Pick<Port, 'target' | 'protocol'>) => `${port.target}/${port.protocol || 'tcp'}`;

export function exposedPorts(service: Service): Record<string, object> {
  const exposed = (service.expose ?? []).flatMap((entry) => {
    const [range, protocol = 'tcp'] = String(entry).split('/');
    const [first, last = first] = range!.split('-').map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, index) => `${first! + index}/${protocol}`);
  });
  return Object.fromEntries([...(service.ports ?? []).map(key), ...exposed].map((one) => [one, {}]));
}

/** The address a port is opened on when the config names none: a dev tool opens nothing to the network by itself. */
const defaultHostAddress = '127.0.0.1';

/** An open host port has the number that is kept for it; a one-off container's is the engine's to choose. */
export function portBindings(
  service: Service,
  { replica }: ContainerCreate,
  { hostPorts, oneOff }: RequestContext,
): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const [index, port] of (service.ports ?? []).entries()) {
    const kept = oneOff ? undefined : hostPorts[portKey(service.name, replica, service.ports!, index)];
    const published = port.published || String(kept ?? '');
    const binding = { HostIp: port.host_ip || defaultHostAddress, HostPort: published };
    bindings[key(port)] = [...(bindings[key(port)] ?? []), binding];
  }
  return bindings;
}

/** The service's networks, the one with the highest priority first, then by key (Compose Specification, "priority"). */
function sortedNetworks(service: Service): [string, ServiceNetwork | null][] {
  const entries = Object.entries(service.networks ?? {});
  const networks: [string, ServiceNetwork | null][] = entries.length ? entries : [['default', null]];
  const priority = (network: ServiceNetwork | null) => network?.priority ?? 0;
  return networks.sort(([a, x], [b, y]) => priority(y) - priority(x) || (a < b ? -1 : 1));
}

export function networkMode(service: Service, context: RequestContext): string {
  const mode = service.network_mode;
  if (mode === undefined) {
    const [first] = sortedNetworks(service)[0]!;
    return context.project.networks[first]?.name ?? 'default';
  }
  if (mode.startsWith('service:')) return `container:${context.containerOf(mode.slice('service:'.length))}`;
  return mode === 'disabled' ? 'none' : mode;
}

/** Each network with the names by which others find this container there: its service, `--name`, aliases and links. */
export function endpoints(service: Service, op: ContainerCreate, context: RequestContext): Record<string, unknown> {
  if (service.network_mode !== undefined) return {};
  const linked = links(service, context);
  return Object.fromEntries(
    sortedNetworks(service).map(([networkKey, settings]) => {
      const name = context.project.networks[networkKey]?.name ?? networkKey;
      const named = !context.oneOff || context.oneOff.useAliases;
      const known = named ? [service.name, ...(settings?.aliases ?? [])] : [];
      return [name, endpoint(service, [op.finalName, ...known], settings, linked)];
    }),
  );
}

function endpoint(
  service: Service,
  names: readonly string[],
  settings: ServiceNetwork | null,
  linked: readonly string[],
) {
  const { ipv4_address: v4, ipv6_address: v6, link_local_ips: local } = settings ?? {};
  const options = {
    ...settings?.driver_opts,
    ...(settings?.interface_name ? { 'com.docker.network.endpoint.ifname': settings.interface_name } : {}),
  };
  return {
    Aliases: [...new Set(names)],
    Links: linked.length ? linked : undefined,
    IPAMConfig: v4 || v6 || local ? { IPv4Address: v4, IPv6Address: v6, LinkLocalIPs: local } : undefined,
    MacAddress: settings?.mac_address ?? (service.mac_address as string | undefined),
    DriverOpts: Object.keys(options).length ? options : undefined,
    GwPriority: settings?.gw_priority,
  };
}

/**
 * `links` and `external_links` as `container:alias`. A link is known by its alias, by the service's name and by the
 * container's, as in Compose.
 */
export function links(service: Service, context: RequestContext): string[] {
  const own = (service.links ?? []).flatMap((link) => {
    const [target, alias] = link.split(':');
    // With --no-deps there may be no such container: as in Compose there is then no link.
    if (context.containerOf(target!) === undefined) return [];
    const container = linkTarget(context.project, target!);
    return [...new Set([alias ?? target!, target!, container])].map((name) => `${container}:${name}`);
  });
  const external = (service.external_links ?? []).map((link) => (link.includes(':') ? link : `${link}:${link}`));
  return [...own, ...external];
}

function linkTarget(project: Project, service: string): string {
  return project.services[service]?.container_name ?? projectObjectName(project, service, 1);
}
