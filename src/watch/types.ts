/** Files of the host and what their changes ask for. */
import type { IgnorePatterns } from '../model/ignore-patterns.js';
import type { ExecWish } from '../model/plan.js';

/** `pull` is devenv's own: what the container makes (lock files, generated code) comes to the host. */
export type WatchAction = 'sync' | 'restart' | 'rebuild' | 'sync+restart' | 'sync+exec' | 'pull';

/** One entry of a service's `develop.watch`, or one that was derived from its Dockerfile. */
export interface WatchRule {
  readonly service: string;
  readonly action: WatchAction;
  /** Absolute, of a file or a folder of the host. */
  readonly path: string;
  /** Absolute path in the container that `path` is; there is one for every action that copies. */
  readonly target: string | undefined;
  /** Of paths below `path`. */
  readonly ignore: IgnorePatterns;
  /** Only these below `path`; undefined: all. */
  readonly include: IgnorePatterns | undefined;
  readonly initialSync: boolean;
  readonly exec: ExecWish | undefined;
  /** No file says it. */
  readonly derived: boolean;
}

export interface FileChange {
  /** Absolute. */
  readonly path: string;
  /** `changed` covers what is new. A folder that is gone is one change. */
  readonly kind: 'changed' | 'removed';
}

/** What the changes of one batch ask of one service. */
export interface ServiceWork {
  readonly service: string;
  /** Host path → path in the container. */
  readonly copies: ReadonlyMap<string, string>;
  /** Paths in the container. */
  readonly removals: ReadonlySet<string>;
  readonly restart: boolean;
  readonly rebuild: boolean;
  readonly execs: readonly ExecWish[];
  /** Host paths that asked for it, for people to read. */
  readonly because: readonly string[];
}

/** Files whose change means that the project must be read anew. */
export interface Classified {
  readonly reload: readonly string[];
  readonly services: readonly ServiceWork[];
}

/** Tells of changes from `ready` on. */
export interface FileWatcher {
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

export interface FileWatcherOptions {
  /** Absolute paths of files and folders. One that does not exist yet is waited for. */
  readonly roots: readonly string[];
  /** Whether a path is of no interest; for a folder: nothing below it either. Pure. */
  readonly ignores: (path: string) => boolean;
  readonly onChange: (change: FileChange) => void;
  /** A sentence for the person: what is watched in a worse way than it could be, and what mends it. */
  readonly onNotice: (text: string) => void;
}
