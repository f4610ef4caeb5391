import type { Readable } from 'node:stream';
import type { ChainId, Digest, Snapshots } from '../snapshots/types.js';
import type { Store } from '../state/types.js';

export type { ChainId, Digest };

/** `registry/repository:tag@digest`, normalised as Docker does (docker.io/library/…, tag `latest`). */
export interface Reference {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

/** OCI image configuration's `config`, in the wire's own key names. */
export interface ImageConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly ArgsEscaped?: boolean;
  /** Docker's extension: durations in nanoseconds. */
  readonly Healthcheck?: HealthConfig;
  readonly Shell?: readonly string[];
  readonly OnBuild?: readonly string[];
}

export interface HealthConfig {
  /** `['NONE']`, `['CMD', …]`, `['CMD-SHELL', text]`; empty inherits. */
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly Retries?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
}

export interface HistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** An image that is here whole. Its id is the digest of its configuration, as in Docker's classic store. */
export interface Image {
  readonly id: Digest;
  readonly manifestDigest: Digest;
  readonly platform: Platform;
  readonly created: string | undefined;
  readonly author?: string;
  readonly comment?: string;
  readonly config: ImageConfig;
  readonly history: readonly HistoryEntry[];
  /** Uncompressed layers, lowest first. */
  readonly diffIds: readonly Digest[];
  /** One for each diffId; the last is what a container stands on. */
  readonly chainIds: readonly ChainId[];
  /** Bytes on disk of all layers. */
  readonly sizeBytes: number;
  /** `busybox:latest`, `localhost:5000/a/b:1`: Docker's familiar form. */
  readonly tags: readonly string[];
  /** `busybox@sha256:…`, for what a registry sent or took. */
  readonly repoDigests: readonly string[];
  /** What its build was told to note on manifests. */
  readonly annotations?: Annotations;
  /** Predicates that are pushed beside it, as blobs. */
  readonly attestations?: readonly { readonly predicateType: string; readonly digest: Digest }[];
  /** RFC 3339; when a tag was last set on it here. */
  readonly lastTagged?: string;
  /** The image that a container was made from which this one was committed of; such images stand and fall with each other. */
  readonly parent?: Digest;
  /** Of the engine that made it, where its configuration says so. */
  readonly dockerVersion?: string;
}

/** Of the manifest, of its descriptor in an index, of that index. */
export interface Annotations {
  readonly manifest?: Readonly<Record<string, string>>;
  readonly 'manifest-descriptor'?: Readonly<Record<string, string>>;
  readonly index?: Readonly<Record<string, string>>;
}

export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

/** One line of progress, in the shape that Docker's clients print. */
export interface ProgressEvent {
  readonly id?: string;
  readonly status: string;
  /** A sentence about what has this id, rather than a step of its work. */
  readonly isMessage?: boolean;
  readonly current?: number;
  readonly total?: number;
}

export interface PullOptions {
  readonly platform?: Platform;
  readonly auth?: RegistryAuth;
  readonly onProgress?: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
}

/** What a build or a commit hands in: layers that the snapshots already hold. */
export interface NewImage {
  readonly platform: Platform;
  readonly created: string | undefined;
  readonly author?: string;
  readonly comment?: string;
  readonly config: ImageConfig;
  readonly history: readonly HistoryEntry[];
  readonly diffIds: readonly Digest[];
  readonly parent?: Digest;
  readonly annotations?: Annotations;
  /** in-toto predicates (provenance, packages) that go with it wherever it is pushed. */
  readonly attestations?: readonly { readonly predicateType: string; readonly predicate: object }[];
}

export interface RemovedImage {
  readonly untagged?: string;
  readonly deleted?: string;
}

/** One thing that `check` found. */
export interface CheckProblem {
  readonly kind: 'blob' | 'layer' | 'image';
  readonly id: Digest;
  /** A sentence that goes on after the id. */
  readonly text: string;
  readonly repaired: boolean;
}

export interface CheckReport {
  readonly blobs: number;
  readonly layers: number;
  readonly images: number;
  readonly problems: readonly CheckProblem[];
}

/**
 * Images by content. Every method that names an image takes what Docker takes: an id, a unique prefix of one,
 * `name`, `name:tag`, `name@digest`. An unknown one throws EngineError('not-found', "No such image: X").
 */
export interface ImageStore {
  /** `platform`: which of several under the name; where none is of it, the one that the name means without. */
  find(name: string, platform?: Platform): Image | undefined;
  get(name: string, platform?: Platform): Image;
  /** Every platform's image under a name, first the one that it means without saying more (this machine's, where that is here). */
  variants(name: string): Image[];
  list(): Image[];
  /** The document that its `manifestDigest` names. */
  manifest(image: Image): { readonly mediaType: string; readonly sizeBytes: number };
  /** An image of another platform that came by the same index stays under the tag beside it. Not in the registry → `not-found`; registry cannot be reached → `system`; both name it. */
  pull(reference: Reference, options: PullOptions): Promise<Image>;
  /** Several platforms under the tag: an index of all of them, or the wanted one alone. */
  push(reference: Reference, options: PullOptions): Promise<{ digest: Digest; sizeBytes: number }>;
  /** A root tarball (gzip, zstd or plain) as an image of one layer. */
  importRoot(
    tar: Readable,
    image: {
      readonly config: ImageConfig;
      readonly platform: Platform;
      readonly comment: string;
      readonly created: string;
    },
  ): Promise<Image>;
  /** Records an image over layers that exist; computes manifest and id. */
  put(image: NewImage): Promise<Image>;
  /**
   * Adds a layer from an uncompressed tar on top of `parent`; returns its ids. `upper`: the folder that `tar` is
   * `snapshots.diffTar` of; it becomes the layer by being moved, nothing is unpacked and no second copy kept (the tar is
   * made again from the folder when it is pushed or saved). Without it the tar is kept as a blob and unpacked.
   */
  addLayer(
    parent: ChainId | undefined,
    tar: Readable,
    upper?: string,
  ): Promise<{ diffId: Digest; chainId: ChainId; sizeBytes: number }>;
  tag(name: string, reference: Reference): Promise<void>;
  /**
   * Docker's rules: one tag of several only untags. Disk space comes back with `collect`, which whoever removes calls
   * afterwards: only the engine knows what containers and builds still stand on. `inUse` tells which containers stand on an image id.
   */
  remove(
    name: string,
    options: {
      readonly force: boolean;
      readonly noPrune: boolean;
      /** Of several under the name only this one: the name stays. */
      readonly platform?: Platform;
      readonly inUse: (id: Digest) => readonly { id: string; running: boolean }[];
      /** Layers that something else stands on: they stay, and are not told as deleted. */
      readonly kept?: (chainId: ChainId) => boolean;
    },
  ): Promise<RemovedImage[]>;
  /** Of several platforms under a name the wanted one, else the one that the name means without. */
  save(names: readonly string[], platform?: Platform): Readable;
  /** `docker save`'s archives and OCI layouts, compressed or not. Tells `Loaded image: NAME` as a status without id for each. */
  load(archive: Readable, onProgress: (event: ProgressEvent) => void, platform?: Platform): Promise<Image[]>;
  /** Every tag that a registry has of a repository (`pull -a`). */
  remoteTags(reference: Reference, options: PullOptions): Promise<string[]>;
  /** Remote manifest without pulling it. */
  resolveRemote(
    reference: Reference,
    options: PullOptions,
  ): Promise<{ digest: Digest; mediaType: string; sizeBytes: number; platforms: Platform[] }>;
  /** Its content stays, even without its record, until the returned function is called. */
  hold(image: Image): () => void;
  /** What is made or fetched from now on stays, before it has a name or a user, until the returned function is called. */
  keepNew(): () => void;
  /** Whether running work counts on it. */
  isHeld(id: Digest): boolean;
  /**
   * Blobs and layers that nothing refers to go away. Never what a running pull or build needs, nor what `roots` tells in
   * the moment in which it is looked for: what containers and remembered steps stand on.
   */
  collect(roots: () => readonly ChainId[]): Promise<{ reclaimedBytes: number }>;
  /** Reads all that is kept and says what is damaged; `repair` takes that away, but never what `roots` stand on. */
  check(options: { readonly repair: boolean; readonly roots: readonly ChainId[] }): Promise<CheckReport>;
}

/** `openImageStore` of `images/store.ts`. Blobs lie in `HOME/blobs/sha256/HEX`, what is being fetched in `HOME/ingest`. */
export interface ImageStoreOptions {
  /** `$DEVENV_HOME`. */
  readonly home: string;
  readonly store: Store;
  readonly snapshots: Snapshots;
  /**
   * Proxies, registries without TLS, mirrors and authorities are read from here (`HTTPS_PROXY`, `NO_PROXY`,
   * `DEVENV_INSECURE_REGISTRIES`, `DEVENV_REGISTRY_MIRRORS`, `DEVENV_CERTS_DIRS`); default: none of them.
   */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** SHA-256 of a file; default: in this process. */
  readonly digestOfFile?: (path: string) => Promise<Digest>;
  /** What one layer of an image from elsewhere may come to, unpacked; undefined: anything. */
  readonly layerLimitBytes?: number;
  /** First pause before a registry is asked again after a failure that may pass, in milliseconds; default 500. */
  readonly retryMs?: number;
  /** Asked when a registry cannot be reached; undefined: a pull fails then. Resolves undefined when it has no way to make this image. */
  readonly fallback?: (reference: Reference, images: ImageStore, options: PullOptions) => Promise<Image | undefined>;
}
export type OpenImageStore = (options: ImageStoreOptions) => Promise<ImageStore>;

/** `bootstrapImage` of `images/bootstrap.ts`: makes `debian:SUITE[-slim]` or `ubuntu:SUITE` from signed packages. */
export interface BootstrapOptions {
  readonly images: ImageStore;
  /** `$DEVENV_HOME`: fetched packages are kept in `HOME/cache`. */
  readonly home: string;
  /** Installs Debian packages, or throws with the command to type, which `why` begins. */
  readonly install: (packages: readonly string[], why: string) => Promise<void>;
  readonly onProgress?: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
}
/** Throws `not-found` for a reference that no distribution's packages can honestly make, `unavailable` when no mirror is reached. */
export type BootstrapImage = (reference: Reference, options: BootstrapOptions) => Promise<Image>;
