import type { Readable } from 'node:stream';
import type { Launcher, PackedGzip } from '../launch/types.js';

export type { PackedGzip } from '../launch/types.js';

/** `sha256:` and 64 hexadecimal digits. */
export type Digest = `sha256:${string}`;

/** A layer unpacked on top of particular parents (OCI image spec, "Layer ChainID"). */
export type ChainId = Digest;

/** What a container or a build step mounts. Folders exist; nothing is mounted yet: that happens inside its own mount namespace. */
export interface PreparedRoot {
  readonly kind: 'overlay';
  /** Topmost first; none: `upper` is the whole tree. */
  readonly lower: readonly string[];
  /** What the root was before anything was written, as folders, topmost first: `lower`, or the trees that `upper` is a copy of. */
  readonly below: readonly string[];
  readonly upper: string;
  readonly work: string;
  readonly mountpoint: string;
}

/** How layers and roots lie on the disk, in Docker's names: by overlay, or, where that does not work, as whole trees. */
export interface StorageDriver {
  readonly name: 'overlay2' | 'vfs';
  /** Why overlay was not taken: a sentence's end; undefined where it was, or where nothing else was wished. */
  readonly because?: string;
  /** Copies share their blocks with what they are of (reflink). */
  readonly sharesBlocks: boolean;
}

export interface DiffEntry {
  readonly path: string;
  readonly change: 'modified' | 'added' | 'deleted';
}

/** A layer about to be unpacked. */
export interface NewLayer {
  readonly parent: ChainId | undefined;
  readonly chainId: ChainId;
  /** The stream is gzip. */
  readonly gzip?: boolean;
  /** Hears of the plain tar, SHA-256 and bytes, before the layer counts; throws: there is none. */
  readonly check?: (tar: { readonly digest: Digest; readonly bytes: number }) => void;
  /** Settles when somebody else has found the content to be what it should; rejects: there is no layer. */
  readonly verified?: Promise<void>;
  /** Bytes that it may come to; more is refused before it is written. */
  readonly limitBytes?: number;
}

/** Layers on disk, and writable roots on top of them. Knows nothing of tags, manifests or containers. */
export interface Snapshots {
  readonly driver: StorageDriver;
  has(chainId: ChainId): boolean;
  /**
   * Unpacks a layer tar (a stream, or a file's path) on top of `parent`; atomic: present whole or not at all. Two calls for the same layer share the
   * work, and the one that waited has its tar drained. Returns its size on disk in bytes.
   */
  apply(layer: NewLayer, tar: Readable | string): Promise<{ readonly sizeBytes: number }>;
  /** Makes an existing upper folder into the layer itself by moving it, without a tar (a build step's result). */
  adopt(layer: { readonly parent: ChainId | undefined; readonly chainId: ChainId }, upper: string): Promise<void>;
  sizeBytes(chainId: ChainId): number;
  parent(chainId: ChainId): ChainId | undefined;
  remove(chainId: ChainId): Promise<void>;
  /** All layers present. */
  list(): ChainId[];
  /** Settles when every layer until now would outlive a power cut; done by itself a moment after each. */
  settle(): Promise<void>;
  /** Whether whoever mounts the folders below has to say `userxattr`: their marks are attributes of users. */
  readonly userXattr: boolean;
  /** The folders that a layer and all below it add up to, topmost first. */
  lowerDirectories(chainId: ChainId | undefined): string[];
  /** A writable root on top of `chainId` (undefined: empty), kept under `key` until removed. Idempotent. */
  prepare(key: string, chainId: ChainId | undefined): Promise<PreparedRoot>;
  get(key: string, chainId: ChainId | undefined): PreparedRoot;
  /** Also the folders `beside` it, absolute and on the same file system. Deleting goes on behind. */
  discard(key: string, beside?: readonly string[]): Promise<void>;
  /** What `key`, a root on top of `chainId`, changes as a layer tar (whiteouts as `.wh.`), uncompressed. */
  diffTar(key: string, chainId: ChainId | undefined): Readable;
  /** A layer's own content as a layer tar. For an adopted layer it is byte for byte what `diffTar` gave of its upper. */
  layerTar(chainId: ChainId): Readable;
  /** A layer's own content, or the plain tar in a file, as gzip; `tell` hears what it was before the stream ends. */
  layerGzip(
    source: { readonly chainId: ChainId } | { readonly file: string },
    tell: (packed: PackedGzip) => void,
  ): Readable;
  /** What `key` changes (`docker diff`). */
  changes(key: string, chainId: ChainId | undefined): Promise<DiffEntry[]>;
  /** Bytes of the files that `key` adds or changes. */
  upperBytes(key: string, chainId: ChainId | undefined): Promise<number>;
}

/**
 * `openSnapshots` of `snapshots/snapshots.ts`. Sweeps what a crash left half-made. Layers lie in `HOME/layers`, writable
 * roots in `HOME/roots` (below `HOME/vfs` without overlay), refuse in `HOME/trash`, all on one file system.
 */
export interface SnapshotsOptions {
  /** `$DEVENV_HOME`. */
  readonly home: string;
  readonly launcher: Pick<Launcher, 'unpack' | 'pack' | 'packGzip' | 'copyTree' | 'spawn'> &
    Partial<Pick<Launcher, 'sync' | 'spread'>>;
  /** Without root overlays mark with `user.overlay.*`. Default false. */
  readonly userXattr?: boolean;
  /** All files belong to root, whoever owned them: there is only one id. */
  readonly oneOwner?: boolean;
  /** Instead of the one that is found to work. */
  readonly driver?: StorageDriver['name'];
}
export type OpenSnapshots = (options: SnapshotsOptions) => Promise<Snapshots>;
