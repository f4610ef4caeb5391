import { join } from 'node:path';
import { digestOfFile, openBlobs } from './blobs.js';
import { openCatalog } from './catalog.js';
import { collectUnused } from './collect.js';
import { Holds } from './hold.js';
import { type LayerRecord, openLayers } from './layers.js';
import { importRootTar, makeImage } from './make.js';
import { mediaTypes } from './manifest.js';
import { hostPlatform } from './platform.js';
import { familiarReference } from './reference.js';
import type { Remote, RemoteContext } from './remote.js';
import { removeImage } from './remove.js';
import { saveImages } from './save.js';
import { SharedWork } from './shared-work.js';
import type {
  Image,
  ImageStore,
  ImageStoreOptions,
  OpenImageStore,
  ProgressEvent,
  PullOptions,
  Reference,
} from './types.js';

/** Opens (and makes) `HOME/blobs`, and throws away what was being fetched when an earlier engine died. */
export const openImageStore: OpenImageStore = async (options) => {
  const parts = await openParts(options);
  await dropIncomplete(parts);
  const { catalog, layers, holds } = parts;
  const pulls = new SharedWork<Image, ProgressEvent>();
  const remote = lazyRemote(parts, options, () => images);
  const holdImage = ({ id, manifestDigest, chainIds, diffIds, attestations = [] }: Image) =>
    holds.hold([id, manifestDigest, ...chainIds, ...diffIds, ...attestations.map(({ digest }) => digest)]);
  const images: ImageStore = {
    find: catalog.find,
    get: catalog.get,
    variants: catalog.variants,
    list: catalog.list,
    manifest: ({ id, manifestDigest }) => ({
      mediaType: catalog.records().find((record) => record.id === id)?.manifestMediaType ?? mediaTypes.ociManifest,
      sizeBytes: parts.blobs.sizeBytes(manifestDigest) ?? 0,
    }),
    pull: (reference, how) => sharePull(pulls, reference, how, async (all) => (await remote()).pull(reference, all)),
    async push(reference, how) {
      const releases = catalog.variants(familiarReference(reference)).map(holdImage);
      try {
        return await (await remote()).push(reference, how);
      } finally {
        for (const release of releases) release();
      }
    },
    resolveRemote: async (reference, how) => (await remote()).resolveRemote(reference, how),
    remoteTags: async (reference, how) => (await remote()).remoteTags(reference, how),
    async importRoot(tar, image) {
      const release = holds.keepNew();
      return importRootTar(parts, tar, image).finally(release);
    },
    put: (image) => makeImage(parts, image, []),
    addLayer: layers.add,
    hold: holdImage,
    keepNew: () => holds.keepNew(),
    isHeld: (id) => holds.held().has(id),
    async tag(name, reference) {
      const { id } = catalog.get(name);
      const others = catalog.variants(name).map((one) => one.id);
      await catalog.name(id, { ...reference, digest: undefined, tag: reference.tag ?? 'latest' }, others);
    },
    remove: (name, how) => removeImage(catalog, name, how),
    save: (names, platform) => saveImages({ ...parts, holdImage }, names, platform),
    load: async (archive, onProgress, platform) =>
      (await import('./load.js')).loadImages(parts, archive, { onProgress, platform }),
    check: async (how) => (await import('./check.js')).checkStore(parts, how),
    collect: (roots) => collectUnused({ ...parts, held: () => holds.held() }, roots),
  };
  return images;
};

/** What a power cut took a part of goes as a whole: better no image than one that does not start. */
async function dropIncomplete({ blobs, catalog, layers, snapshots }: Awaited<ReturnType<typeof openParts>>) {
  for (const { record } of layers.list()) {
    const { blob } = record;
    if (blob && blobs.has(blob.digest) && blobs.sizeBytes(blob.digest) !== blob.size) await blobs.remove(blob.digest);
  }
  for (const image of catalog.records()) {
    if (blobs.has(image.id) && image.chainIds.every(snapshots.has)) continue;
    for (const { key } of catalog.references(image.id)) await catalog.unname(key, image.id);
    await catalog.remove(image.id);
  }
}

async function openParts({ home, store, snapshots, layerLimitBytes, ...options }: ImageStoreOptions) {
  const blobs = await openBlobs(home);
  const holds = new Holds();
  const hold = (ids: readonly string[]) => holds.hold(ids);
  return {
    blobs,
    snapshots,
    digestOfFile: options.digestOfFile ?? digestOfFile,
    holds,
    catalog: openCatalog(store, snapshots),
    layers: openLayers({
      blobs,
      snapshots,
      table: store.table<LayerRecord>('image-layers'),
      limitBytes: layerLimitBytes,
      hold,
    }),
    hostPlatform: hostPlatform(process.arch),
    hold,
    ingestDirectory: join(home, 'ingest'),
  };
}

/** An engine that asks no registry starts without what speaks with them. */
function lazyRemote(
  context: RemoteContext,
  options: ImageStoreOptions,
  images: () => ImageStore,
): () => Promise<Remote> {
  let remote: Promise<Remote> | undefined;
  return () => {
    remote ??= import('./remote.js').then(({ openRemote }) => openRemote(context, options, images));
    return remote;
  };
}

/** Two who want the same image of the same registry, as the same user, for the same platform, share one pull. */
function sharePull(
  pulls: SharedWork<Image, ProgressEvent>,
  reference: Reference,
  { onProgress, signal, ...options }: PullOptions,
  start: (options: PullOptions) => Promise<Image>,
): Promise<Image> {
  const key = JSON.stringify([familiarReference(reference), options.platform, options.auth]);
  const begin = (emit: (event: ProgressEvent) => void, stop: AbortSignal) =>
    start({ ...options, onProgress: emit, signal: stop });
  return pulls.join(key, { signal, onEvent: onProgress }, begin);
}
