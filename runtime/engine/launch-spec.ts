/** A container's record, what the network gave it and what the image says of its accounts, as a LaunchSpec. Pure. */
import { dockerCapabilities } from '../launch/capabilities.js';
import { defaultSysctls, rootlessSysctls } from '../launch/defaults.js';
import { overlayOptions } from '../launch/overlay-options.js';
import type {
  DeviceLimit,
  DeviceSpec,
  DeviceWeight,
  InterfaceSpec,
  LaunchSpec,
  MountSpec,
  NamespaceChoice,
  ProcessSpec,
  Propagation,
  PublishedPortSpec,
} from '../launch/spec.js';
import type { PreparedRoot } from '../snapshots/types.js';
import type { Identity } from './accounts.js';
import type { HostConfig } from './host-config.js';
import { logSpec } from './log-config.js';
import { resourcesOf } from './resources.js';
import type { SecurityOptions } from './security.js';
import { dotted } from './sysctls.js';
import type { ContainerRecord } from './types.js';

/** Everything that a record does not say by itself. */
export interface LaunchFacts {
  readonly root: PreparedRoot;
  readonly directory: string;
  readonly monitorSocket: string;
  readonly exitFile: string;
  readonly cgroupPath: string;
  readonly identity: Identity;
  readonly env: readonly string[];
  readonly interfaces: readonly InterfaceSpec[];
  readonly ports: readonly PublishedPortSpec[];
  /** All of them, the engine's own files included. */
  readonly mounts: readonly MountSpec[];
  readonly devices: readonly DeviceSpec[];
  readonly deviceRules: readonly string[];
  readonly blkioLimits?: readonly DeviceLimit[];
  readonly blkioWeights?: readonly DeviceWeight[];
  readonly security: SecurityOptions;
  readonly appArmorProfile: string | undefined;
  readonly seccomp: Uint8Array | undefined;
  /** Namespaces of other containers: `container:X` → pid of its first process. */
  readonly pidOf: (mode: string, namespace: string) => number;
  /** The engine is not the machine's root: overlays keep their marks in attributes of users (userxattr). */
  readonly rootless: boolean;
  readonly kept?: LaunchSpec['kept'];
}

export function launchSpec(record: ContainerRecord, facts: LaunchFacts): LaunchSpec {
  const { hostConfig: host, config } = record;
  const { root } = facts;
  return {
    containerId: record.id,
    hostname: config.Hostname,
    domainname: config.Domainname,
    namespaces: namespacesOf(host, facts.pidOf),
    rootfs: {
      kind: 'overlay',
      lower: root.lower,
      upper: root.upper,
      work: root.work,
      options: [...overlayOptions(facts.rootless), ...(host.AutoRemove ? (['volatile'] as const) : [])],
      mountpoint: root.mountpoint,
    },
    ...(facts.kept === undefined ? {} : { kept: facts.kept }),
    rootReadOnly: host.ReadonlyRootfs,
    rootPropagation: rootPropagation(facts.mounts),
    mounts: facts.mounts,
    shmBytes: shmBytes(host, facts.mounts),
    devices: facts.devices,
    maskedPaths: host.MaskedPaths ?? [],
    readOnlyPaths: host.ReadonlyPaths ?? [],
    privileged: host.Privileged,
    sysctls: { ...(ownNetwork(host) ? (facts.rootless ? rootlessSysctls : defaultSysctls) : {}), ...sysctlsOf(host) },
    seccomp: facts.seccomp,
    appArmorProfile: facts.appArmorProfile,
    cgroupPath: facts.cgroupPath,
    resources: resourcesOf(host, facts.deviceRules, facts.blkioLimits, facts.blkioWeights),
    interfaces: facts.interfaces,
    ports: facts.ports,
    init: host.Init === true,
    process: processOf(record, facts),
    log: logSpec(host.LogConfig, facts.directory),
    monitorSocket: facts.monitorSocket,
    exitFile: facts.exitFile,
  };
}

function processOf({ config, hostConfig: host, path, args }: ContainerRecord, facts: LaunchFacts): ProcessSpec {
  const [rows, columns] = host.ConsoleSize;
  return {
    args: [path, ...args],
    env: facts.env,
    cwd: config.WorkingDir || '/',
    uid: facts.identity.uid,
    gid: facts.identity.gid,
    groups: facts.identity.groups,
    tty: config.Tty,
    ...(rows > 0 && columns > 0 ? { ttySize: { rows, columns } } : {}),
    openStdin: config.OpenStdin,
    stdinOnce: config.StdinOnce,
    noNewPrivileges: facts.security.noNewPrivileges,
    capabilities: dockerCapabilities({
      add: host.CapAdd ?? [],
      drop: host.CapDrop ?? [],
      privileged: host.Privileged,
    }),
    rlimits: rlimitsOf(host),
    oomScoreAdj: host.OomScoreAdj,
    umask: 0o022,
  };
}

/** RLIM_INFINITY for -1. */
const limit = (value: number) => (value < 0 ? 2n ** 64n - 1n : BigInt(value));

export function rlimitsOf(host: HostConfig): ProcessSpec['rlimits'] {
  return (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => ({
    name: Name.toLowerCase(),
    soft: limit(Soft),
    hard: limit(Hard),
  }));
}

const sysctlsOf = (host: HostConfig) =>
  Object.fromEntries(Object.entries(host.Sysctls ?? {}).map(([name, value]) => [dotted(name), value]));

const ownNetwork = (host: HostConfig) => host.NetworkMode !== 'host' && !host.NetworkMode.startsWith('container:');

function namespacesOf(host: HostConfig, pidOf: LaunchFacts['pidOf']) {
  const choice = (mode: string, name: string): NamespaceChoice => {
    if (mode === 'host') return { kind: 'host' };
    if (mode.startsWith('container:')) return { kind: 'path', path: `/proc/${pidOf(mode, name)}/ns/${name}` };
    return { kind: 'new' };
  };
  return {
    mount: { kind: 'new' },
    pid: choice(host.PidMode, 'pid'),
    net: choice(host.NetworkMode, 'net'),
    ipc: choice(host.IpcMode, 'ipc'),
    uts: choice(host.UTSMode, 'uts'),
    cgroup: choice(host.CgroupnsMode, 'cgroup'),
    user: { kind: 'host' },
  } as const;
}

/** Shared and inherited IPC bring a /dev/shm as a mount; `none` has none. */
function shmBytes(host: HostConfig, mounts: readonly MountSpec[]): number | undefined {
  if (host.IpcMode === 'none' || mounts.some((mount) => mount.target === '/dev/shm')) return undefined;
  return host.ShmSize;
}

function rootPropagation(mounts: readonly MountSpec[]): Propagation {
  const all = mounts.map((mount) => (mount.kind === 'bind' ? mount.propagation : 'rprivate'));
  if (all.some((one) => one === 'shared' || one === 'rshared')) return 'rshared';
  return all.some((one) => one === 'slave' || one === 'rslave') ? 'rslave' : 'rprivate';
}
