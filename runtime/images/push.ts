import type { Readable } from 'node:stream';
import { EngineError } from '../errors.js';
import { descriptorNotes, sendAttestations } from './attestations.js';
import type { Blobs } from './blobs.js';
import type { Catalog } from './catalog.js';
import { digestOf, shortId } from './digest.js';
import { damaged, type Layers } from './layers.js';
import { limiter } from './limiter.js';
import { type Descriptor, type Manifest, mediaTypes, parseDocument } from './manifest.js';
import { canonicalName, familiarName } from './reference.js';
import type { Registries } from './registry/connection.js';
import { pushFailure } from './registry/failures.js';
import { openRepository, type Repository } from './registry/repository.js';
import type { Digest, Image, Platform, ProgressEvent, PullOptions, Reference } from './types.js';

export interface PushContext {
  readonly blobs: Blobs;
  readonly catalog: Catalog;
  readonly layers: Layers;
  readonly registries: Registries;
}

interface Push {
  readonly context: PushContext;
  readonly repository: Repository;
  readonly reference: Reference;
  readonly image: Image;
  readonly emit: (event: ProgressEvent) => void;
}

/** Sends what the registry lacks, then the manifest under the reference's tag; progress in Docker's words. */
export async function pushImage(
  context: PushContext,
  reference: Reference,
  options: PullOptions,
): Promise<{ digest: Digest; sizeBytes: number }> {
  const images = wantedImages(context.catalog, reference, options.platform);
  const emit = options.onProgress ?? (() => undefined);
  try {
    const repository = connect(context, reference, images, options);
    const pushes = images.map((image) => ({ context, repository, reference, image, emit }));
    if (pushes.length > 1) return await sendAllPlatforms(pushes);
    const layers = await sendLayers(pushes[0]!);
    return await sendManifest(pushes[0]!, layers);
  } catch (error) {
    throw pushFailure(error);
  }
}

/** Every platform under the tag, or the one that is asked for. */
function wantedImages(catalog: Catalog, reference: Reference, platform: Platform | undefined): Image[] {
  const name = `${canonicalName(reference)}:${reference.tag ?? 'latest'}`;
  const variants = catalog.variants(name);
  const chosen = platform ? catalog.find(name, platform) : undefined;
  if (variants.length > 0) return chosen ? [chosen] : variants;
  throw new EngineError('not-found', `An image does not exist locally with the tag: ${familiarName(reference)}`);
}

function connect(
  context: PushContext,
  reference: Reference,
  images: readonly Image[],
  options: PullOptions,
): Repository {
  const { registry, repository } = reference;
  const diffIds = images.flatMap((image) => image.diffIds);
  const alsoFrom = mountSources(context.layers, diffIds, reference)[0];
  const { auth, signal } = options;
  return openRepository(
    context.registries.connect({ registry, repository, actions: 'pull,push', alsoFrom, auth, signal }),
    repository,
  );
}

/** Other repositories of the same registry that are known to have a layer of the image. */
function mountSources(layers: Layers, diffIds: readonly Digest[], { registry, repository }: Reference): string[] {
  const names = diffIds.flatMap((diffId) => Object.keys(layers.get(diffId)?.remotes ?? {}));
  return [...new Set(names)]
    .filter((name) => name.startsWith(`${registry}/`) && name !== `${registry}/${repository}`)
    .map((name) => name.slice(registry.length + 1));
}

/** As many as Docker sends at once. */
const PARALLEL = 5;

/** Descriptors in the image's order; layers are sent side by side. */
async function sendLayers(push: Push): Promise<Descriptor[]> {
  const { diffIds } = push.image;
  for (const diffId of diffIds) push.emit({ id: shortId(diffId), status: 'Preparing' });
  const sent = new Map<Digest, Promise<Descriptor>>();
  const free = limiter(PARALLEL);
  const sendInTurn = async (diffId: Digest) => {
    const done = await free();
    return sendLayer(push, diffId).finally(done);
  };
  for (const diffId of diffIds) if (!sent.has(diffId)) sent.set(diffId, sendInTurn(diffId));
  const all = await Promise.allSettled(sent.values());
  for (const one of all) if (one.status === 'rejected') throw one.reason;
  return Promise.all(diffIds.map((diffId) => sent.get(diffId)!));
}

async function sendLayer(push: Push, diffId: Digest): Promise<Descriptor> {
  const { context, repository, reference, emit } = push;
  const id = shortId(diffId);
  const remotes = context.layers.get(diffId)?.remotes ?? {};
  const here = remotes[canonicalName(reference)];
  const known = here ?? Object.values(remotes)[0] ?? compressedBlob(context, diffId);
  if (known && (await repository.blobExists(known.digest))) {
    emit({ id, status: 'Layer already exists' });
    return remember(push, diffId, known);
  }
  const mounted = await tryMount(push, remotes);
  if (mounted) {
    emit({ id, status: `Mounted from ${mounted.from}` });
    return remember(push, diffId, mounted.descriptor);
  }
  const descriptor = await upload(push, diffId);
  emit({ id, status: 'Pushed' });
  return remember(push, diffId, descriptor);
}

/** The layer's blob where it is here in the form that registries keep. */
function compressedBlob({ layers, blobs }: PushContext, diffId: Digest): Descriptor | undefined {
  const blob = layers.get(diffId)?.blob;
  return blob && blob.digest !== diffId && blobs.has(blob.digest) ? blob : undefined;
}

async function tryMount(push: Push, remotes: Readonly<Record<string, Descriptor>>) {
  const { registry } = push.reference;
  for (const [name, descriptor] of Object.entries(remotes)) {
    if (!name.startsWith(`${registry}/`)) continue;
    const from = name.slice(registry.length + 1);
    if (from !== push.reference.repository && (await push.repository.mount(descriptor.digest, from))) {
      return { from, descriptor };
    }
  }
  return undefined;
}

async function remember({ context, reference }: Push, diffId: Digest, descriptor: Descriptor): Promise<Descriptor> {
  const record = context.layers.get(diffId);
  if (record) {
    const remotes = { ...record.remotes, [canonicalName(reference)]: descriptor };
    await context.layers.remember(diffId, { ...record, remotes });
  }
  return descriptor;
}

/** As it is kept when that is compressed, else gzipped on the way: a build does not wait for a compression nobody may need. */
async function upload(push: Push, diffId: Digest): Promise<Descriptor> {
  const kept = compressedBlob(push.context, diffId);
  const { digest, bytes } = kept ? await uploadKept(push, diffId, kept) : await uploadPacked(push, diffId);
  return kept ?? { mediaType: mediaTypes.dockerLayerGzip, digest, size: bytes };
}

interface Uploaded {
  readonly digest: Digest;
  readonly bytes: number;
}

/** The registry compares what comes with the digest that is said; what it refuses is looked at here. */
async function uploadKept(push: Push, diffId: Digest, { digest, size }: Descriptor): Promise<Uploaded> {
  const { blobs } = push.context;
  try {
    await push.repository.upload(
      () => telling(push, diffId, size, blobs.open(digest)),
      () => digest,
    );
  } catch (error) {
    if ((await blobs.digestOnDisk(digest)) !== digest) throw damaged(`blob ${digest}`, error);
    throw error;
  }
  return { digest, bytes: size };
}

async function uploadPacked(push: Push, diffId: Digest): Promise<Uploaded> {
  const { layers } = push.context;
  let uploaded: Uploaded | undefined;
  const open = async () => {
    const packed = await layers.openGzip(diffId, (one) => {
      uploaded = one;
    });
    return telling(push, diffId, layers.get(diffId)?.tarBytes, packed);
  };
  await push.repository.upload(open, () => uploaded!.digest);
  return uploaded!;
}

/** Tells how far it is, a few times a second. */
function telling({ emit }: Push, diffId: Digest, total: number | undefined, source: Readable): Readable {
  const id = shortId(diffId);
  let last = 0;
  let current = 0;
  source.on('data', (chunk: Buffer) => {
    current += chunk.length;
    if (Date.now() - last < 100) return;
    last = Date.now();
    emit({ id, status: 'Pushing', current, total });
  });
  source.pause();
  return source;
}

async function sendManifest(push: Push, layers: readonly Descriptor[]): Promise<{ digest: Digest; sizeBytes: number }> {
  const { context, reference, image } = push;
  const manifest = await prepareManifest(push, layers);
  const pushed = await nameThere(push, await withAttestations(push, manifest));
  await context.catalog.name(image.id, { ...reference, tag: undefined, digest: pushed.digest });
  return pushed;
}

/** The manifest, whose configuration is there when this returns. */
async function prepareManifest({ context, repository, image }: Push, layers: readonly Descriptor[]): Promise<Sendable> {
  const config = await context.blobs.read(image.id);
  if (!(await repository.blobExists(image.id))) {
    await repository.upload(
      () => config,
      () => image.id,
    );
  }
  return manifestFor(context.blobs, image, layers, config.length);
}

/** Under the tag: what makes the image one that others can pull comes last. */
async function nameThere({ context, repository, reference, emit }: Push, { bytes, mediaType }: Sendable) {
  const tag = reference.tag ?? 'latest';
  await repository.putManifest(tag, bytes, mediaType);
  const digest = digestOf(bytes);
  await context.blobs.put(bytes);
  emit({ status: `${tag}: digest: ${digest} size: ${bytes.length}` });
  return { digest, sizeBytes: bytes.length };
}

/** An index of all that the tag means here; every image is known by its digest then. */
async function sendAllPlatforms(pushes: readonly Push[]): Promise<{ digest: Digest; sizeBytes: number }> {
  const manifests: Descriptor[] = [];
  for (const push of pushes) {
    const { bytes, mediaType } = await prepareManifest(push, await sendLayers(push));
    const digest = digestOf(bytes);
    await push.repository.putManifest(digest, bytes, mediaType);
    const { os, architecture, variant } = push.image.platform;
    const platform = { architecture, os, ...(variant ? { variant } : {}) };
    manifests.push({ mediaType, digest, size: bytes.length, ...descriptorNotes(push.image), platform });
  }
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  const [first, ...others] = pushes;
  const { context, image, reference } = first!;
  const pushed = await nameThere(first!, { bytes: Buffer.from(JSON.stringify(index)), mediaType: mediaTypes.ociIndex });
  const byDigest = { ...reference, tag: undefined, digest: pushed.digest };
  await context.catalog.name(
    image.id,
    byDigest,
    others.map((one) => one.image.id),
  );
  return pushed;
}

interface Sendable {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** The index of both where something is said of the image; the manifest itself is sent by its digest then. */
async function withAttestations({ context, repository, image }: Push, manifest: Sendable): Promise<Sendable> {
  if (!image.attestations?.length) return manifest;
  const { bytes, mediaType } = manifest;
  const digest = digestOf(bytes);
  await repository.putManifest(digest, bytes, mediaType);
  const pushed = { digest, sizeBytes: bytes.length, mediaType };
  const index = await sendAttestations({ blobs: context.blobs, repository }, image, pushed);
  return { bytes: index, mediaType: mediaTypes.ociIndex };
}

/** The manifest that the image came with when it says the same, so that its digest stays; else a new one of schema 2. */
async function manifestFor(
  blobs: Blobs,
  image: Image,
  layers: readonly Descriptor[],
  configBytes: number,
): Promise<Sendable> {
  const kept = blobs.has(image.manifestDigest) ? await blobs.read(image.manifestDigest) : undefined;
  const document = kept && parseDocument(kept, undefined);
  if (kept && document?.kind === 'manifest' && sameLayers(document.manifest, layers)) {
    return { bytes: kept, mediaType: document.manifest.mediaType ?? mediaTypes.ociManifest };
  }
  if (image.annotations?.manifest) return annotatedManifest(image, image.annotations.manifest, layers, configBytes);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: { mediaType: mediaTypes.dockerConfig, digest: image.id, size: configBytes },
    layers: layers.map(({ digest, size }) => ({ mediaType: mediaTypes.dockerLayerGzip, digest, size })),
  };
  return { bytes: Buffer.from(JSON.stringify(manifest, null, 3)), mediaType: mediaTypes.dockerManifest };
}

/** Docker's own form has no room for notes. */
function annotatedManifest(
  { id }: Image,
  annotations: Readonly<Record<string, string>>,
  layers: readonly Descriptor[],
  configBytes: number,
): Sendable {
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: id, size: configBytes },
    layers: layers.map(({ digest, size }) => ({ mediaType: mediaTypes.ociLayerGzip, digest, size })),
    annotations,
  };
  return { bytes: Buffer.from(JSON.stringify(manifest, null, 3)), mediaType: mediaTypes.ociManifest };
}

function sameLayers(manifest: Manifest, layers: readonly Descriptor[]): boolean {
  const same = (one: Descriptor, index: number) => one.digest === layers[index]?.digest;
  return manifest.layers.length === layers.length && manifest.layers.every(same);
}
