import type { Readable } from 'node:stream';
import type { Image, ImageStore, Platform, RegistryAuth } from '../images/types.js';
import type { Launcher } from '../launch/types.js';
import type { ChainId, PreparedRoot, Snapshots } from '../snapshots/types.js';
import type { Store } from '../state/types.js';
import type { Tree } from './files/tree.js';

/** Mounts of a RUN: caches, binds of other stages, secrets. */
export interface StepMount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** One RUN. The engine runs it as it runs any container, so that building and running are the same thing. */
export interface StepRequest {
  readonly root: PreparedRoot;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly hostname: string;
  readonly cwd: string;
  readonly user: string;
  readonly network: 'default' | 'none' | 'host' | (string & {});
  readonly mounts: readonly StepMount[];
  readonly tmpfs: readonly { readonly target: string; readonly sizeBytes?: number }[];
  readonly extraHosts: readonly string[];
  readonly shmBytes?: number;
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly cgroupParent?: string;
  readonly privileged: boolean;
  /** Told the id of the container that it runs in, before it runs. */
  readonly onContainer: (id: string) => void;
  readonly onOutput: (chunk: Uint8Array, stream: 'stdout' | 'stderr') => void;
  readonly signal: AbortSignal;
}

/** Handed in by the engine; the build never imports it. */
export type RunStep = (request: StepRequest) => Promise<{ readonly exitCode: number }>;

export interface BuildOptions {
  /** Folder of the unpacked context, or a way to it. The api unpacks the client's tar into a folder first. */
  readonly contextDirectory: string;
  /** The context in another form, in place of the folder. */
  readonly contextTree?: Tree;
  /** Path of the Dockerfile below the context (default `Dockerfile`), or its text. */
  readonly dockerfile: { readonly path: string } | { readonly text: string; readonly name?: string };
  /** The context holds what the ignore file lets through and nothing else (a client filtered it): nothing is left out here. */
  readonly contextFiltered?: boolean;
  readonly target?: string;
  readonly buildArgs: Readonly<Record<string, string | undefined>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly platform?: Platform;
  readonly noCache: boolean;
  /** Stages (names, in lower case) whose steps are done anew. */
  readonly noCacheFilter?: readonly string[];
  /** Pull base images even when they are here. */
  readonly pull: boolean;
  readonly network: string;
  readonly extraHosts: readonly string[];
  readonly shmBytes?: number;
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  /** Control group below which steps run; no part of a cache key. */
  readonly cgroupParent?: string;
  readonly auths: Readonly<Record<string, RegistryAuth>>;
  readonly squash?: boolean;
  /** By id, for `RUN --mount=type=secret`; never part of an image or of a cache key. */
  readonly secrets?: Readonly<Record<string, Uint8Array>>;
  /** What the client lets steps have: `security.insecure`, `network.host`. */
  readonly entitlements?: readonly string[];
  /** Sockets of agents by id (`default`), for `RUN --mount=type=ssh`. */
  readonly ssh?: Readonly<Record<string, string>>;
  /** Folders under names that `--from` can use before stages and images (`--build-context`). */
  readonly contexts?: Readonly<Record<string, string>>;
  /** Images (by reference or id) under names that `FROM` and `--from` can use before stages and images. */
  readonly contextImages?: Readonly<Record<string, string>>;
  /** What went in is said beside the image; `max` with the values of arguments. */
  readonly provenance?: 'min' | 'max';
  /** A list of the packages in the image is kept beside it. */
  readonly sbom?: boolean;
  /** Notes on manifests, as `--annotation` names them. */
  readonly annotations?: readonly string[];
  /** Steps that were done elsewhere. */
  readonly cacheFrom?: readonly CachePlace[];
  readonly cacheTo?: readonly CachePlace[];
  /** The image itself says which step made which of its layers; the build argument BUILDKIT_INLINE_CACHE=1 says the same. */
  readonly inlineCache?: boolean;
  /**
   * Seconds since the epoch that the image and its history are said to be from (reproducible-builds.org,
   * `SOURCE_DATE_EPOCH`); the build argument of that name says the same.
   */
  readonly sourceDateEpoch?: number;
  /** Files of new layers that are newer than `sourceDateEpoch` get that time: the same input gives the same digest. */
  readonly rewriteTimestamps?: boolean;
  /** What a client that is still there is asked for when a step needs it, where the fields above have nothing. */
  readonly ask?: AskClient;
}

/** Where a cache lies; `max`: the layers of all stages, in place of the target's. */
export type CachePlace = { readonly mode?: 'max' } & (
  | { readonly type: 'registry'; readonly ref: string }
  | { readonly type: 'local'; readonly path: string }
);

/** Undefined: the client has no such thing. */
export interface AskClient {
  readonly secret: (id: string) => Promise<Uint8Array | undefined>;
  /** A socket of this machine that leads to the client's agent, until the build ends. */
  readonly ssh: (id: string) => Promise<string | undefined>;
  readonly auth: (registry: string) => Promise<RegistryAuth | undefined>;
}

/** What the person sees, in order. The api encodes it as Docker's `{"stream": …}` lines and as our own JSON lines. */
export type BuildEvent =
  | {
      readonly kind: 'step';
      readonly step: number;
      readonly of: number;
      readonly instruction: string;
      readonly stage: string | undefined;
      readonly line: number;
      /** The index of its stage, and its text with variables filled in; known for steps that make a layer and for FROM. */
      readonly stageIndex: number;
      readonly title?: string;
      readonly cached: boolean;
    }
  | { readonly kind: 'output'; readonly step: number; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'container'; readonly step: number; readonly id: string }
  /** A step is done; its id is empty for one that leaves nothing. */
  | { readonly kind: 'layer'; readonly step: number; readonly id: string }
  | {
      readonly kind: 'pull';
      readonly status: string;
      readonly id?: string;
      readonly current?: number;
      readonly total?: number;
    }
  | { readonly kind: 'warning'; readonly line: number | undefined; readonly text: string }
  | { readonly kind: 'built'; readonly imageId: string }
  | { readonly kind: 'tagged'; readonly name: string };

export interface Builder {
  /** Throws EngineError('invalid') with an excerpt of the Dockerfile for a wrong one, and with the last output for a RUN that failed. */
  build(options: BuildOptions, onEvent: (event: BuildEvent) => void, signal: AbortSignal): Promise<Image>;
  /** Forgets cached steps, whose layers can then be collected, and empties cache mounts that nobody uses. */
  prune(options?: PruneOptions): Promise<{ deleted: string[]; reclaimedBytes: number }>;
  /** Every step that is remembered, and every cache mount. */
  entries(): Promise<CacheEntry[]>;
  /** Chains that cached steps hold, for garbage collection. */
  roots(): ChainId[];
  cacheSizeBytes(): number;
}

/** A step that is remembered with its layer, or a cache mount. */
export interface CacheEntry {
  readonly id: string;
  /** BuildKit's words. */
  readonly type: 'regular' | 'exec.cachemount';
  readonly description: string;
  readonly inUse: boolean;
  readonly sizeBytes: number;
  /** RFC 3339. */
  readonly created: string;
  /** Milliseconds since the epoch, to the hour. */
  readonly usedMs: number;
  /** An image has the same layer: forgetting the step frees nothing. */
  readonly shared: boolean;
}

export interface PruneOptions {
  /** Which may go; all when undefined. */
  readonly where?: (entry: CacheEntry) => boolean;
  /** Bytes that may stay, the most recently used first. */
  readonly keepBytes?: number;
}

/** For `ADD` of a URL. */
export type Fetch = (url: string, signal: AbortSignal) => Promise<{ body: Readable; lastModified: Date | undefined }>;

/** `openBuilder` of `build/builder.ts`. Cache mounts and what builds need for a moment lie in `HOME/build`. */
export interface BuilderOptions {
  /** `$DEVENV_HOME`. */
  readonly home: string;
  readonly store: Store;
  readonly snapshots: Snapshots;
  readonly images: ImageStore;
  readonly runStep: RunStep;
  readonly fetch: Fetch;
  /** Unpacks archives of ADD and starts `mount`, `cp` without forking Node; without it archives cannot be added. */
  readonly launcher?: Pick<Launcher, 'unpack' | 'spawn' | 'pack' | 'capabilities'>;
  /** Layers that only the cache holds are forgotten past this, least recently used first. Default 20 GB. */
  readonly cacheLimitBytes?: number;
  /** What `FROM` means without `--platform`. Default: this machine. */
  readonly platform?: Platform;
}
export type OpenBuilder = (options: BuilderOptions) => Promise<Builder>;
