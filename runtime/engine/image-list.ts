/** Which images a client sees: filters, what uses them, what they share. */
import { globToRegExp } from '../build/match/glob.js';
import { EngineError } from '../errors.js';
import type { Digest, Image } from '../images/types.js';
import type { Engine } from './engine.js';
import type { Filters } from './filters.js';
import { parseTime } from './time.js';

export const imageListFilters = ['dangling', 'label', 'before', 'since', 'reference', 'until'] as const;

export interface ListedImage {
  readonly image: Image;
  /** Those that the `reference` filter lets through. */
  readonly tags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly containers: number;
  /** Bytes of all layers, those of other platforms under its names among them. */
  readonly sizeBytes: number;
  /** Bytes of layers that another image has too. */
  readonly sharedBytes: number;
}

/** When an image was made, in nanoseconds since the epoch; 0 where it does not say. */
export function createdNs(image: Image): bigint {
  return image.created ? parseTime(image.created) : 0n;
}

/** How many images hold each layer. */
function holders(images: readonly Image[]): Map<Digest, number> {
  const count = new Map<Digest, number>();
  for (const image of images) for (const chainId of image.chainIds) count.set(chainId, (count.get(chainId) ?? 0) + 1);
  return count;
}

/** Containers, running or not, by image id. */
export function containersByImage(engine: Engine): Map<string, number> {
  const count = new Map<string, number>();
  for (const { record } of engine.containers.all()) count.set(record.imageId, (count.get(record.imageId) ?? 0) + 1);
  return count;
}

function referenceMatcher(filters: Filters): (name: string) => boolean {
  const patterns = filters.get('reference').map((text) => {
    try {
      return globToRegExp(text);
    } catch {
      throw new EngineError('system', 'syntax error in pattern');
    }
  });
  // `repository` alone, or with its tag or digest, as Docker's FamiliarMatch
  return (name) => {
    const repository = name.replace(/@sha256:.*$/, '').replace(/:[^/:]*$/, '');
    return patterns.length === 0 || patterns.some((pattern) => pattern.test(name) || pattern.test(repository));
  };
}

function timeRange(engine: Engine, filters: Filters): (image: Image) => boolean {
  const before = filters.get('before').map((name) => createdNs(engine.foundations.images.get(name)));
  const since = filters.get('since').map((name) => createdNs(engine.foundations.images.get(name)));
  const until = filters.until('system');
  return (image) => {
    const at = createdNs(image);
    return before.every((ns) => at < ns) && (until === undefined || at <= until) && since.every((ns) => at > ns);
  };
}

/** Every name of it means another platform's image first: that one stands for both. */
function isBeside(engine: Engine, image: Image): boolean {
  const names = [...image.tags, ...image.repoDigests];
  return names.length > 0 && names.every((name) => engine.foundations.images.find(name)?.id !== image.id);
}

/** The image, and those of other platforms that stand behind it in the list. */
function platformsOf(engine: Engine, image: Image): Image[] {
  const { images } = engine.foundations;
  const names = [...image.tags, ...image.repoDigests];
  const variants = names.flatMap((name) => images.variants(name)).filter((one) => isBeside(engine, one));
  return [image, ...new Map(variants.map((one) => [one.id, one])).values()];
}

/** Newest first. Throws `invalid` for a filter that cannot be read and `not-found` for an image that one names. */
export function listImages(engine: Engine, filters: Filters): ListedImage[] {
  const { images, snapshots } = engine.foundations;
  const all = images.list();
  const wantsDangling = filters.has('dangling') ? filters.bool('dangling', false) : undefined;
  const matches = referenceMatcher(filters);
  const inTime = timeRange(engine, filters);
  const held = holders(all);
  const used = containersByImage(engine);
  const listed: ListedImage[] = [];
  for (const image of all) {
    if (isBeside(engine, image)) continue;
    const { Labels } = image.config;
    if (!inTime(image) || !filters.matchesLabels('label', Labels)) continue;
    const tags = image.tags.filter(matches);
    const repoDigests = image.repoDigests.filter(matches);
    const isDangling = tags.length === 0 && repoDigests.length === 0;
    if (isDangling && filters.has('reference')) continue;
    if (wantsDangling !== undefined && wantsDangling !== (image.tags.length === 0)) continue;
    const platforms = platformsOf(engine, image);
    const own = holders(platforms);
    const bytes = (chainIds: readonly Digest[]) =>
      chainIds.reduce((sum, chainId) => sum + snapshots.sizeBytes(chainId), 0);
    const sizeBytes = bytes([...own.keys()]);
    const sharedBytes = bytes([...own].flatMap(([id, count]) => ((held.get(id) ?? 0) > count ? [id] : [])));
    const containers = platforms.reduce((sum, { id }) => sum + (used.get(id) ?? 0), 0);
    listed.push({ image, tags, repoDigests, containers, sizeBytes, sharedBytes });
  }
  return listed.sort((a, b) => Number(createdNs(b.image) - createdNs(a.image)));
}

/** Bytes of all layers of all images, each counted once. */
export function layersBytes(engine: Engine): number {
  const { images, snapshots } = engine.foundations;
  const layers = new Set(images.list().flatMap(({ chainIds }) => chainIds));
  return [...layers].reduce((sum, chainId) => sum + snapshots.sizeBytes(chainId), 0);
}
