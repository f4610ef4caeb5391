import type { Readable } from 'node:stream';
import type { Blobs } from './blobs.js';
import type { Catalog } from './catalog.js';
import { decompress } from './decompress.js';
import { chainIdsOf, digestOf } from './digest.js';
import type { Layers } from './layers.js';
import { type ConfigDocument, type Manifest, mediaTypes } from './manifest.js';
import { imageRecord } from './record.js';
import type { Digest, Image, ImageStore, NewImage, Reference } from './types.js';

export interface MakeContext {
  readonly blobs: Blobs;
  readonly catalog: Catalog;
  readonly layers: Layers;
  /** Keeps content from being collected until it is let go. */
  readonly hold: (ids: readonly Digest[]) => () => void;
}

/** Writes the configuration and a manifest of an image whose layers are here, and records it under `names`. */
export async function makeImage(context: MakeContext, image: NewImage, names: readonly Reference[]): Promise<Image> {
  const document = configDocument(image);
  const bytes = Buffer.from(JSON.stringify(document));
  const predicates = (image.attestations ?? []).map(({ predicateType, predicate }) => {
    const content = Buffer.from(JSON.stringify(predicate));
    return { predicateType, content, digest: digestOf(content) };
  });
  const attestations = predicates.map(({ predicateType, digest }) => ({ predicateType, digest }));
  const beside = {
    ...(image.parent ? { parent: image.parent } : {}),
    ...(image.annotations ? { annotations: image.annotations } : {}),
    ...(attestations.length ? { attestations } : {}),
  };
  const release = context.hold(predicates.map(({ digest }) => digest));
  try {
    for (const { content } of predicates) await context.blobs.put(content);
    return await recordImage(context, { document, bytes, ...beside }, names);
  } finally {
    release();
  }
}

/** The same of a configuration that exists: its bytes, and with them the image's id, stay. */
export async function recordImage(
  { blobs, catalog, layers, hold }: MakeContext,
  config: { readonly document: ConfigDocument; readonly bytes: Uint8Array } & Pick<
    Image,
    'parent' | 'annotations' | 'attestations'
  >,
  names: readonly Reference[],
): Promise<Image> {
  const { document, bytes, ...beside } = config;
  const diffIds = document.rootfs.diff_ids;
  const id = digestOf(bytes);
  const manifest = Buffer.from(JSON.stringify(manifestOf(id, bytes.length, diffIds, layers)));
  const manifestDigest = digestOf(manifest);
  // They may be here already from an image that is just being taken away.
  const release = hold([id, manifestDigest]);
  try {
    await Promise.all([blobs.put(bytes), blobs.put(manifest)]);
    const record = imageRecord(document, { id, manifestDigest, manifestMediaType: mediaTypes.ociManifest });
    await catalog.put({ ...record, ...beside }, names);
    await pointLayersHere(layers, diffIds);
    return catalog.byId(id)!;
  } finally {
    release();
  }
}

/** OCI image spec, "Image Configuration"; keys in the order of their names, so that the same image has the same id. */
function configDocument(image: NewImage): ConfigDocument {
  const { platform } = image;
  return {
    architecture: platform.architecture,
    ...(image.author ? { author: image.author } : {}),
    ...(image.comment ? { comment: image.comment } : {}),
    config: image.config,
    ...(image.created ? { created: image.created } : {}),
    history: image.history,
    os: platform.os,
    rootfs: { type: 'layers', diff_ids: image.diffIds },
    ...(platform.variant ? { variant: platform.variant } : {}),
  };
}

/** Of the uncompressed layers: they are compressed only when somebody wants them so. */
function manifestOf(id: Digest, configBytes: number, diffIds: readonly Digest[], layers: Layers): Manifest {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: id, size: configBytes },
    layers: diffIds.map((digest) => ({
      mediaType: mediaTypes.ociLayer,
      digest,
      size: layers.get(digest)?.tarBytes ?? 0,
    })),
  };
}

/** A layer that is packed again from a folder must name one that stays: this image's. */
async function pointLayersHere(layers: Layers, diffIds: readonly Digest[]): Promise<void> {
  const chainIds = chainIdsOf(diffIds);
  for (const [index, diffId] of diffIds.entries()) {
    const record = layers.get(diffId);
    const chainId = chainIds[index];
    if (record && !record.blob && chainId && record.chainId !== chainId) {
      await layers.remember(diffId, { ...record, chainId });
    }
  }
}

/** A root file system's tar, compressed or not, as an image of one layer. */
export async function importRootTar(
  context: MakeContext,
  tar: Readable,
  image: Parameters<ImageStore['importRoot']>[1],
): Promise<Image> {
  const layer = await context.layers.add(undefined, await decompress(tar));
  const history = [{ created: image.created, comment: image.comment }];
  return makeImage(context, { ...image, history, diffIds: [layer.diffId] }, []);
}
