import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { EngineError } from '../errors.js';
import type { Snapshots } from '../snapshots/types.js';
import { type OpenedArchive, openArchive, readDocument } from './archive.js';
import type { Blobs } from './blobs.js';
import type { Catalog } from './catalog.js';
import { isCompressed } from './decompress.js';
import { chainIdOn, chainIdsOf, digestOf, hexOf, shortId } from './digest.js';
import type { Layers } from './layers.js';
import { recordImage } from './make.js';
import {
  type ConfigDocument,
  type Descriptor,
  type Index,
  type Manifest,
  mediaTypes,
  parseConfig,
  parseDocument,
} from './manifest.js';
import { choosePlatform, isSamePlatform } from './platform.js';
import { familiarReference, isDigest, parseReference } from './reference.js';
import type { Digest, Image, Platform, ProgressEvent, Reference } from './types.js';

export interface LoadContext {
  readonly blobs: Blobs;
  readonly catalog: Catalog;
  readonly layers: Layers;
  readonly snapshots: Snapshots;
  readonly ingestDirectory: string;
  readonly digestOfFile: (path: string) => Promise<Digest>;
  readonly hold: (ids: readonly Digest[]) => () => void;
}

/** An image as an archive describes it, files by their names in the archive. */
interface Described {
  readonly config: string;
  readonly layers: readonly string[];
  readonly tags: readonly Reference[];
}

export interface LoadOptions {
  readonly onProgress: (event: ProgressEvent) => void;
  /** Of an image of several platforms only this one. */
  readonly platform: Platform | undefined;
}

/** Reads `docker save`'s archives (old and new) and OCI image layouts; every content is verified against its digest. */
export async function loadImages(
  context: LoadContext,
  archive: Readable,
  { onProgress, platform }: LoadOptions,
): Promise<Image[]> {
  const { ingestDirectory: directory, digestOfFile } = context;
  const opened = await openArchive(archive, { directory, digestOfFile, isAsked: (name) => !isThere(context, name) });
  try {
    const described = (await describeDocker(opened)) ?? (await describeLayout(opened, platform));
    const images: Image[] = [];
    for (const one of described) images.push(await loadOne(context, opened, one, { onProgress, beside: images }));
    return images;
  } finally {
    await opened.close();
  }
}

/** Whether a file of an archive is by its name a layer that needs no unpacking. */
function isThere({ layers, snapshots }: LoadContext, name: string): boolean {
  const hex = /([a-f0-9]{64})(?:\.tar)?$/.exec(name)?.[1];
  const record = hex === undefined ? undefined : layers.get(`sha256:${hex}`);
  return record !== undefined && snapshots.has(record.chainId);
}

async function describeDocker(archive: OpenedArchive): Promise<Described[] | undefined> {
  const manifest = await archive.json<unknown>('manifest.json');
  return Array.isArray(manifest) ? manifest.map(describeOne) : undefined;
}

const isName = (value: unknown) => typeof value === 'string';
const areNames = (value: unknown) =>
  value === undefined || value === null || (Array.isArray(value) && value.every(isName));

function describeOne(entry: unknown): Described {
  const { Config, Layers, RepoTags } = (entry ?? {}) as Record<string, unknown>;
  if (!isName(Config) || !areNames(Layers) || !areNames(RepoTags))
    throw new EngineError('invalid', 'invalid archive: manifest.json in it describes no image');
  return {
    config: Config as string,
    layers: (Layers ?? []) as string[],
    tags: ((RepoTags ?? []) as string[]).map(parseReference),
  };
}

async function describeLayout(archive: OpenedArchive, platform: Platform | undefined): Promise<Described[]> {
  const index = await archive.json<Index>('index.json');
  if (!index || !Array.isArray(index.manifests) || index.manifests.includes(null as never)) {
    throw new EngineError('invalid', 'invalid archive: it has neither a manifest.json nor an index.json');
  }
  const described: Described[] = [];
  for (const entry of index.manifests) {
    const { annotations } = entry;
    const name = annotations?.['io.containerd.image.name'] ?? annotations?.['org.opencontainers.image.ref.name'];
    for (const manifest of await readManifests(archive, entry.digest, platform)) {
      const layers = manifest.layers.map((layer) => blobName(layer.digest));
      described.push({ config: blobName(manifest.config.digest), layers, tags: asTags(name) });
    }
  }
  return described;
}

/** A layout's `ref.name` may be a bare tag, which names no repository: such an image has no name. */
function asTags(name: unknown): Reference[] {
  return typeof name === 'string' && /[:/]/.test(name) ? [parseReference(name)] : [];
}

const blobName = (digest: Digest) => `blobs/sha256/${hexOf(digest)}`;

/** Of an index every platform that is whole in the archive, or the wanted one; what is said of them is no image. */
async function readManifests(
  archive: OpenedArchive,
  digest: Digest,
  platform: Platform | undefined,
): Promise<Manifest[]> {
  const path = isDigest(digest) ? archive.path(blobName(digest)) : undefined;
  if (!path) return [];
  const bytes = await readDocument(path);
  checkDigest(digestOf(bytes), digest);
  const document = parseDocument(bytes, undefined);
  if (document.kind === 'manifest') return isWhole(archive, document.manifest) ? [document.manifest] : [];
  const chosen = platform && choosePlatform(document.index.manifests, platform);
  const wanted = platform ? (chosen ? [chosen] : []) : document.index.manifests.filter(isImage);
  return (await Promise.all(wanted.map((one) => readManifests(archive, one.digest, platform)))).flat();
}

function isImage({ platform, annotations }: Descriptor): boolean {
  return platform?.os !== 'unknown' && annotations?.['vnd.docker.reference.type'] === undefined;
}

/** An archive of one platform may name the others, which it does not have. */
function isWhole(archive: OpenedArchive, { config, layers }: Manifest): boolean {
  return [config, ...layers].every(({ digest }) => archive.path(blobName(digest)) !== undefined);
}

function checkDigest(found: Digest, expected: Digest): void {
  if (found !== expected) throw new EngineError('invalid', `invalid archive: ${expected} has the content of ${found}`);
}

async function loadOne(
  context: LoadContext,
  archive: OpenedArchive,
  described: Described,
  { onProgress, beside }: { readonly onProgress: LoadOptions['onProgress']; readonly beside: readonly Image[] },
): Promise<Image> {
  const bytes = await readDocument(fileOf(archive, described.config));
  const named = /([a-f0-9]{64})(?:\.json)?$/.exec(described.config)?.[1];
  if (named) checkDigest(digestOf(bytes), `sha256:${named}`);
  const config = parseConfig(bytes);
  if (config.rootfs.diff_ids.length !== described.layers.length) {
    throw new EngineError(
      'invalid',
      `invalid manifest, layers length mismatch: expected ${config.rootfs.diff_ids.length}, got ${described.layers.length}`,
    );
  }
  const release = context.hold([digestOf(bytes), ...chainIdsOf(config.rootfs.diff_ids)]);
  try {
    await loadLayers(context, archive, config, described.layers, onProgress);
    return await record(context, { config, bytes, tags: described.tags, onProgress, beside });
  } finally {
    release();
  }
}

function fileOf(archive: OpenedArchive, name: string): string {
  const path = archive.path(name);
  if (!path) throw new EngineError('invalid', `invalid archive: ${name} is not in it`);
  return path;
}

async function loadLayers(
  context: LoadContext,
  archive: OpenedArchive,
  config: ConfigDocument,
  files: readonly string[],
  onProgress: (event: ProgressEvent) => void,
): Promise<void> {
  let parent: Digest | undefined;
  for (const [index, diffId] of config.rootfs.diff_ids.entries()) {
    const chainId = chainIdOn(parent, diffId);
    if (!context.snapshots.has(chainId))
      await loadLayer(context, { archive, path: fileOf(archive, files[index]!), parent, diffId }, onProgress);
    parent = chainId;
  }
}

interface ArchivedLayer {
  readonly archive: OpenedArchive;
  readonly path: string;
  readonly parent: Digest | undefined;
  readonly diffId: Digest;
}

/** The file of the archive is unpacked by the launcher, and becomes the blob by a second name: nothing is copied. */
async function loadLayer(
  context: LoadContext,
  { archive, path, ...layer }: ArchivedLayer,
  onProgress: (event: ProgressEvent) => void,
): Promise<void> {
  const { size } = await stat(path);
  const id = shortId(layer.diffId);
  onProgress({ id, status: 'Loading layer', current: 0, total: size });
  const isPacked = await isCompressed(path);
  const contentDigest = archive.digest(path);
  const digest = isPacked ? await contentDigest : layer.diffId;
  const release = context.hold([digest]);
  try {
    const mediaType = isPacked ? mediaTypes.ociLayerGzip : mediaTypes.ociLayer;
    // Before it counts, the plain content is compared with the diff id: with it a plain blob's digest is known too.
    const proof = isPacked ? {} : { contentDigest };
    await context.layers.unpack({ ...layer, ...proof, blob: { mediaType, digest, size } }, path);
    await context.blobs.adopt(path, digest);
    onProgress({ id, status: 'Loading layer', current: size, total: size });
  } finally {
    release();
  }
}

interface Loaded {
  readonly config: ConfigDocument;
  readonly bytes: Buffer;
  readonly tags: readonly Reference[];
  readonly onProgress: (event: ProgressEvent) => void;
  /** What the same archive had before. */
  readonly beside: readonly Image[];
}

async function record(context: LoadContext, { config, bytes, tags, onProgress, beside }: Loaded): Promise<Image> {
  const image = await recordImage(context, { document: config, bytes }, tags);
  for (const tag of tags) {
    const said = familiarReference(tag);
    const others = beside.filter((one) => one.tags.includes(said) && !isSamePlatform(one.platform, image.platform));
    if (others.length > 0)
      await context.catalog.name(
        image.id,
        tag,
        others.map((one) => one.id),
      );
  }
  for (const tag of tags) onProgress({ status: `Loaded image: ${familiarReference(tag)}` });
  if (tags.length === 0) onProgress({ status: `Loaded image ID: ${image.id}` });
  return image;
}
