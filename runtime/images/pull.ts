import { EngineError } from '../errors.js';
import type { ChainId, Snapshots } from '../snapshots/types.js';
import type { Blobs } from './blobs.js';
import type { Catalog } from './catalog.js';
import { chainIdsOf, digestOf } from './digest.js';
import type { Fetches } from './fetches.js';
import type { Layers } from './layers.js';
import {
  type ConfigDocument,
  type Descriptor,
  type Index,
  type Manifest,
  mediaTypes,
  parseConfig,
  parseDocument,
} from './manifest.js';
import { choosePlatform, formatPlatform, isSamePlatform } from './platform.js';
import { pullLayers } from './pull-layers.js';
import { imageRecord } from './record.js';
import { canonicalName, familiarName, familiarReference } from './reference.js';
import type { Registries } from './registry/connection.js';
import { pullFailure, RegistryAnswer } from './registry/failures.js';
import { openRepository, type Repository } from './registry/repository.js';
import type { Digest, Image, Platform, ProgressEvent, PullOptions, Reference } from './types.js';

/** What a pull works on. `hold` keeps content from being collected until it is let go. */
export interface PullContext {
  readonly blobs: Blobs;
  readonly catalog: Catalog;
  readonly layers: Layers;
  readonly snapshots: Snapshots;
  readonly registries: Registries;
  readonly fetches: Fetches;
  readonly hostPlatform: Platform;
  readonly hold: (ids: readonly (Digest | ChainId)[]) => () => void;
}

/** A manifest for one platform, and under what digest the registry answered. */
export interface Resolved {
  /** Of what the reference names: the index where there is one. */
  readonly digest: Digest;
  readonly manifest: Manifest;
  readonly manifestDigest: Digest;
  readonly manifestBytes: Uint8Array;
  readonly mediaType: string;
}

/** Fetches an image by the distribution protocol; progress in Docker's words. The name comes last. */
export async function pullImage(context: PullContext, reference: Reference, options: PullOptions): Promise<Image> {
  const emit = options.onProgress ?? (() => undefined);
  const said = familiarReference(reference);
  const before = context.catalog.variants(said).map((one) => one.id);
  try {
    const repository = connect(context, reference, options);
    const named = await repository.manifest(reference.digest ?? reference.tag ?? 'latest');
    const document = parseDocument(named.bytes, named.mediaType);
    // Only now: a failure before the first line still has a status of its own.
    emit({
      status: `Pulling from ${reference.repository}`,
      id: reference.tag ?? reference.digest ?? '',
      isMessage: true,
    });
    const resolved = await chooseManifest(repository, { named, document }, options.platform ?? context.hostPlatform);
    const image = await fetchImage(context, { repository, resolved, reference, options, emit });
    emit({ status: `Digest: ${resolved.digest}` });
    const news = before.includes(image.id) ? 'Image is up to date' : 'Downloaded newer image';
    emit({ status: `Status: ${news} for ${said}` });
    return image;
  } catch (error) {
    throw pullFailure(error, { reference: said, repository: familiarName(reference) });
  }
}

function connect(context: PullContext, reference: Reference, options: PullOptions): Repository {
  const { auth, signal } = options;
  const { registry, repository } = reference;
  return openRepository(
    context.registries.connect({ registry, repository, actions: 'pull', auth, signal }),
    reference.repository,
  );
}

type Named = Awaited<ReturnType<Repository['manifest']>>;

async function chooseManifest(
  repository: Repository,
  { named, document }: { readonly named: Named; readonly document: ReturnType<typeof parseDocument> },
  platform: Platform,
): Promise<Resolved> {
  if (document.kind === 'manifest') return toResolved(named.digest, named, document.manifest);
  const found = await findIn(repository, document.index, platform, INDEX_DEPTH);
  if (found) return toResolved(named.digest, found, found.manifest);
  const wanted = formatPlatform(platform);
  throw new EngineError('not-found', `no matching manifest for ${wanted} in the manifest list entries`);
}

/** Indexes within an index that are followed: no tool makes more than one, and each is a request. */
const INDEX_DEPTH = 3;

type Found = Named & { readonly manifest: Manifest };

/** Of an index the manifest that fits; an entry may be an index itself, which need not say for which platforms. */
async function findIn(
  repository: Repository,
  { manifests }: Index,
  platform: Platform,
  depth: number,
): Promise<Found | undefined> {
  const chosen = choosePlatform(manifests, platform);
  const unnamed = manifests.filter((one) => isIndexType(one.mediaType) && one.platform === undefined);
  for (const { digest } of chosen ? [chosen] : unnamed) {
    if (depth === 0) throw new EngineError('invalid', `index ${digest} lies too deep within indexes`);
    const named = await repository.manifest(digest);
    const document = parseDocument(named.bytes, named.mediaType);
    if (document.kind === 'manifest') return { ...named, manifest: document.manifest };
    const found = await findIn(repository, document.index, platform, depth - 1);
    if (found) return found;
  }
  return undefined;
}

function isIndexType(type: string): boolean {
  return type === mediaTypes.ociIndex || type === mediaTypes.dockerList;
}

function toResolved(
  digest: Digest,
  found: { bytes: Buffer; digest: Digest; mediaType: string | undefined },
  manifest: Manifest,
): Resolved {
  const mediaType = manifest.mediaType ?? found.mediaType ?? mediaTypes.ociManifest;
  return { digest, manifest, manifestDigest: found.digest, manifestBytes: found.bytes, mediaType };
}

interface Fetching {
  readonly repository: Repository;
  readonly resolved: Resolved;
  readonly reference: Reference;
  readonly options: PullOptions;
  readonly emit: (event: ProgressEvent) => void;
}

async function fetchImage(context: PullContext, fetching: Fetching): Promise<Image> {
  const { resolved, reference } = fetching;
  const { manifest } = resolved;
  const known = context.catalog.byId(manifest.config.digest);
  if (known?.chainIds.every((chainId) => context.snapshots.has(chainId))) {
    checkPlatform(known.platform, fetching.options.platform, familiarReference(reference));
    const beside = otherPlatforms(context.catalog, reference, resolved.digest, known.platform);
    for (const one of names(reference, resolved.digest)) await context.catalog.name(known.id, one, beside);
    return context.catalog.byId(known.id)!;
  }
  const ids = [manifest.config.digest, resolved.manifestDigest, ...manifest.layers.map((layer) => layer.digest)];
  const release = context.hold(ids);
  try {
    return await fetchContent(context, fetching);
  } finally {
    release();
  }
}

async function fetchContent(context: PullContext, fetching: Fetching): Promise<Image> {
  const { repository, resolved, reference, options, emit } = fetching;
  const { manifest } = resolved;
  checkContent(manifest, familiarReference(reference));
  const bytes = await fetchSmall(context.blobs, repository, manifest.config);
  const config = parseConfig(bytes);
  checkConfig(config, manifest, options.platform, familiarReference(reference));
  const diffIds = config.rootfs.diff_ids;
  const release = context.hold(chainIdsOf(diffIds));
  try {
    const remote = canonicalName(reference);
    const pull = { repository, layers: manifest.layers, diffIds, remote, emit, signal: options.signal };
    await pullLayers(context, pull).catch((error) => {
      throw foreignFailure(error, manifest, familiarReference(reference));
    });
    await context.blobs.put(bytes);
    await context.blobs.put(resolved.manifestBytes);
    const record = imageRecord(config, {
      id: digestOf(bytes),
      manifestDigest: resolved.manifestDigest,
      manifestMediaType: resolved.mediaType,
    });
    const beside = otherPlatforms(context.catalog, reference, resolved.digest, record.platform);
    await context.catalog.put(record, names(reference, resolved.digest), beside);
    return context.catalog.byId(record.id)!;
  } finally {
    release();
  }
}

/** Of configurations of images; the last are what registries have been seen to say of them, as at Docker. */
const CONFIG_TYPES = [
  ...[mediaTypes.ociConfig, 'application/vnd.docker.container.image.v1+json'],
  ...['application/octet-stream', 'application/json', 'text/html', ''],
];

/** A registry may hold a foreign layer like any other; where it does not, it says where the layer is. */
function foreignFailure(error: unknown, { layers }: Manifest, said: string): unknown {
  if (!(error instanceof RegistryAnswer) || error.status !== 404) return error;
  const missing = layers.find(({ digest }) => error.url.includes(digest));
  const { digest, mediaType = '', urls = [] } = missing ?? {};
  if (!/foreign|nondistributable/.test(mediaType) || urls.length === 0) return error;
  const where = `the registry does not hold it but refers to ${urls[0]}`;
  const sentence = `cannot pull ${said}: layer ${digest} is a foreign layer (${mediaType}): ${where}`;
  return new EngineError('invalid', sentence, { cause: error });
}

/** Throws `invalid` for what is no image, and for layers that a registry does not give to everybody. */
function checkContent({ config, layers }: Manifest, said: string): void {
  const refuse = (why: string) => new EngineError('invalid', `cannot pull ${said}: ${why}`);
  if (!CONFIG_TYPES.includes(config.mediaType ?? '')) {
    throw refuse(`it is no image but an artifact of type ${config.mediaType}`);
  }
  for (const { digest, mediaType = '' } of layers) {
    if (mediaType.endsWith('+encrypted')) throw refuse(`layer ${digest} is encrypted (${mediaType})`);
  }
}

async function fetchSmall(blobs: Blobs, repository: Repository, descriptor: Descriptor): Promise<Buffer> {
  if (blobs.has(descriptor.digest)) {
    const kept = await blobs.read(descriptor.digest).catch(() => undefined);
    if (kept && digestOf(kept) === descriptor.digest) return kept;
    await blobs.remove(descriptor.digest);
  }
  const limit = 16 << 20;
  if (descriptor.size > limit) throw new EngineError('invalid', `image configuration of ${descriptor.size} bytes`);
  const { body } = await repository.blob(descriptor.digest, 0);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > descriptor.size) break;
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  if (digestOf(bytes) === descriptor.digest) return bytes;
  throw new EngineError('invalid', `image config verification failed for digest ${descriptor.digest}`);
}

function checkConfig(config: ConfigDocument, manifest: Manifest, wanted: Platform | undefined, said: string): void {
  if (config.rootfs.diff_ids.length !== manifest.layers.length) {
    throw new EngineError(
      'invalid',
      `image ${said}: its manifest has ${manifest.layers.length} layers, its configuration ${config.rootfs.diff_ids.length}`,
    );
  }
  if (config.os !== 'linux')
    throw new EngineError(
      'invalid',
      `image operating system "${config.os}" cannot be used on this platform: operating system is not supported`,
    );
  checkPlatform(config, wanted, said);
}

function checkPlatform(found: Platform, wanted: Platform | undefined, said: string): void {
  if (!wanted || (wanted.architecture === found.architecture && wanted.os === found.os)) return;
  const sentence = `image with reference ${said} was found but does not provide the specified platform (${formatPlatform(wanted)})`;
  throw new EngineError('not-found', sentence);
}

/** A tag, and beside it the digest under which the registry knows it. */
function names(reference: Reference, digest: Digest): Reference[] {
  const byDigest = { ...reference, tag: undefined, digest };
  return reference.digest === undefined ? [reference, byDigest] : [byDigest];
}

/** Images of other platforms that came by the same index: they stay under the name. */
function otherPlatforms(catalog: Catalog, reference: Reference, digest: Digest, platform: Platform): Digest[] {
  const known = catalog.variants(`${canonicalName(reference)}@${digest}`);
  return known.filter((one) => !isSamePlatform(one.platform, platform)).map((one) => one.id);
}
