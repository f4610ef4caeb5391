import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Blobs } from './blobs.js';
import type { Catalog } from './catalog.js';
import type { Layers } from './layers.js';
import { canonicalName, parseReference } from './reference.js';
import type { Digest, Image, Platform } from './types.js';

export interface SaveContext {
  readonly blobs: Blobs;
  readonly catalog: Catalog;
  readonly layers: Layers;
  /** Keeps an image's content from being collected until it is let go. */
  readonly holdImage: (image: Image) => () => void;
}

export interface Saved {
  readonly image: Image;
  /** Familiar references under which it is wanted; none when it was asked for by its id. */
  readonly tags: string[];
}

/**
 * The archive of `docker save`: an OCI image layout with uncompressed layers, and Docker's own `manifest.json` and
 * `repositories` beside it. A name without a tag means every tag of it.
 */
export function saveImages(context: SaveContext, names: readonly string[], platform?: Platform): Readable {
  const saved = select(context.catalog, names, platform);
  const releases = saved.map(({ image }) => context.holdImage(image));
  const out = new PassThrough({ highWaterMark: 1 << 20 });
  // Loaded when somebody saves: an engine that never does starts sooner.
  import('./save-archive.js')
    .then(({ writeArchive }) => pipeline(writeArchive(context, saved), out))
    .catch((error) => out.destroy(error))
    .finally(() => {
      for (const release of releases) release();
    });
  return out;
}

function select(catalog: Catalog, names: readonly string[], platform: Platform | undefined): Saved[] {
  const chosen = new Map<Digest, Saved>();
  for (const name of names) {
    for (const { image, tags } of findSaved(catalog, name, platform)) {
      const one = chosen.get(image.id) ?? { image, tags: [] };
      one.tags.push(...tags.filter((tag) => !one.tags.includes(tag)));
      chosen.set(image.id, one);
    }
  }
  return [...chosen.values()];
}

function findSaved(catalog: Catalog, name: string, platform: Platform | undefined): Saved[] {
  const isBare = !name.includes('@') && !/:[^/]*$/.test(name);
  const direct = catalog.find(name, platform);
  if (direct && catalog.isIdOf(name, direct.id)) return [{ image: direct, tags: [] }];
  if (isBare) {
    const wanted = canonicalName(parseReference(name));
    const all = catalog.list().map((image) => {
      const isMeant = (tag: string) => catalog.find(tag, platform)?.id === image.id;
      return { image, tags: image.tags.filter((tag) => repositoryOf(tag) === wanted && isMeant(tag)) };
    });
    const found = all.filter(({ tags }) => tags.length > 0);
    if (found.length > 0) return found;
  }
  const image = catalog.get(name, platform);
  const wanted = parseReference(name);
  const tags = image.tags.filter(
    (tag) => repositoryOf(tag) === canonicalName(wanted) && tag.endsWith(`:${wanted.tag}`),
  );
  return [{ image, tags }];
}

function repositoryOf(tag: string): string {
  return canonicalName(parseReference(tag));
}
