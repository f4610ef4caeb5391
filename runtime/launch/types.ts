import type { Duplex, Readable } from 'node:stream';
import type { Machine } from './machine.js';
import type { LaunchProgram } from './program.js';
import type { Rlimit } from './spec.js';
import type { UserRange } from './user-range.js';

/** How a process ended. `code` is what Docker reports: 128 + signal when one killed it. */
export interface ExitStatus {
  readonly code: number;
  readonly signal: number | undefined;
  readonly oomKilled: boolean;
  /** Nanoseconds since the epoch. */
  readonly finishedAtNs: bigint;
}

/** An operation of a launch program that failed. The engine turns it into a sentence. */
export class LaunchError extends Error {
  constructor(
    /** Name of the operation (`mount.overlay`, `exec`, `port.listen`…). */
    readonly operation: string,
    /** `ENOENT`, … */
    readonly errno: string,
    /** What it was about: a path, `127.0.0.1:5432/tcp`, … */
    readonly subject: string,
  ) {
    super(`${operation} ${subject}: ${errno}`);
    this.name = 'LaunchError';
  }
}

/** What streams of a process a client wants to see. */
export interface AttachChoice {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/**
 * A living connection to a process' streams. With a terminal, raw bytes both ways; without, what arrives is already in
 * Docker's frames (stream, 0, 0, 0, big-endian length), so that it can be piped to the client untouched.
 * Ending the writable half is end of input; the readable half ends when the process' output does.
 */
export type AttachStream = Duplex;

export interface ExecSpec {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly tty: boolean;
  readonly ttySize?: { readonly rows: number; readonly columns: number };
  readonly attach: AttachChoice;
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly seccomp: Uint8Array | undefined;
  readonly appArmorProfile: string | undefined;
  /** The container's; an exec inherits none. */
  readonly rlimits?: readonly Rlimit[];
  readonly oomScoreAdj?: number;
  /** Of the container, where it has one (`user-range.ts`). */
  readonly userRange?: UserRange;
}

export interface RunningExec {
  /** Pid on the host. */
  readonly pid: number;
  /** Undefined when nothing is attached. */
  readonly stream: AttachStream | undefined;
  readonly exited: Promise<ExitStatus>;
  resize(rows: number, columns: number): Promise<void>;
}

/** The monitor of one container, alive without the engine; any engine can connect again. */
export interface Monitor {
  readonly containerId: string;
  /** Pid of the container's first process, on the host. */
  readonly pid: number;
  readonly startedAtNs: bigint;
  /** Settles once: also when the monitor itself was killed (code 137, then). */
  readonly exited: Promise<ExitStatus>;
  attach(choice: AttachChoice): Promise<AttachStream>;
  exec(spec: ExecSpec): Promise<RunningExec>;
  /** To the first process. Resolves false when it is already gone. */
  signal(signal: number): Promise<boolean>;
  resize(rows: number, columns: number): Promise<void>;
  /** Called each time the kernel kills a process of the container for its memory. One listener. */
  onOom(listener: () => void): void;
  /**
   * What outlives the process is kept after its end, for as long as this connection lives: network namespace, root,
   * ports. False: that cannot be, it ends as always. After the end, `relaunch` or `letGo`.
   */
  keep(): Promise<boolean>;
  /** As Launcher.prepare, in a monitor that was asked to keep and whose process has ended. Throws LaunchError; nothing is left then. */
  relaunch(program: LaunchProgram, goAtOnce?: boolean): Promise<PreparedContainer>;
  /** Settles when what was kept is gone. */
  letGo(): Promise<void>;
  /** Stops listening to it; container and monitor go on. */
  disconnect(): void;
}

/** A container whose process is set up, waiting before its `execve`: attach first, then `go`. */
export interface PreparedContainer {
  readonly monitor: Monitor;
  /** Throws LaunchError when the execve fails; all has been cleaned up by then. */
  go(): Promise<void>;
  /** Kills it, also after `go`; settles when all has been cleaned up. */
  abandon(): Promise<void>;
}

/** The launcher process: one an engine, started again when it dies. Containers outlive it. */
export interface Launcher {
  /** What composing a program must know of this machine. */
  readonly machine: Machine;
  /**
   * Makes a monitor which runs the program up to just before its execve, or, with `goAtOnce`, does not stop there: for a
   * process that nobody is to be attached to before. Throws LaunchError.
   */
  prepare(program: LaunchProgram, goAtOnce?: boolean): Promise<PreparedContainer>;
  /** Finds a monitor that an earlier engine started; undefined when there is none any more (then read the exit file). */
  reconnect(containerId: string, monitorSocket: string): Promise<Monitor | undefined>;
  /** Runs operations in a short-lived child (bridges, veths, folders, mounts in a namespace of its own). Throws LaunchError. */
  run(program: LaunchProgram): Promise<void>;
  /** Runs a host program with input, without forking Node. Never throws for its exit code. */
  spawn(
    args: readonly string[],
    input?: string | Uint8Array,
  ): Promise<{ code: number; stdout: string; stderr: string }>;
  /** Writes a tar stream, or a file's, below a folder; see `TarUnpack`. */
  unpack(options: TarUnpack, tar: Readable | string): Promise<TarResult>;
  /**
   * What is made in these folders from now on is each put where the disk is empty, not beside the others: what belongs together
   * grows together, and nothing is made in the place of what was just deleted, which ext4 without a journal passes over one by one.
   * Throws LaunchError; a file system that knows no such thing is none.
   */
  spread(folders: readonly string[]): Promise<void>;
  /** Settles when all that was written to the file system of `path` is on its disk. Throws LaunchError. */
  sync(path: string): Promise<void>;
  /** SHA-256 of a file, found in a process of its own. Throws LaunchError. */
  digest(path: string): Promise<`sha256:${string}`>;
  /** `security.capability` of those files that have it, by path. Throws LaunchError. */
  capabilities(paths: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Copies as the kernel does it best: shared blocks where the file system can. Bytes: of what was really copied. Throws LaunchError. */
  copyTree(copy: TreeCopy): Promise<{ readonly files: number; readonly bytes: number }>;
  /** Streams a tar of a folder; see `TarPack`. */
  pack(options: TarPack): Readable;
  /** The same as gzip, compressed and hashed in threads; `tell` hears what it was before the stream ends. */
  packGzip(options: TarPack, tell: (packed: PackedGzip) => void): Readable;
  /** The user at the other end of a unix socket of this process (SO_PEERCRED). Throws LaunchError. */
  peerUid(descriptor: number): Promise<number>;
  close(): Promise<void>;
}

/** Where tar work happens. Paths are always resolved below it, symlinks too (openat2 RESOLVE_IN_ROOT). */
export type TarRoot =
  | { readonly kind: 'directory'; readonly path: string }
  /** To pack from alone: a file that is an archive already. */
  | { readonly kind: 'file'; readonly path: string }
  /** The root of a running container as its process sees it, mounts included. */
  | { readonly kind: 'process'; readonly pid: number }
  /** The file system of a stopped container: mounted for the job in a mount namespace of its own; `binds` (volumes) on top. */
  | {
      readonly kind: 'overlay';
      readonly lower: readonly string[];
      readonly upper: string;
      readonly work: string;
      readonly mountpoint: string;
      readonly binds: readonly { readonly source: string; readonly target: string }[];
    };

export interface TarUnpack {
  readonly root: TarRoot;
  /** Below the root. Created only when `createPath`. */
  readonly path: string;
  /**
   * `layer`: `.wh.` files become overlay whiteouts and opaque marks, parents missing in the tar copy mode and owner from
   * `parents`. `tree`: onto a copy of what lies below; what whiteouts hide is removed. `plain`: as tar does.
   */
  readonly mode: 'layer' | 'tree' | 'plain';
  /** Lower layers, topmost first, for hard links into them and for attributes of implied parents. */
  readonly parents?: readonly string[];
  readonly createPath?: boolean;
  /** The folder at `path` takes the attributes of the archive's `./`, which else is passed over. */
  readonly takeTop?: boolean;
  /** All files get this owner instead of their own. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Refuse to replace a directory by a non-directory and the other way round (`docker cp`). */
  readonly noOverwriteDirNonDir?: boolean;
  /** Overlay marks are `user.overlay.*` instead of `trusted.overlay.*` (an engine without root). */
  readonly userXattr?: boolean;
  /** The stream is gzip: the launcher inflates it beside its writing. */
  readonly inflate?: boolean;
  /** Hash the plain tar, all of the stream, also behind the archive's end. */
  readonly digest?: boolean;
  /** What the archive may come to, contents and 512 bytes for each entry; more fails as `tar.limit` with EFBIG before it is written. */
  readonly limitBytes?: number;
}

export interface TarResult {
  readonly files: number;
  readonly bytes: number;
  /** Where `digest` was asked for. */
  readonly tar?: { readonly digest: `sha256:${string}`; readonly bytes: number };
}

/** Both sides of a compressed archive. */
export interface PackedGzip {
  readonly plain: { readonly digest: `sha256:${string}`; readonly bytes: number };
  readonly packed: { readonly digest: `sha256:${string}`; readonly bytes: number };
}

export interface TarPack {
  readonly root: TarRoot;
  readonly path: string;
  /** `layer`: overlay whiteouts and opaque marks become `.wh.` files. `plain`: as tar does. */
  readonly mode: 'layer' | 'plain';
  /** Name of the top entry (`docker cp` names it as the last part of the path asked for); undefined: entries relative to `path`, without `./`. */
  readonly rename?: string;
  /** Clamp times to this many seconds since the epoch, sort entries: the same tree gives the same bytes. Entries are always sorted. */
  readonly clampMtime?: number;
  readonly followTop?: boolean;
  readonly userXattr?: boolean;
  /** Trees that this one is a copy of, topmost first: only what it changes is packed, with `.wh.` files for what is gone. */
  readonly below?: readonly string[];
}

/** Trees laid over each other as one new folder. */
export interface TreeCopy {
  /** Lowest first. */
  readonly trees: readonly string[];
  /** Made by this; must not be there yet. */
  readonly target: string;
  /** Files get a further name instead of a copy: for what is never written to. */
  readonly link?: boolean;
}
