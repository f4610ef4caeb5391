import { DEFAULT_CAPABILITIES } from '../../../runtime/launch/capabilities.js';
import type { CgroupLayout } from '../../../runtime/launch/cgroup.js';
import { defaultDevices, defaultMaskedPaths, defaultReadOnlyPaths } from '../../../runtime/launch/defaults.js';
import type { Machine } from '../../../runtime/launch/machine.js';
import type { LaunchSpec, ProcessSpec } from '../../../runtime/launch/spec.js';

export const cgroupsV1: CgroupLayout = {
  version: 1,
  hierarchies: [
    { controllers: ['cpu', 'cpuacct'], mountpoint: '/sys/fs/cgroup/cpu,cpuacct' },
    { controllers: ['cpuset'], mountpoint: '/sys/fs/cgroup/cpuset' },
    { controllers: ['memory'], mountpoint: '/sys/fs/cgroup/memory' },
    { controllers: ['devices'], mountpoint: '/sys/fs/cgroup/devices' },
    { controllers: ['pids'], mountpoint: '/sys/fs/cgroup/pids' },
    { controllers: ['name=systemd'], mountpoint: '/sys/fs/cgroup/systemd' },
  ],
};

export const cgroupsV2: CgroupLayout = {
  version: 2,
  mountpoint: '/sys/fs/cgroup',
  controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'],
};

export const machine = (cgroups: CgroupLayout = cgroupsV1): Machine => ({ cgroups, capabilities: (1n << 41n) - 1n });

type SpecChanges = Partial<Omit<LaunchSpec, 'process'>> & { readonly process?: Partial<ProcessSpec> };

/** A container as Docker makes one of `true`, with changes. */
export function launchSpec(changes: SpecChanges = {}): LaunchSpec {
  const fresh = { kind: 'new' } as const;
  const host = { kind: 'host' } as const;
  const { process, ...rest } = changes;
  return {
    containerId: 'c1',
    hostname: 'box',
    domainname: '',
    namespaces: { mount: fresh, pid: fresh, net: fresh, ipc: fresh, uts: fresh, cgroup: host, user: host },
    rootfs: { kind: 'overlay', lower: ['/l2', '/l1'], upper: '/u', work: '/w', options: [], mountpoint: '/m' },
    rootReadOnly: false,
    rootPropagation: 'rprivate',
    mounts: [],
    shmBytes: 1 << 26,
    devices: defaultDevices,
    maskedPaths: defaultMaskedPaths,
    readOnlyPaths: defaultReadOnlyPaths,
    privileged: false,
    sysctls: {},
    seccomp: undefined,
    appArmorProfile: undefined,
    cgroupPath: 'devenv-ab/c1',
    resources: { deviceRules: ['c 1:3 rwm'] },
    interfaces: [],
    ports: [],
    init: false,
    log: { path: '/c/log', maxBytes: undefined, maxFiles: 1, compresses: false },
    monitorSocket: '/run/m/c1',
    exitFile: '/c/exit',
    ...rest,
    process: {
      args: ['true'],
      env: ['PATH=/bin'],
      cwd: '/work',
      uid: 0,
      gid: 0,
      groups: [],
      tty: false,
      openStdin: false,
      stdinOnce: false,
      noNewPrivileges: false,
      capabilities: DEFAULT_CAPABILITIES,
      rlimits: [],
      oomScoreAdj: undefined,
      umask: 0o22,
      ...process,
    },
  };
}
