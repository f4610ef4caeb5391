import type { Blobs } from './blobs.js';
import type { Catalog } from './catalog.js';
import { openFetches } from './fetches.js';
import type { Layers } from './layers.js';
import { parseDocument } from './manifest.js';
import { hostPlatform } from './platform.js';
import { type PullContext, pullImage } from './pull.js';
import { pushImage } from './push.js';
import { familiarName, familiarReference } from './reference.js';
import { openRegistries, type Registries } from './registry/connection.js';
import { pullFailure, Unreachable } from './registry/failures.js';
import { openRepository } from './registry/repository.js';
import type { Image, ImageStore, ImageStoreOptions, Platform, PullOptions, Reference } from './types.js';

export interface RemoteContext {
  readonly blobs: Blobs;
  readonly catalog: Catalog;
  readonly layers: Layers;
  readonly hold: PullContext['hold'];
}

/** All that speaks with registries; loaded when one is first needed. */
export type Remote = Pick<ImageStore, 'pull' | 'push' | 'resolveRemote' | 'remoteTags'>;

export function openRemote(context: RemoteContext, options: ImageStoreOptions, images: () => ImageStore): Remote {
  const { environment = {}, retryMs = 500, snapshots, fallback } = options;
  const registries = openRegistries({ environment, retryMs });
  const fetches = openFetches(context.blobs, retryMs);
  const parts: PullContext = { ...context, snapshots, registries, fetches, hostPlatform: hostPlatform(process.arch) };
  return {
    pull: (reference, how) => pullOrFallBack(parts, { fallback, images }, reference, how),
    push: (reference, how) => pushImage(parts, reference, how),
    resolveRemote: (reference, how) => resolveRemote(registries, reference, how),
    remoteTags: (reference, how) => remoteTags(registries, reference, how),
  };
}

/** Only a registry that nobody reaches is a reason to look elsewhere; what one answers stands. */
async function pullOrFallBack(
  parts: PullContext,
  { fallback, images }: { readonly fallback: ImageStoreOptions['fallback']; readonly images: () => ImageStore },
  reference: Reference,
  options: PullOptions,
): Promise<Image> {
  try {
    return await pullImage(parts, reference, options);
  } catch (error) {
    if (!(error instanceof Unreachable) || !fallback) throw error;
    const image = await fallback(reference, images(), options);
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
    const platforms = document.index.manifests.flatMap(({ platform }) => (platform ? [plain(platform)] : []));
    return { ...described, platforms };
  } catch (error) {
    throw pullFailure(error, { reference: familiarReference(reference), repository: familiarName(reference) });
  }
}

async function remoteTags(
  registries: Registries,
  reference: Reference,
  { auth, signal }: PullOptions,
): Promise<string[]> {
  const { registry, repository } = reference;
  const connection = registries.connect({ registry, repository, actions: 'pull', auth, signal });
  try {
    return await openRepository(connection, repository).tags();
  } catch (error) {
    throw pullFailure(error, { reference: familiarReference(reference), repository: familiarName(reference) });
  }
}

function plain({ os, architecture, variant }: Platform): Platform {
  return { os, architecture, ...(variant ? { variant } : {}) };
}
