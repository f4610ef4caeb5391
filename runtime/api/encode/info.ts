import type { countContainers, Machine, StorageDriver } from '../../engine/system.js';

export interface InfoFacts {
  readonly id: string;
  readonly version: string;
  readonly machine: Machine;
  readonly home: string;
  readonly driver: StorageDriver;
  readonly images: number;
  readonly containers: ReturnType<typeof countContainers>;
}

/** What clients of Docker 28 read in `SystemInfo`; the key order is Docker's. */
export function encodeInfo(facts: InfoFacts): Readonly<Record<string, unknown>> {
  const { containers } = facts;
  return {
    ID: facts.id,
    Containers: containers.all,
    ContainersRunning: containers.running,
    ContainersPaused: containers.paused,
    ContainersStopped: containers.stopped,
    Images: facts.images,
    Driver: facts.driver.name,
    DriverStatus: driverStatus(facts),
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'ipvlan', 'macvlan', 'null', 'overlay'],
      Authorization: null,
      Log: ['json-file', 'local', 'none'],
    },
    ...machineInfo(facts.machine),
    Debug: false,
    NFd: 0,
    NGoroutines: 0,
    SystemTime: new Date().toISOString(),
    LoggingDriver: 'json-file',
    NEventsListener: 0,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: registryConfig,
    GenericResources: null,
    DockerRootDir: facts.home,
    HttpProxy: process.env.HTTP_PROXY ?? '',
    HttpsProxy: process.env.HTTPS_PROXY ?? '',
    NoProxy: process.env.NO_PROXY ?? '',
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: facts.version,
    ...runtimes,
    Swarm: noSwarm,
    LiveRestoreEnabled: true,
    Isolation: '',
    SecurityOptions: securityOptions(facts.machine),
    FirewallBackend: { Driver: 'nftables' },
    CDISpecDirs: [],
    Warnings: warnings(facts),
  };
}

function driverStatus({ driver, machine }: InfoFacts): [string, string][] {
  const backing: [string, string] = ['Backing Filesystem', machine.backingFilesystem];
  if (driver.name === 'vfs') return [backing, ['Copies share blocks', String(driver.sharesBlocks)]];
  return [
    backing,
    ['Supports d_type', 'true'],
    ['Using metacopy', 'false'],
    ['Native Overlay Diff', 'true'],
    ['userxattr', String(machine.rootless)],
  ];
}

const registryConfig = {
  IndexConfigs: { 'docker.io': { Mirrors: [], Name: 'docker.io', Official: true, Secure: true } },
  InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8'],
  Mirrors: null,
};

const runtimes = {
  Runtimes: { 'io.containerd.runc.v2': { path: 'devenv' }, runc: { path: 'devenv' } },
  DefaultRuntime: 'runc',
  InitBinary: 'docker-init',
  ContainerdCommit: { ID: '' },
  RuncCommit: { ID: '' },
  InitCommit: { ID: '' },
};

const noSwarm = {
  NodeID: '',
  NodeAddr: '',
  LocalNodeState: 'inactive',
  ControlAvailable: false,
  Error: '',
  RemoteManagers: null,
};

function machineInfo(machine: Machine) {
  const { limits } = machine;
  return {
    MemoryLimit: limits.memory,
    SwapLimit: limits.swap,
    CpuCfsPeriod: limits.cpuCfs,
    CpuCfsQuota: limits.cpuCfs,
    CPUShares: limits.cpuShares,
    CPUSet: limits.cpuset,
    PidsLimit: limits.pids,
    IPv4Forwarding: machine.ipv4Forwarding,
    OomKillDisable: limits.oomKillDisable,
    ...(machine.cgroupVersion === '1' ? { KernelMemoryTCP: true } : {}),
    CgroupDriver: machine.hasGroups ? 'cgroupfs' : 'none',
    CgroupVersion: machine.cgroupVersion,
    KernelVersion: machine.kernel,
    OperatingSystem: machine.operatingSystem,
    OSVersion: machine.osVersion,
    OSType: 'linux',
    Architecture: machine.machine,
    NCPU: machine.processors,
    MemTotal: machine.memoryBytes,
    Name: machine.hostname,
  };
}

function securityOptions(machine: Machine): string[] {
  const options = machine.appArmor ? ['name=apparmor'] : [];
  options.push('name=seccomp,profile=builtin');
  if (machine.rootless) options.push('name=rootless');
  if (machine.cgroupVersion === '2') options.push('name=cgroupns');
  return options;
}

/** Docker's sentences for limits that the kernel lacks, and ours for what is done another way. */
function warnings({ machine, driver, home }: InfoFacts): string[] | null {
  const { limits, packetsStay } = machine;
  const missing: readonly (readonly [boolean, string])[] = [
    [limits.memory, 'WARNING: No memory limit support'],
    [limits.swap, 'WARNING: No swap limit support'],
    [limits.cpuCfs, 'WARNING: No cpu cfs quota support'],
    [limits.cpuShares, 'WARNING: No cpu shares support'],
    [limits.cpuset, 'WARNING: No cpuset support'],
    [limits.pids, 'WARNING: No pids limit support'],
    [!machine.oneId, 'WARNING: Containers have one user only: no range of ids, or no newuidmap'],
    [packetsStay === undefined, `WARNING: Containers reach other machines by TCP alone: ${packetsStay}`],
    [machine.ipv4Forwarding, 'WARNING: IPv4 forwarding is disabled'],
    [driver.because === undefined, `WARNING: ${copiesSentence(driver, home)}`],
  ];
  const said = missing.filter(([there]) => !there).map(([, sentence]) => sentence);
  return said.length > 0 ? said : null;
}

function copiesSentence({ because, sharesBlocks }: StorageDriver, home: string): string {
  const cost = sharesBlocks ? 'which takes a moment at its start' : 'which takes time at its start, and disk';
  return `overlay does not work in ${home} (${because}): each container gets a copy of its image, ${cost}`;
}
