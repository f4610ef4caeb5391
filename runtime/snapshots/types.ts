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
  /** Topmost first. */
  readonly lower: readonly string[];
  readonly upper: string;
  readonly work: string;
  readonly mountpoint: string;
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
  /** Bytes that it may come to; more is refused before it is written. */
  readonly limitBytes?: number;
}

/** Layers on disk, and writable roots on top of them. Knows nothing of tags, manifests or containers. */
export interface Snapshots {
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
  /** The folders of a layer and all below it, topmost first. */
  lowerDirectories(chainId: ChainId | undefined): string[];
  /** A writable root on top of `chainId` (undefined: empty), kept under `key` until removed. Idempotent. */
  prepare(key: string, chainId: ChainId | undefined): Promise<PreparedRoot>;
  get(key: string, chainId: ChainId | undefined): PreparedRoot;
  /** Also the folders `beside` it, absolute and on the same file system. Deleting goes on behind. */
  discard(key: string, beside?: readonly string[]): Promise<void>;
  /** The upper of `key` as a layer tar (whiteouts as `.wh.`), uncompressed. */
  diffTar(key: string): Readable;
  /** A layer's own content as a layer tar. For an adopted layer it is byte for byte what `diffTar` gave of its upper. */
  layerTar(chainId: ChainId): Readable;
  /** A layer's own content, or the plain tar in a file, as gzip; `tell` hears what it was before the stream ends. */
  layerGzip(
    source: { readonly chainId: ChainId } | { readonly file: string },
    tell: (packed: PackedGzip) => void,
  ): Readable;
  /** What the upper of `key` changes (`docker diff`). */
  changes(key: string, chainId: ChainId | undefined): Promise<DiffEntry[]>;
  /** Bytes in the upper of `key`. */
  upperBytes(key: string): Promise<number>;
}

/**
 * `openSnapshots` of `snapshots/snapshots.ts`. Sweeps what a crash left half-made. Layers lie in `HOME/layers`, writable
 * roots in `HOME/roots`, refuse in `HOME/trash`, all on one file system.
 */
export interface SnapshotsOptions {
  /** `$DEVENV_HOME`. */
  readonly home: string;
  readonly launcher: Pick<Launcher, 'unpack' | 'pack' | 'packGzip' | 'spawn'> & Partial<Pick<Launcher, 'sync'>>;
  /** Without root overlays mark with `user.overlay.*`. Default false. */
  readonly userXattr?: boolean;
  /** All files belong to root, whoever owned them: there is only one id. */
  readonly oneOwner?: boolean;
}
export type OpenSnapshots = (options: SnapshotsOptions) => Promise<Snapshots>;
