import { join } from 'node:path';
import { type Blobs, openBlobs } from './blobs.js';
import { type Catalog, openCatalog } from './catalog.js';
import { collectUnused } from './collect.js';
import { openFetches } from './fetches.js';
import { Holds } from './hold.js';
import { type LayerRecord, type Layers, openLayers } from './layers.js';
import { importRootTar, makeImage } from './make.js';
import { parseDocument } from './manifest.js';
import { hostPlatform } from './platform.js';
import { type PullContext, pullImage } from './pull.js';
import { pushImage } from './push.js';
import { familiarName, familiarReference } from './reference.js';
import { openRegistries, type Registries } from './registry/connection.js';
import { pullFailure, Unreachable } from './registry/failures.js';
import { openRepository } from './registry/repository.js';
import { removeImage } from './remove.js';
import { saveImages } from './save.js';
import { SharedWork } from './shared-work.js';
import type {
  Image,
  ImageStore,
  ImageStoreOptions,
  OpenImageStore,
  Platform,
  ProgressEvent,
  PullOptions,
  Reference,
} from './types.js';

/** How long a layer that a build just made waits for the image or the cache that will name it. */
const FRESH_MS = 10 * 60_000;

/** Everything that the store's parts share. */
interface Parts extends PullContext {
  readonly blobs: Blobs;
  readonly catalog: Catalog;
  readonly layers: Layers;
  readonly registries: Registries;
  readonly holds: Holds;
  readonly ingestDirectory: string;
}

export const openImageStore: OpenImageStore = async (options) => {
  const parts = await openParts(options);
  const { catalog, layers, holds, registries } = parts;
  const pulls = new SharedWork<Image, ProgressEvent>();
  const images: ImageStore = {
    find: catalog.find,
    get: catalog.get,
    list: catalog.list,
    pull: (reference, how) =>
      sharePull(pulls, reference, how, (all) => pullOrFallBack(parts, images, options, reference, all)),
    push: (reference, how) => pushImage(parts, reference, how),
    importRoot: (tar, image) => importRootTar(parts, tar, image, (chainId) => holds.holdFresh(chainId)),
    put: (image) => makeImage(parts, image, []),
    async addLayer(parent, tar, upper) {
      const layer = await layers.add(parent, tar, upper);
      holds.holdFresh(layer.chainId);
      return layer;
    },
    async tag(name, reference) {
      await catalog.name(catalog.get(name).id, { ...reference, digest: undefined, tag: reference.tag ?? 'latest' });
    },
    remove: (name, how) => removeImage(catalog, name, how),
    save: (names) => saveImages(parts, names),
    load: async (archive, onProgress) => (await import('./load.js')).loadImages(parts, archive, onProgress),
    resolveRemote: (reference, how) => resolveRemote(registries, reference, how),
    collect: (roots) => collectUnused({ ...parts, held: () => holds.held() }, roots),
  };
  return images;
};

async function openParts({
  home,
  store,
  snapshots,
  environment = {},
  retryMs = 500,
}: ImageStoreOptions): Promise<Parts> {
  const blobs = await openBlobs(home);
  const holds = new Holds(FRESH_MS);
  return {
    blobs,
    snapshots,
    holds,
    catalog: openCatalog(store, snapshots),
    layers: openLayers({ blobs, snapshots, table: store.table<LayerRecord>('image-layers') }),
    registries: openRegistries({ environment, retryMs }),
    fetches: openFetches(blobs, retryMs),
    hostPlatform: hostPlatform(process.arch),
    hold: (ids) => holds.hold(ids),
    ingestDirectory: join(home, 'ingest'),
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

/** Only a registry that nobody reaches is a reason to look elsewhere; what one answers stands. */
async function pullOrFallBack(
  parts: Parts,
  images: ImageStore,
  { fallback }: ImageStoreOptions,
  reference: Reference,
  options: PullOptions,
): Promise<Image> {
  try {
    return await pullImage(parts, reference, options);
  } catch (error) {
    if (!(error instanceof Unreachable) || !fallback) throw error;
    const image = await fallback(reference, images, options);
    if (!image) throw error;
    return image;
  }
}

async function resolveRemote(
  registries: Registries,
  reference: Reference,
  { auth, signal }: PullOptions,
): ReturnType<ImageStore['resolveRemote']> {
  const { registry, repository } = reference;
  const connection = registries.connect({ registry, repository, actions: 'pull', auth, signal });
  const remote = openRepository(connection, repository);
  try {
    const found = await remote.manifest(reference.digest ?? reference.tag ?? 'latest');
    const document = parseDocument(found.bytes, found.mediaType);
    const described = { digest: found.digest, mediaType: found.mediaType ?? '', sizeBytes: found.bytes.length };
    if (document.kind === 'manifest') return { ...described, platforms: [] };
    return {
      ...described,
      platforms: document.index.manifests.flatMap(({ platform }) => (platform ? [plain(platform)] : [])),
    };
  } catch (error) {
    throw pullFailure(error, { reference: familiarReference(reference), repository: familiarName(reference) });
  }
}

function plain({ os, architecture, variant }: Platform): Platform {
  return { os, architecture, ...(variant ? { variant } : {}) };
}
