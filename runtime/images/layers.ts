import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '../errors.js';
import type { ChainId, Digest, PackedGzip, Snapshots } from '../snapshots/types.js';
import type { Table } from '../state/types.js';
import type { Blobs } from './blobs.js';
import { decompress, decompressOthers } from './decompress.js';
import { chainIdOn, Hashing } from './digest.js';
import type { Descriptor } from './manifest.js';

/** What is known of a layer's content, by its diff id. */
export interface LayerRecord {
  /** Of the uncompressed tar. */
  readonly tarBytes: number;
  /** The blob that holds it, as it was fetched or made; without one the tar is packed again from `chainId`'s folder. */
  readonly blob?: Descriptor;
  readonly chainId: ChainId;
  /** Where registries keep it, `REGISTRY/REPOSITORY` → the compressed blob there: the next push need not send it. */
  readonly remotes?: Readonly<Record<string, Descriptor>>;
}

export interface Layers {
  get(diffId: Digest): LayerRecord | undefined;
  add(parent: ChainId | undefined, tar: Readable, upper?: string): Promise<AddedLayer>;
  /** Unpacks a (compressed) blob's content, a stream or a file, as the layer `diffId`; throws `invalid` when it is another. */
  unpack(layer: UnpackedLayer, content: Readable | string): Promise<void>;
  /** The uncompressed tar. Fails when it is no longer what it was. */
  openTar(diffId: Digest): Promise<Readable>;
  /** The layer as gzip, hashed on both sides; `tell` hears of it before the stream ends, and the stream fails when it is no longer what it was. */
  openGzip(diffId: Digest, tell: (packed: PackedGzip['packed']) => void): Promise<Readable>;
  remember(diffId: Digest, record: LayerRecord): Promise<void>;
  forget(diffId: Digest): Promise<void>;
  list(): { diffId: Digest; record: LayerRecord }[];
}

export interface AddedLayer {
  readonly diffId: Digest;
  readonly chainId: ChainId;
  readonly sizeBytes: number;
}

export interface UnpackedLayer {
  readonly parent: ChainId | undefined;
  readonly diffId: Digest;
  readonly blob: Descriptor;
  /** Of a plain content, where somebody is already finding it; otherwise it is found beside the unpacking. */
  readonly contentDigest?: Promise<Digest>;
  /** Where the blob came from; undefined: an archive. */
  readonly remote?: string;
}

export interface LayersOptions {
  readonly blobs: Blobs;
  readonly snapshots: Snapshots;
  readonly table: Table<LayerRecord>;
  /** What a layer of somebody else may come to, unpacked; undefined: anything. */
  readonly limitBytes?: number;
  /** Keeps content from being collected until it is let go. */
  readonly hold: (ids: readonly Digest[]) => () => void;
}

export function openLayers({ blobs, snapshots, table, limitBytes, hold }: LayersOptions): Layers {
  async function addByMoving(parent: ChainId | undefined, tar: Readable, upper: string): Promise<AddedLayer> {
    const hashing = new Hashing();
    hashing.resume();
    await pipeline(tar, hashing);
    const diffId = hashing.digest!;
    const chainId = chainIdOn(parent, diffId);
    const release = hold([chainId, diffId]);
    try {
      await snapshots.adopt({ parent, chainId }, upper);
      const known = table.get(diffId);
      if (!known?.blob) await table.put(diffId, { ...known, tarBytes: hashing.sizeBytes, chainId });
      return { diffId, chainId, sizeBytes: snapshots.sizeBytes(chainId) };
    } finally {
      release();
    }
  }

  async function addByUnpacking(parent: ChainId | undefined, tar: Readable): Promise<AddedLayer> {
    let release: (() => void) | undefined;
    const known = (digest: Digest) => {
      release = hold([digest, chainIdOn(parent, digest)]);
    };
    return blobs
      .write(tar, known)
      .then((written) => unpackWritten(parent, written))
      .finally(() => release?.());
  }

  async function unpackWritten(
    parent: ChainId | undefined,
    written: { readonly digest: Digest; readonly sizeBytes: number },
  ): Promise<AddedLayer> {
    const diffId = written.digest;
    const blob: Descriptor = {
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: diffId,
      size: written.sizeBytes,
    };
    const chainId = chainIdOn(parent, diffId);
    try {
      const { sizeBytes } = await snapshots.apply({ parent, chainId }, blobs.path(diffId));
      await table.put(diffId, { ...table.get(diffId), tarBytes: written.sizeBytes, blob, chainId });
      return { diffId, chainId, sizeBytes };
    } catch (error) {
      if (!table.get(diffId)) await blobs.remove(diffId);
      throw error;
    }
  }

  async function unpack(layer: UnpackedLayer, content: Readable | string): Promise<void> {
    const chainId = chainIdOn(layer.parent, layer.diffId);
    const { tar, gzip } = await decompressOthers(content);
    let found: number | undefined;
    const check = ({ digest, bytes }: { readonly digest: Digest; readonly bytes: number }) => {
      checkDiffId(digest, layer);
      found = bytes;
    };
    const verified = layer.contentDigest?.then((digest) => checkDiffId(digest, layer));
    verified?.catch(() => undefined);
    const proof = verified ? { verified } : { check };
    await snapshots.apply({ parent: layer.parent, chainId, gzip, ...proof, limitBytes }, tar);
    // Only now: who unpacked the same meanwhile has left nothing here to check, and may have written what is known of it.
    const sizeBytes = found ?? (await knownSize(layer, verified !== undefined));
    const known = table.get(layer.diffId);
    const tarBytes = found ?? known?.tarBytes ?? sizeBytes;
    const remotes = layer.remote === undefined ? known?.remotes : { ...known?.remotes, [layer.remote]: layer.blob };
    await table.put(layer.diffId, { tarBytes, blob: known?.blob ?? layer.blob, chainId, remotes });
  }

  async function knownSize({ diffId, blob, parent }: UnpackedLayer, isPlain: boolean): Promise<number> {
    const known = table.get(diffId)?.tarBytes ?? (isPlain ? blob.size : undefined);
    if (known !== undefined) return known;
    const tar = blobs.has(blob.digest) ? await decompress(blobs.open(blob.digest)) : undefined;
    return sizeOf(tar ?? snapshots.layerTar(chainIdOn(parent, diffId)));
  }

  return {
    get: (diffId) => table.get(diffId),
    add: (parent, tar, upper) => (upper === undefined ? addByUnpacking(parent, tar) : addByMoving(parent, tar, upper)),
    unpack,
    async openTar(diffId) {
      const record = table.get(diffId);
      if (record?.blob && blobs.has(record.blob.digest)) {
        return checked(await decompress(blobs.open(record.blob.digest)), diffId, `blob ${record.blob.digest}`);
      }
      if (!record || !snapshots.has(record.chainId)) {
        throw new EngineError('system', `the content of layer ${diffId} is no longer here`);
      }
      return checked(snapshots.layerTar(record.chainId), diffId, `layer ${diffId}`);
    },
    async openGzip(diffId, tell) {
      const record = table.get(diffId);
      const blob = record?.blob && blobs.has(record.blob.digest) ? record.blob.digest : undefined;
      if (!record || (blob === undefined && !snapshots.has(record.chainId))) {
        throw new EngineError('system', `the content of layer ${diffId} is no longer here`);
      }
      const source = blob === undefined ? { chainId: record.chainId } : { file: blobs.path(blob) };
      return snapshots.layerGzip(source, ({ plain, packed }) => {
        if (plain.digest !== diffId) throw damaged(blob === undefined ? `layer ${diffId}` : `blob ${blob}`);
        tell(packed);
      });
    },
    remember: (diffId, record) => table.put(diffId, record),
    forget: (diffId) => table.remove(diffId),
    list: () => table.all().map(({ id, value }) => ({ diffId: id as Digest, record: value })),
  };
}

async function sizeOf(stream: Readable): Promise<number> {
  let bytes = 0;
  for await (const chunk of stream) bytes += (chunk as Buffer).length;
  return bytes;
}

function checkDiffId(digest: Digest, layer: UnpackedLayer): void {
  if (digest === layer.diffId) return;
  throw new EngineError(
    'invalid',
    `layer ${layer.blob.digest}: its content is ${digest}, the image's configuration says ${layer.diffId}`,
  );
}

function checked(tar: Readable, diffId: Digest, what: string): Readable {
  const hashing = new Hashing((digest) => {
    if (digest !== diffId) throw damaged(what);
  });
  tar.on('error', (error) => hashing.destroy(error instanceof EngineError ? error : damaged(what, error)));
  hashing.on('close', () => tar.destroy());
  return tar.pipe(hashing);
}

/** What a person reads of content that is no longer what it was. */
export function damaged(what: string, cause?: unknown): EngineError {
  return new EngineError('system', `${what} is damaged on disk: devenv engine check --repair takes it away`, { cause });
}
