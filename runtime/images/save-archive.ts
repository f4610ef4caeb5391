import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { EngineError } from '../errors.js';
import { digestOf, hexOf } from './digest.js';
import { type Descriptor, type Manifest, mediaTypes } from './manifest.js';
import { canonicalName, parseReference } from './reference.js';
import type { SaveContext, Saved } from './save.js';
import type { Digest } from './types.js';

/** The archive's bytes. */
export function writeArchive(context: SaveContext, saved: readonly Saved[]): Readable {
  const out = pack({ highWaterMark: 1 << 20 });
  write(context, saved, out).then(
    () => out.finalize(),
    (error) => out.destroy(error),
  );
  return out as unknown as Readable;
}

async function write(context: SaveContext, saved: readonly Saved[], out: Pack): Promise<void> {
  const written = new Set<Digest>();
  await addFolder(out, 'blobs/');
  await addFolder(out, 'blobs/sha256/');
  const manifests: Descriptor[] = [];
  for (const one of saved) manifests.push(...(await writeImage(context, one, out, written)));
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  await addFile(out, 'index.json', JSON.stringify(index));
  await addFile(out, 'manifest.json', JSON.stringify(saved.map(dockerManifest)));
  await addFile(out, 'oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await addFile(out, 'repositories', JSON.stringify(repositories(saved)));
}

/** Layers, configuration and manifest; the index' entries, one for each tag. */
async function writeImage(
  context: SaveContext,
  { image, tags }: Saved,
  out: Pack,
  written: Set<Digest>,
): Promise<Descriptor[]> {
  const layers: Descriptor[] = [];
  for (const diffId of image.diffIds) {
    const size = context.layers.get(diffId)?.tarBytes;
    if (size === undefined) throw new EngineError('system', `the content of layer ${diffId} is no longer here`);
    layers.push({ mediaType: mediaTypes.ociLayer, digest: diffId, size });
    if (written.has(diffId)) continue;
    written.add(diffId);
    await pipeline(await context.layers.openTar(diffId), out.entry(header(blobName(diffId), size)));
  }
  const config = await context.blobs.read(image.id);
  const configDescriptor = { mediaType: mediaTypes.ociConfig, digest: image.id, size: config.length };
  await addBlob(out, written, config);
  const notes = image.annotations?.manifest ? { annotations: image.annotations.manifest } : {};
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: configDescriptor,
    layers,
    ...notes,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  await addBlob(out, written, bytes);
  const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };
  if (tags.length === 0) return [descriptor];
  return tags.map((tag) => ({ ...descriptor, annotations: annotationsFor(tag) }));
}

function annotationsFor(tag: string): Record<string, string> {
  const reference = parseReference(tag);
  return {
    'io.containerd.image.name': `${canonicalName(reference)}:${reference.tag}`,
    'org.opencontainers.image.ref.name': reference.tag ?? 'latest',
  };
}

function dockerManifest({ image, tags }: Saved): object {
  return {
    Config: blobName(image.id),
    RepoTags: tags.length > 0 ? tags : null,
    Layers: image.diffIds.map(blobName),
  };
}

function repositories(saved: readonly Saved[]): Record<string, Record<string, string>> {
  const found: Record<string, Record<string, string>> = {};
  for (const { image, tags } of saved) {
    for (const tag of tags) {
      const cut = tag.lastIndexOf(':');
      const name = tag.slice(0, cut);
      found[name] = { ...found[name], [tag.slice(cut + 1)]: hexOf(image.diffIds.at(-1) ?? image.id) };
    }
  }
  return found;
}

const blobName = (digest: Digest) => `blobs/sha256/${hexOf(digest)}`;
/** One time for everything: the same images make the same archive. */
const epoch = new Date(0);
const header = (name: string, size: number) => ({ name, size, mode: 0o644, mtime: epoch });

async function addBlob(out: Pack, written: Set<Digest>, bytes: Buffer): Promise<void> {
  const digest = digestOf(bytes);
  if (written.has(digest)) return;
  written.add(digest);
  await addFile(out, blobName(digest), bytes);
}

function addFolder(out: Pack, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    out.entry({ name, type: 'directory', mode: 0o755, mtime: epoch }, (error) => (error ? reject(error) : resolve()));
  });
}

function addFile(out: Pack, name: string, content: string | Buffer): Promise<void> {
  const bytes = Buffer.from(content);
  return new Promise((resolve, reject) => {
    out.entry(header(name, bytes.length), bytes, (error) => (error ? reject(error) : resolve()));
  });
}
