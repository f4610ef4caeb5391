/**
 * What a container is once every decision has been made: the input of the pure composer that turns it
 * into a launch program. Nothing in here has a default; the engine has picked all of it.
 */
import type { OverlayOption } from './overlay-options.js';
import type { MountAttribute } from './program.js';

/** `new` makes one; `host` keeps the engine's; `path` joins an existing one (`/proc/PID/ns/net`). */
export type NamespaceChoice =
  | { readonly kind: 'new' }
  | { readonly kind: 'host' }
  | { readonly kind: 'path'; readonly path: string };

export interface NamespaceChoices {
  readonly mount: { readonly kind: 'new' };
  readonly pid: NamespaceChoice;
  readonly net: NamespaceChoice;
  readonly ipc: NamespaceChoice;
  readonly uts: NamespaceChoice;
  readonly cgroup: NamespaceChoice;
  readonly user: NamespaceChoice;
}

/** How the root file system comes about inside the container's own mount namespace. */
export type RootFs =
  | {
      readonly kind: 'overlay';
      /** Topmost first, absolute, at most 500. None (an image without layers): `upper` is the whole root. */
      readonly lower: readonly string[];
      readonly upper: string;
      readonly work: string;
      readonly options: readonly OverlayOption[];
      /** An existing empty folder of the container to mount on, absolute. */
      readonly mountpoint: string;
    }
  | { readonly kind: 'directory'; readonly path: string };

export type Propagation = 'private' | 'rprivate' | 'shared' | 'rshared' | 'slave' | 'rslave';

/** A bind that nobody may bind again is refused by Docker; a tmpfs is not. */
export type TmpfsPropagation = Propagation | 'unbindable' | 'runbindable';

/** In the order in which they are mounted (the composer sorts parents first). `target` is resolved below the container's root, never outside. */
export type MountSpec =
  | {
      readonly kind: 'bind';
      readonly source: string;
      /** A path in the source, which is resolved below it whatever links there are: containers may write there meanwhile. */
      readonly within?: string;
      readonly target: string;
      readonly readOnly: boolean;
      /** Whether `readOnly` counts for mounts below the source too (Docker: yes, unless ReadOnlyNonRecursive). Undefined: yes. */
      readonly readOnlyRecursive?: boolean;
      readonly recursive: boolean;
      readonly propagation: Propagation;
    }
  | {
      readonly kind: 'tmpfs';
      readonly target: string;
      /** Mount data such as `size=65536k,mode=1777`. */
      readonly data: string;
      readonly flags: readonly MountAttribute[];
      readonly propagation?: TmpfsPropagation;
    };

export interface Rlimit {
  /** Lower case without RLIMIT_, e.g. `nofile`. */
  readonly name: string;
  readonly soft: bigint;
  readonly hard: bigint;
}

export interface ProcessSpec {
  readonly args: readonly string[];
  /** `KEY=value`, complete. */
  readonly env: readonly string[];
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly tty: boolean;
  /** Initial size of the terminal. */
  readonly ttySize?: { readonly rows: number; readonly columns: number };
  readonly openStdin: boolean;
  /** End of the first attached client's input is end of file for the process (Docker's StdinOnce). */
  readonly stdinOnce: boolean;
  readonly noNewPrivileges: boolean;
  /** Without the CAP_ prefix, upper case; already expanded. Used for bounding, permitted and effective (ambient none) when uid 0; bounding only otherwise, as runc does for Docker. */
  readonly capabilities: readonly string[];
  readonly rlimits: readonly Rlimit[];
  readonly oomScoreAdj: number | undefined;
  readonly umask: number;
}

export interface DeviceSpec {
  readonly path: string;
  /** The device of the machine that was asked for; undefined for those that every container has. */
  readonly source?: string;
  readonly kind: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  /** Octal, e.g. 0o666. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Values already in the kernel's terms; undefined leaves the kernel's default. */
export interface DeviceLimit {
  /** `254:0` */
  readonly device: string;
  readonly kind: 'read_bps' | 'write_bps' | 'read_iops' | 'write_iops';
  readonly rate: number;
}

export interface DeviceWeight {
  /** `254:0` */
  readonly device: string;
  /** 10 to 1000. */
  readonly weight: number;
}

export interface ResourceSpec {
  readonly memoryBytes?: number;
  /** Memory plus swap; -1 unlimited. */
  readonly memorySwapBytes?: number;
  readonly memoryReservationBytes?: number;
  readonly memorySwappiness?: number;
  readonly oomKillDisable?: boolean;
  readonly cpuShares?: number;
  readonly cpuQuotaUs?: number;
  readonly cpuPeriodUs?: number;
  /** Of processes with a realtime policy; v1 alone has them. */
  readonly cpuRealtimePeriodUs?: number;
  readonly cpuRealtimeRuntimeUs?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pidsLimit?: number;
  readonly blkioWeight?: number;
  readonly blkioWeights?: readonly DeviceWeight[];
  /** Bytes and operations a second of block devices. */
  readonly blkioLimits?: readonly DeviceLimit[];
  /** v1 `devices.allow` lines, e.g. `c 1:3 rwm`; on v2 a BPF program says the same. */
  readonly deviceRules: readonly string[];
}

/** A link of the machine that an interface stands on instead of being the end of a veth. */
export interface LinkAbove {
  readonly kind: 'macvlan' | 'ipvlan';
  readonly parent: string;
  /** The kernel's number of the mode (if_link.h). */
  readonly number: number;
  readonly flags: number;
}

/** One interface of the container on a bridge. Made by the network room, wired by the launcher. */
export interface InterfaceSpec {
  /** Name outside, unique on this machine and never reused at once, at most 15 bytes. */
  readonly hostName: string;
  /** Name inside: `eth0`. */
  readonly name: string;
  /** Empty with `above`. */
  readonly bridge: string;
  readonly above?: LinkAbove;
  readonly macAddress: string;
  /** `172.18.0.2/16`, and an IPv6 one where the network has it. */
  readonly addresses: readonly string[];
  /** Link-local ones that were asked for, with their lengths. */
  readonly linkLocal?: readonly string[];
  /** Path below /proc/sys/net → value. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** '' leads over the link itself. */
  readonly gateway?: string;
  readonly gateway6?: string;
  /** 0: the parent's. */
  readonly mtu: number;
  /** Its bridge port reaches the bridge only, no other port (`icc=false`). */
  readonly isolated?: boolean;
  /** The resolver's `address` (127.0.0.11) is reached through `via`, asking as `source`. */
  readonly resolver?: { readonly address: string; readonly via: string; readonly source: string };
}

/** A port that the proxy of this container listens on, before anything of the container exists: a busy one fails the start. */
export interface PublishedPortSpec {
  readonly protocol: 'tcp' | 'udp';
  readonly hostIp: string;
  readonly hostPort: number;
  /** Reached from inside the container's network namespace. */
  readonly containerIp: string;
  readonly containerPort: number;
  /** Pid of another container's proxy, whose listening socket is shared; nothing is accepted until the proxy is told to. */
  readonly sharedWith?: number;
  /** Containers that say the same word here listen at the same port, and the kernel deals connections out among them. */
  readonly balancedIn?: string;
}

export interface LogSpec {
  /** Absolute path of the current log file; rotated ones are `PATH.1` (youngest), `PATH.2`, …. Undefined: no log (driver none). */
  readonly path: string | undefined;
  /** Rotate past this size; undefined never. */
  readonly maxBytes: number | undefined;
  /** Files kept, the current one included. */
  readonly maxFiles: number;
  /** Rotated ones become `PATH.1.gz` and so on. */
  readonly compresses: boolean;
}

export interface LaunchSpec {
  readonly containerId: string;
  readonly hostname: string;
  readonly domainname: string;
  readonly namespaces: NamespaceChoices;
  readonly rootfs: RootFs;
  /**
   * `root`: the monitor holds the mounted root. `again`: a further run in a monitor that has kept root, network namespace
   * and ports of the last; no interfaces are made then. Undefined: neither.
   */
  readonly kept?: 'root' | 'again';
  readonly rootReadOnly: boolean;
  readonly rootPropagation: Propagation;
  readonly mounts: readonly MountSpec[];
  /** Size of /dev/shm; undefined when something else is mounted there (ipc shared or none). */
  readonly shmBytes: number | undefined;
  readonly devices: readonly DeviceSpec[];
  readonly maskedPaths: readonly string[];
  readonly readOnlyPaths: readonly string[];
  readonly privileged: boolean;
  /** `net.ipv4.ip_forward` → value. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Encoded BPF (struct sock_filter array), from `launch/seccomp`; undefined is unconfined. */
  readonly seccomp: Uint8Array | undefined;
  readonly appArmorProfile: string | undefined;
  /** Below the controllers' roots, without a leading slash: `devenv-ab12/ID`. */
  readonly cgroupPath: string;
  readonly resources: ResourceSpec;
  readonly interfaces: readonly InterfaceSpec[];
  readonly ports: readonly PublishedPortSpec[];
  /** Run the launcher's own init as pid 1, which forwards signals and reaps. */
  readonly init: boolean;
  readonly process: ProcessSpec;
  readonly log: LogSpec;
  /** Where the monitor listens (at most 107 bytes). */
  readonly monitorSocket: string;
  /** Where the monitor leaves the exit status, atomically, before it tells anybody. */
  readonly exitFile: string;
}
