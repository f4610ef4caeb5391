/** Containers as `inspect` and the list show them; key order and empty values are Docker's. */

import type { ContainerView, NetworkView } from '../../engine/container-view.js';
import { parseLink } from '../../engine/links.js';
import type { ContainerRecord, ContainerState, MountPoint } from '../../engine/types.js';
import type { ContainerInspect, ContainerSummary, EndpointView } from '../wire.js';
import { shownMounts } from './mounts.js';

export interface Sizes {
  readonly rw: number;
  readonly root: number;
}

export function encodeInspect(view: ContainerView, sizes: Sizes | undefined): ContainerInspect {
  const { record } = view.container;
  const { lower, upper, work, mountpoint } = view.root;
  return {
    Id: record.id,
    Created: record.created,
    Path: record.path,
    Args: record.args,
    State: record.state,
    Image: record.imageId,
    ResolvConfPath: view.files.resolvConf,
    HostnamePath: view.files.hostname,
    HostsPath: view.files.hosts,
    LogPath: view.logPath,
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: view.driver,
    Platform: record.platform.os,
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: appArmorOf(record),
    ExecIDs: view.execIds.length > 0 ? view.execIds : null,
    HostConfig: { ...record.hostConfig, ...shownMounts(record.hostConfig.Mounts), Links: shownLinks(record) },
    GraphDriver: {
      Data:
        view.driver === 'vfs'
          ? null
          : { ID: record.id, LowerDir: lower.join(':'), MergedDir: mountpoint, UpperDir: upper, WorkDir: work },
      Name: view.driver,
    },
    ...(sizes === undefined ? {} : { SizeRw: sizes.rw, SizeRootFs: sizes.root }),
    Mounts: record.mounts.map(encodeMount),
    Config: encodeConfig(record),
    NetworkSettings: encodeNetworkSettings(view),
  };
}

/** Without what only the engine needs. */
function encodeMount(mount: MountPoint): ContainerInspect['Mounts'][number] {
  const { Type, Name, Source, Destination, Driver, Mode, RW, Propagation } = mount;
  return {
    Type,
    ...(Name === undefined ? {} : { Name }),
    Source,
    Destination,
    ...(Driver === undefined ? {} : { Driver }),
    Mode,
    RW,
    Propagation,
  };
}

const orNull = <T extends object>(value: T | undefined) =>
  value === undefined || Object.keys(value).length === 0 ? null : value;

function encodeConfig({ config }: ContainerRecord): ContainerInspect['Config'] {
  const { ExposedPorts, ...rest } = config;
  return {
    ...rest,
    ...(orNull(ExposedPorts) === null ? {} : { ExposedPorts }),
    Volumes: orNull(config.Volumes),
    Entrypoint: config.Entrypoint ?? null,
    Cmd: config.Cmd ?? null,
    OnBuild: config.OnBuild ?? null,
    Labels: config.Labels ?? {},
  };
}

function encodeEndpointView({ settings, networkId, endpoint, dnsNames }: NetworkView): EndpointView {
  return {
    IPAMConfig: settings.IPAMConfig,
    Links: settings.Links,
    Aliases: settings.Aliases,
    MacAddress: endpoint?.macAddress ?? settings.MacAddress,
    DriverOpts: settings.DriverOpts,
    GwPriority: settings.GwPriority,
    NetworkID: networkId,
    EndpointID: endpoint?.endpointId ?? '',
    Gateway: endpoint?.gateway ?? '',
    IPAddress: endpoint?.ipv4 ?? '',
    IPPrefixLen: endpoint?.ipv4 === undefined ? 0 : endpoint.ipv4PrefixLength,
    IPv6Gateway: endpoint?.gateway6 ?? '',
    GlobalIPv6Address: endpoint?.ipv6 ?? '',
    GlobalIPv6PrefixLen: endpoint?.ipv6 === undefined ? 0 : endpoint.ipv6PrefixLength,
    DNSNames: dnsNames,
  };
}

/** `/other:/this/alias`, as the daemon keeps them. */
function shownLinks({ name, hostConfig }: ContainerRecord): readonly string[] | null {
  if (hostConfig.Links === null || hostConfig.Links.length === 0) return null;
  return hostConfig.Links.map((link) => {
    const { to, alias } = parseLink(link);
    return `/${to.replace(/^\//, '')}:/${name}/${alias}`;
  });
}

/** The option, or what it was started with. */
function appArmorOf({ hostConfig, appArmorProfile }: ContainerRecord): string {
  const option = (hostConfig.SecurityOpt ?? []).find((one) => /^apparmor[=:]/.test(one));
  return option?.slice('apparmor='.length) ?? appArmorProfile ?? '';
}

/** The list leaves out what is only known inside. */
function encodeListedNetworks(networks: readonly NetworkView[]): Record<string, EndpointView> {
  return Object.fromEntries(
    networks.map((network) => [network.name, { ...encodeEndpointView(network), Aliases: null, DNSNames: null }]),
  );
}

function encodeNetworks(networks: readonly NetworkView[]): Record<string, EndpointView> {
  return Object.fromEntries(networks.map((network) => [network.name, encodeEndpointView(network)]));
}

function encodeNetworkSettings(view: ContainerView): ContainerInspect['NetworkSettings'] {
  const bridge = view.networks.find(({ name }) => name === 'bridge');
  const first = bridge === undefined ? undefined : encodeEndpointView(bridge);
  return {
    Bridge: '',
    SandboxID: view.netnsPath === '' ? '' : view.container.id,
    SandboxKey: view.netnsPath,
    Ports: view.ports,
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: first?.EndpointID ?? '',
    Gateway: first?.Gateway ?? '',
    GlobalIPv6Address: first?.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: first?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: first?.IPAddress ?? '',
    IPPrefixLen: first?.IPPrefixLen ?? 0,
    IPv6Gateway: first?.IPv6Gateway ?? '',
    MacAddress: first?.MacAddress ?? '',
    Networks: encodeNetworks(view.networks),
  };
}

/** One line of `docker ps`. `imageName` is what it is called now, or its id when that name has moved on. */
export function encodeSummary(
  view: Pick<ContainerView, 'container' | 'networks' | 'ports'>,
  facts: {
    readonly nowMs: number;
    readonly sizes: Sizes | undefined;
    /** By links of others, `/parent/alias`. */
    readonly names: readonly string[];
    readonly imageName: string;
  },
): ContainerSummary {
  const { record } = view.container;
  const command = [record.path, ...record.args.map((arg) => (/[\s]/.test(arg) ? `'${arg}'` : arg))].join(' ');
  return {
    Id: record.id,
    Names: [`/${record.name}`, ...facts.names],
    Image: facts.imageName,
    ImageID: record.imageId,
    Command: command,
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: summaryPorts(view.ports),
    ...(facts.sizes?.rw ? { SizeRw: facts.sizes.rw } : {}),
    ...(facts.sizes?.root ? { SizeRootFs: facts.sizes.root } : {}),
    Labels: record.config.Labels ?? {},
    State: record.state.Status,
    Status: statusText(record.state, facts.nowMs),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode },
    NetworkSettings: { Networks: encodeListedNetworks(view.networks) },
    Mounts: record.mounts.map(encodeMount),
  };
}

function summaryPorts(ports: ContainerView['ports']): ContainerSummary['Ports'] {
  return Object.entries(ports).flatMap(([key, bindings]) => {
    const [port, Type = 'tcp'] = key.split('/');
    const PrivatePort = Number(port);
    if (bindings === null) return [{ PrivatePort, Type }];
    return bindings.map(({ HostIp, HostPort }) => ({ IP: HostIp, PrivatePort, PublicPort: Number(HostPort), Type }));
  });
}

/** `Up 3 minutes (healthy)`, `Exited (0) 2 hours ago`: Docker's words. */
export function statusText(state: ContainerState, nowMs: number): string {
  // To the millisecond, where `parseTime` is of the nanosecond and ten times slower: a list has hundreds.
  const since = (time: string) => duration(nowMs - Math.max(0, Date.parse(time)));
  switch (state.Status) {
    case 'running':
      return `Up ${since(state.StartedAt)}${healthText(state)}`;
    case 'paused':
      return `Up ${since(state.StartedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.ExitCode}) ${since(state.FinishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'created':
      return 'Created';
    case 'exited':
      return `Exited (${state.ExitCode}) ${since(state.FinishedAt)} ago`;
  }
}

function healthText({ Health }: ContainerState): string {
  if (Health === undefined || Health.Status === 'none') return '';
  return ` (${Health.Status === 'starting' ? 'health: starting' : Health.Status})`;
}

/** As go-units' HumanDuration. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  const days = Math.floor(hours / 24);
  if (hours < 24 * 7 * 2) return `${days} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}
