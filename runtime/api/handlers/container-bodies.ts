/** Shapes of the bodies of create, update and exec. */
import type { HostConfig, Mount } from '../../engine/host-config.js';
import { NO_ENDPOINT_SETTINGS } from '../../engine/network-wishes.js';
import type { ContainerConfig, EndpointSettings, ExecConfig } from '../../engine/types.js';
import { EngineError } from '../../errors.js';
import {
  any,
  bool,
  int,
  list,
  map,
  nullable,
  object,
  type Shape,
  type Shaped,
  string,
  stringMap,
  stringOrStrings,
  strings,
} from '../decode.js';

const health = object({
  Test: strings,
  Interval: int,
  Timeout: int,
  Retries: int,
  StartPeriod: int,
  StartInterval: int,
});

export const endpoint = object({
  IPAMConfig: object({ IPv4Address: string, IPv6Address: string, LinkLocalIPs: strings }),
  Links: strings,
  Aliases: strings,
  MacAddress: string,
  DriverOpts: map(string),
  GwPriority: int,
});

const mount = object({
  Type: string,
  Source: string,
  Target: string,
  ReadOnly: bool,
  Consistency: string,
  BindOptions: object({
    Propagation: string,
    NonRecursive: bool,
    CreateMountpoint: bool,
    ReadOnlyNonRecursive: bool,
    ReadOnlyForceRecursive: bool,
  }),
  VolumeOptions: object({
    NoCopy: bool,
    Labels: stringMap,
    DriverConfig: object({ Name: string, Options: stringMap }),
    Subpath: string,
  }),
  ImageOptions: object({ Subpath: string }),
  TmpfsOptions: object({ SizeBytes: int, Mode: int, Options: list(strings) }),
});

const weights = list(object({ Path: string, Weight: int }));
const rates = list(object({ Path: string, Rate: int }));

const resources = {
  CpuShares: int,
  Memory: int,
  NanoCpus: int,
  CgroupParent: string,
  BlkioWeight: int,
  BlkioWeightDevice: weights,
  BlkioDeviceReadBps: rates,
  BlkioDeviceWriteBps: rates,
  BlkioDeviceReadIOps: rates,
  BlkioDeviceWriteIOps: rates,
  CpuPeriod: int,
  CpuQuota: int,
  CpuRealtimePeriod: int,
  CpuRealtimeRuntime: int,
  CpusetCpus: string,
  CpusetMems: string,
  Devices: list(object({ PathOnHost: string, PathInContainer: string, CgroupPermissions: string })),
  DeviceCgroupRules: strings,
  DeviceRequests: list(
    object({ Driver: string, Count: int, DeviceIDs: strings, Capabilities: list(strings), Options: stringMap }),
  ),
  MemoryReservation: int,
  MemorySwap: int,
  MemorySwappiness: int,
  OomKillDisable: bool,
  PidsLimit: int,
  Ulimits: list(object({ Name: string, Hard: int, Soft: int })),
  CpuCount: int,
  CpuPercent: int,
  IOMaximumIOps: int,
  IOMaximumBandwidth: int,
} as const;

const restartPolicy = object({ Name: string, MaximumRetryCount: int });

/** A port may come as a number from loosely typed clients. */
const portText: Shape<string> = (value, path) => (typeof value === 'number' ? String(value) : string(value, path));

const hostConfig = object({
  ...resources,
  Binds: strings,
  ContainerIDFile: string,
  LogConfig: object({ Type: string, Config: stringMap }),
  NetworkMode: string,
  PortBindings: map(nullable(list(object({ HostIp: string, HostPort: portText })))),
  RestartPolicy: restartPolicy,
  AutoRemove: bool,
  VolumeDriver: string,
  VolumesFrom: strings,
  ConsoleSize: list(int),
  Annotations: stringMap,
  CapAdd: stringOrStrings,
  CapDrop: stringOrStrings,
  CgroupnsMode: string,
  Dns: strings,
  DnsOptions: strings,
  DnsSearch: strings,
  ExtraHosts: strings,
  GroupAdd: strings,
  IpcMode: string,
  Cgroup: string,
  Links: strings,
  OomScoreAdj: int,
  PidMode: string,
  Privileged: bool,
  PublishAllPorts: bool,
  ReadonlyRootfs: bool,
  SecurityOpt: strings,
  StorageOpt: stringMap,
  Tmpfs: stringMap,
  UTSMode: string,
  UsernsMode: string,
  ShmSize: int,
  Sysctls: stringMap,
  Runtime: string,
  Isolation: string,
  Mounts: list(mount),
  Init: bool,
  MaskedPaths: strings,
  ReadonlyPaths: strings,
});

const config = {
  Hostname: string,
  Domainname: string,
  User: string,
  AttachStdin: bool,
  AttachStdout: bool,
  AttachStderr: bool,
  ExposedPorts: map(any),
  Tty: bool,
  OpenStdin: bool,
  StdinOnce: bool,
  Env: strings,
  Cmd: stringOrStrings,
  Healthcheck: health,
  ArgsEscaped: bool,
  Image: string,
  Volumes: map(any),
  WorkingDir: string,
  Entrypoint: stringOrStrings,
  NetworkDisabled: bool,
  MacAddress: string,
  Labels: stringMap,
  StopSignal: string,
  StopTimeout: int,
  Shell: stringOrStrings,
} as const;

export const createBody = object({
  ...config,
  HostConfig: hostConfig,
  NetworkingConfig: object({ EndpointsConfig: map(nullable(endpoint)) }),
});

export const updateBody = object({ ...resources, RestartPolicy: restartPolicy });

export const execBody = object({
  AttachStdin: bool,
  AttachStdout: bool,
  AttachStderr: bool,
  DetachKeys: string,
  Tty: bool,
  Env: strings,
  Cmd: strings,
  Privileged: bool,
  User: string,
  WorkingDir: string,
  ConsoleSize: list(int),
});

export const execStartBody = object({ Detach: bool, Tty: bool, ConsoleSize: list(int) });

type Body = Shaped<typeof createBody>;

/** Settings of the deprecated `MacAddress` go to the network of the NetworkMode. */
export function networksOf(body: Body): Record<string, EndpointSettings> {
  const networks: Record<string, EndpointSettings> = {};
  for (const [name, given] of Object.entries(body.NetworkingConfig?.EndpointsConfig ?? {}))
    networks[name] = endpointOf(said(name, given));
  const mac = body.MacAddress ?? '';
  if (mac === '') return networks;
  const mode = body.HostConfig?.NetworkMode || 'default';
  const settings = networks[mode] ?? NO_ENDPOINT_SETTINGS;
  if (settings.MacAddress !== '' && settings.MacAddress !== mac)
    throw new EngineError(
      'invalid',
      'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
    );
  networks[mode] = { ...settings, MacAddress: mac };
  return networks;
}

/** Throws `invalid` for null, as Docker does. */
function said<T>(name: string, given: T | null): T {
  if (given === null) throw new EngineError('invalid', `invalid config for network ${name}: EndpointsConfig is nil`);
  return given;
}

function endpointOf(given: Shaped<typeof endpoint>): EndpointSettings {
  return {
    IPAMConfig: given.IPAMConfig ?? null,
    Links: given.Links ?? null,
    Aliases: given.Aliases ?? null,
    MacAddress: given.MacAddress ?? '',
    DriverOpts: given.DriverOpts ?? null,
    GwPriority: given.GwPriority ?? 0,
  };
}

/** The container's own MAC address is that of its main network, wherever it was said. */
export function configOf(body: Body): Partial<ContainerConfig> {
  const { HostConfig, NetworkingConfig, MacAddress, ExposedPorts, Volumes, ...rest } = body;
  const mac = MacAddress || NetworkingConfig?.EndpointsConfig?.[HostConfig?.NetworkMode || 'default']?.MacAddress;
  return {
    ...rest,
    ...(mac ? { MacAddress: mac } : {}),
    ...(ExposedPorts === undefined ? {} : { ExposedPorts: emptyObjects(ExposedPorts) }),
    ...(Volumes === undefined ? {} : { Volumes: emptyObjects(Volumes) }),
  };
}

function emptyObjects(keys: Readonly<Record<string, unknown>>): Record<string, object> {
  return Object.fromEntries(Object.keys(keys).map((key) => [key, {}]));
}

export function hostConfigOf(body: NonNullable<Body['HostConfig']>): Partial<HostConfig> {
  const { LogConfig, PortBindings, RestartPolicy, ConsoleSize, Mounts, ...rest } = body;
  return {
    ...(resourcesOf(rest) as Partial<HostConfig>),
    ...(LogConfig ? { LogConfig: { Type: LogConfig.Type ?? '', Config: LogConfig.Config ?? {} } } : {}),
    ...(PortBindings ? { PortBindings: bindingsOf(PortBindings) } : {}),
    ...(RestartPolicy ? { RestartPolicy: restartPolicyOf(RestartPolicy) } : {}),
    ...(ConsoleSize?.length === 2 ? { ConsoleSize: [ConsoleSize[0]!, ConsoleSize[1]!] } : {}),
    ...(Mounts
      ? { Mounts: Mounts.map((one) => ({ ...one, Type: one.Type ?? '', Target: one.Target ?? '' }) as Mount) }
      : {}),
  };
}

export function restartPolicyOf(policy: Shaped<typeof restartPolicy>) {
  return { Name: policy.Name ?? '', MaximumRetryCount: policy.MaximumRetryCount ?? 0 };
}

function bindingsOf(bindings: NonNullable<NonNullable<Body['HostConfig']>['PortBindings']>) {
  return Object.fromEntries(
    Object.entries(bindings).map(([port, list]) => [
      port,
      list?.map(({ HostIp, HostPort }) => ({ HostIp: HostIp ?? '', HostPort: HostPort ?? '' })) ?? null,
    ]),
  );
}

/** Entries of lists whose fields may be missing get Go's empty values. */
export function resourcesOf<T extends Shaped<typeof updateBody>>(given: T) {
  const { Devices, DeviceRequests, Ulimits, ...rest } = given;
  return {
    ...rest,
    ...(Devices
      ? {
          Devices: Devices.map((device) => ({
            PathOnHost: device.PathOnHost ?? '',
            PathInContainer: device.PathInContainer ?? '',
            CgroupPermissions: device.CgroupPermissions ?? '',
          })),
        }
      : {}),
    ...(DeviceRequests
      ? {
          DeviceRequests: DeviceRequests.map((request) => ({
            Driver: request.Driver ?? '',
            Count: request.Count ?? 0,
            DeviceIDs: request.DeviceIDs ?? null,
            Capabilities: request.Capabilities ?? null,
            Options: request.Options ?? null,
          })),
        }
      : {}),
    ...(Ulimits
      ? { Ulimits: Ulimits.map(({ Name, Hard, Soft }) => ({ Name: Name ?? '', Hard: Hard ?? 0, Soft: Soft ?? 0 })) }
      : {}),
  };
}

export function execConfigOf(body: Shaped<typeof execBody>): ExecConfig {
  const size = body.ConsoleSize;
  return {
    AttachStdin: body.AttachStdin ?? false,
    AttachStdout: body.AttachStdout ?? false,
    AttachStderr: body.AttachStderr ?? false,
    DetachKeys: body.DetachKeys ?? '',
    Tty: body.Tty ?? false,
    Env: body.Env ?? [],
    Cmd: body.Cmd ?? [],
    Privileged: body.Privileged ?? false,
    User: body.User ?? '',
    WorkingDir: body.WorkingDir ?? '',
    ...(size?.length === 2 ? { ConsoleSize: [size[0]!, size[1]!] as const } : {}),
  };
}
