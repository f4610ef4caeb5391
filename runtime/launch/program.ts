import type { NetworkOp } from './interface-ops.js';

/**
 * A launch program: ordered primitive operations that the launcher executes one by one. All meaning is decided by
 * whoever composes it; the launcher picks no default and retries nothing.
 */

/** CLONE_NEW* of clone(2), lower case without the prefix. */
export type NamespaceName = 'newns' | 'newpid' | 'newnet' | 'newipc' | 'newuts' | 'newcgroup' | 'newuser';

/** MOUNT_ATTR_* of mount_setattr(2). */
export type MountAttribute =
  | 'ro'
  | 'nosuid'
  | 'nodev'
  | 'noexec'
  | 'noatime'
  | 'strictatime'
  | 'nodiratime'
  | 'nosymfollow';

export type PropagationType = 'private' | 'shared' | 'slave' | 'unbindable';

/**
 * The container's operations. Paths are resolved below the root chosen last (`/` at first) and never leave it, symlinks
 * included; missing parents are made. Sources of binds, cgroups and namespaces are paths of the machine, so these come
 * before `root.pivot`. The C side of each is the function of the same name in `ops_*.c`.
 */
export type ContainerOp =
  /** Kept as it is when it exists; `mode` is octal and counts for the last directory. */
  | { readonly op: 'dir.make'; readonly path: string; readonly mode: number }
  /** One write, as files of the kernel want it. `create` makes or empties the file first. */
  | { readonly op: 'file.write'; readonly path: string; readonly bytes: Uint8Array; readonly create: boolean }
  /** What is there already is kept. */
  | { readonly op: 'symlink'; readonly target: string; readonly path: string }
  | {
      readonly op: 'device.make';
      readonly path: string;
      readonly kind: 'c' | 'b' | 'p';
      readonly major: number;
      readonly minor: number;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  /** What is made in this folder is each put where the disk is empty, not beside the others; a wish, no promise. */
  | { readonly op: 'dir.spread'; readonly path: string }
  /** A file or an empty folder; one that is not there is fine. */
  | { readonly op: 'remove'; readonly path: string }
  /** An absolute path of the machine. */
  | { readonly op: 'root.choose'; readonly path: string }
  /** The monitor holds the chosen root's mount from here on: a process has ended before its writes are on the disk. */
  | { readonly op: 'root.keep' }
  /** The root that the monitor holds since an earlier run, on an existing folder. */
  | { readonly op: 'mount.kept'; readonly target: string }
  /** Into the network namespace that the monitor has kept from an earlier run. */
  | { readonly op: 'network.kept' }
  /** Ends the connections in this network namespace that no process holds. */
  | { readonly op: 'sockets.end' }
  /** The chosen root becomes `/`, what was there is gone. */
  | { readonly op: 'root.pivot'; readonly propagation: PropagationType | undefined }
  | {
      readonly op: 'mount.overlay';
      readonly target: string;
      /** Topmost first, at most 500. */
      readonly lower: readonly string[];
      /** Empty, as `work`: read-only. */
      readonly upper: string;
      readonly work: string;
      readonly options: readonly string[];
    }
  /**
   * Takes a copy of a mount while it is still a peer of the machine's, for a bind with propagation `shared`: mounts made
   * later on either side show on the other.
   */
  | { readonly op: 'mount.hold'; readonly source: string; readonly recursive: boolean }
  | {
      readonly op: 'mount.bind';
      /** Empty: the next one that `mount.hold` took. */
      readonly source: string;
      readonly target: string;
      readonly attributes: readonly MountAttribute[];
      /** Mounts below the source come along. */
      readonly recursive: boolean;
      /** The attributes count for them too. */
      readonly attributesRecursive: boolean;
      readonly propagation: PropagationType | undefined;
      /** Owners are shown shifted, as `user.make` says; `lenient`: as they are, where the file system cannot. */
      readonly mapped?: boolean;
      readonly lenient?: boolean;
    }
  /** `options` are `key` or `key=value`. */
  | {
      readonly op: 'mount.fs';
      readonly type: string;
      readonly source: string;
      readonly target: string;
      readonly options: readonly string[];
      readonly attributes: readonly MountAttribute[];
      readonly propagation?: PropagationType;
    }
  | {
      readonly op: 'mount.propagation';
      readonly path: string;
      readonly propagation: PropagationType;
      readonly recursive: boolean;
    }
  /** `whole`: the mount at the path itself; otherwise a new read-only one over it. A missing path is fine unless whole. */
  | { readonly op: 'mount.readonly'; readonly path: string; readonly whole: boolean }
  /** A folder becomes empty and read-only, a file /dev/null. A missing path is fine. */
  | { readonly op: 'mount.mask'; readonly path: string }
  /** Fails unless the path is, through no symlink, the root of a mount of that type (f_type of statfs(2)). */
  | { readonly op: 'mount.verify'; readonly path: string; readonly type: number }
  /** Each level of `path` below the existing `base`; new levels take over the named files' values from their parent. */
  | {
      readonly op: 'cgroup.make';
      readonly base: string;
      readonly path: string;
      readonly inherited: readonly string[];
    }
  /** The process itself joins, by `tasks` (v1) or `cgroup.procs` (v2) files. */
  | { readonly op: 'cgroup.join'; readonly files: readonly string[] }
  /** A BPF program (struct bpf_insn array) decides over devices, v2. */
  | { readonly op: 'cgroup.devices'; readonly path: string; readonly instructions: Uint8Array }
  /** In `before`, a pid namespace is that of the process which is cloned next. */
  | { readonly op: 'namespace.join'; readonly path: string; readonly type: NamespaceName }
  | { readonly op: 'namespace.leave'; readonly types: readonly NamespaceName[] }
  /** Only in an exec: cgroups and all namespaces of the monitor's container. */
  | { readonly op: 'container.join' }
  /** Lines of uid_map and gid_map (user_namespaces(7)): a user namespace for mapped mounts, and for `user.join`. */
  | { readonly op: 'user.make'; readonly uids: string; readonly gids: string }
  /** With all capabilities in there, and none over what was made before. */
  | { readonly op: 'user.join' }
  | { readonly op: 'hostname'; readonly host: string; readonly domain: string }
  /** `resource` is the number of RLIMIT_*. `clamp`: where raising is refused, as much as is allowed. */
  | {
      readonly op: 'rlimit';
      readonly resource: number;
      readonly soft: bigint;
      readonly hard: bigint;
      readonly clamp: boolean;
    }
  /** Bits that stay. */
  | { readonly op: 'capabilities.bounding'; readonly keep: bigint }
  | {
      readonly op: 'capabilities.set';
      readonly permitted: bigint;
      readonly effective: bigint;
      readonly inheritable: bigint;
      readonly ambient: bigint;
    }
  /** `keep`: permitted capabilities outlive the change of identity, until `capabilities.set`. */
  | {
      readonly op: 'user';
      readonly uid: number;
      readonly gid: number;
      readonly groups: readonly number[];
      readonly keep: boolean;
    }
  | { readonly op: 'nonewprivs' }
  /** struct sock_filter array, from `seccomp/`. */
  | { readonly op: 'seccomp'; readonly flags: number; readonly program: Uint8Array }
  | { readonly op: 'chdir'; readonly path: string }
  | { readonly op: 'umask'; readonly mask: number }
  | { readonly op: 'oom.score'; readonly score: string }
  | { readonly op: 'apparmor'; readonly profile: string }
  | { readonly op: 'keyring'; readonly name: string }
  /** A terminal of the container's devpts becomes the process' streams; 0 rows: size unknown. */
  | { readonly op: 'terminal'; readonly rows: number; readonly columns: number; readonly console: boolean }
  /** In `host`: the process may join its groups, and goes on from `wait.groups`. */
  | { readonly op: 'groups.ready' }
  | { readonly op: 'wait.groups' }
  /** Waits until the monitor has executed `host`; until then both run side by side. */
  | { readonly op: 'wait.host' }
  /** Tells the engine that all is set up and waits for `go`. */
  | { readonly op: 'ready' }
  /** The last: `args[0]` is looked up in the PATH of `env`. `init`: run below the launcher's own pid 1. */
  | {
      readonly op: 'exec';
      readonly args: readonly string[];
      readonly env: readonly string[];
      readonly init: boolean;
    }
  /** Pipes and terminals that are standard streams get this owner, so that /dev/stdout may be opened again. */
  | { readonly op: 'stdio.own'; readonly uid: number };

/** `optional`: a failure is passed over. */
export type Op = (ContainerOp | NetworkOp) & { readonly optional?: boolean };

/** Settings of the monitor, for as long as it lives. */
export interface MonitorSettings {
  /** At most 107 bytes. */
  readonly socket: string;
  readonly exitFile: string;
  readonly logPath?: string;
  readonly logMaxBytes?: number;
  readonly logMaxFiles: number;
  readonly logCompresses: boolean;
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly stdinOnce: boolean;
  readonly containerId: string;
  /** What an exec joins: namespaces that the container does not share with the monitor. */
  readonly joinNamespaces: readonly NamespaceName[];
  /** An attached client that takes nothing for so long loses its connection; 0 never. Until then it holds the container back, as a pipe. */
  readonly stallMs: number;
  /** Groups of v1 that an exec joins: `tasks` files. */
  readonly cgroupFiles: readonly string[];
  /** Removed at the end. */
  readonly cgroupDirectories: readonly string[];
  /** The v2 group that processes are born in; undefined on v1. */
  readonly cgroupOfBirth?: string;
  /** `memory.oom_control` (v1) or `memory.events` (v2). */
  readonly oomFile?: string;
  /** What is left in the groups is killed at the end: for containers without a pid namespace of their own. */
  readonly killAll: boolean;
}

export interface LaunchProgram {
  /** In the monitor, before the container's process exists: cgroups made, ports listened on. */
  readonly before: readonly Op[];
  /** Namespaces that the container's process is cloned with; in `run`, that the child makes between `before` and `inside`. */
  readonly clone: readonly NamespaceName[];
  /** In the monitor, beside that process until its `wait.host`: veths into its network namespace, id maps. Not in `run`. */
  readonly host: readonly Op[];
  /** In the container's process, up to and including `exec`. */
  readonly inside: readonly Op[];
  /** Needed by `prepare`. */
  readonly monitor?: MonitorSettings;
}
