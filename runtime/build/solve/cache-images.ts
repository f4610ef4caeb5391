/**
 * Caches that travel: an image whose layers are those of a stage, with a label that says which step made which layer. Any
 * registry and any image layout holds it; a step's key says all that it read, so it means the same on every machine.
 */
import { mkdir } from 'node:fs/promises';
import { familiarReference, parseReference } from '../../images/reference.js';
import type { Image, ImageStore, Platform, Reference } from '../../images/types.js';
import type { BuildEvent, BuilderOptions, BuildOptions, CachePlace } from '../types.js';
import { authFor } from './images.js';
import type { LayerCache } from './layer-cache.js';
import { CACHE_LABEL, type StageState } from './state.js';

const MORE_LABEL = `${CACHE_LABEL}.more`;

/** Of one layer: its step's key, its place in the image, when it was made. */
type Step = readonly [key: string, at: number, created: string];

/** Undefined when no step of the stage made a layer. */
export function cacheLabel({ layers }: StageState): string | undefined {
  const steps = layers.flatMap(({ key, created }, at): Step[] => (key === undefined ? [] : [[key, at, created ?? '']]));
  return steps.length === 0 ? undefined : JSON.stringify(steps);
}

export interface CacheTools {
  readonly tools: Pick<BuilderOptions, 'images' | 'launcher' | 'snapshots'>;
  readonly cache: LayerCache;
  readonly options: Pick<BuildOptions, 'auths' | 'ask'>;
  readonly emit: (event: BuildEvent) => void;
  readonly signal: AbortSignal;
}

/** Takes in what is found; what is not there is said and does not fail the build (so does BuildKit). */
export async function importCaches(at: CacheTools, places: readonly CachePlace[]): Promise<void> {
  for (const place of places) {
    try {
      for (const image of await fetchCache(at, place)) await takeIn(at, image);
    } catch (error) {
      at.signal.throwIfAborted();
      const where = place.type === 'local' ? place.path : place.ref;
      at.emit({ kind: 'warning', line: undefined, text: `no cache from ${where}: ${(error as Error).message}` });
    }
  }
}

async function fetchCache(at: CacheTools, place: CachePlace): Promise<Image[]> {
  const { images, launcher } = at.tools;
  if (place.type === 'registry') return fetchNumbered(at, parseReference(place.ref));
  if (launcher === undefined) return [];
  const root = { kind: 'directory', path: place.path } as const;
  return images.load(launcher.pack({ root, path: '/', mode: 'plain' }), () => undefined);
}

async function fetchNumbered(at: CacheTools, reference: Reference): Promise<Image[]> {
  const first = await fetchImage(at, reference);
  const more = Number(first.config.Labels?.[MORE_LABEL] ?? 0);
  const found = [first];
  for (let number = 1; number <= more; number++) found.push(await fetchImage(at, numbered(reference, number)));
  return found;
}

/** The registry's, which may be newer, or else the one that is here. */
async function fetchImage({ tools, options, emit, signal }: CacheTools, reference: Reference): Promise<Image> {
  const auth = authFor(reference.registry, options.auths) ?? (await options.ask?.auth(reference.registry));
  try {
    const onProgress = (event: Parameters<NonNullable<Parameters<ImageStore['pull']>[1]['onProgress']>>[0]) =>
      emit({ kind: 'pull', ...event });
    return await tools.images.pull(reference, { ...(auth ? { auth } : {}), onProgress, signal });
  } catch (error) {
    const here = tools.images.find(familiarReference(reference));
    if (here === undefined) throw error;
    return here;
  }
}

async function takeIn({ tools, cache }: CacheTools, image: Image): Promise<void> {
  const steps: Step[] = JSON.parse(image.config.Labels?.[CACHE_LABEL] ?? '[]');
  for (const [key, at, created] of steps) {
    const chainId = image.chainIds[at];
    if (chainId === undefined || cache.find(key) !== undefined) continue;
    const sizeBytes = tools.snapshots.sizeBytes(chainId);
    await cache.keep(key, { chainId, diffId: image.diffIds[at]!, parent: image.chainIds[at - 1], sizeBytes, created });
  }
}

/** Writes the stages' layers and keys to each place. Throws what pushing throws. */
export async function exportCaches(
  at: CacheTools,
  places: readonly CachePlace[],
  stages: readonly StageState[],
  platform: Platform,
): Promise<void> {
  const [target, ...others] = stages.filter((state) => cacheLabel(state) !== undefined);
  if (target === undefined) return;
  for (const place of places) {
    const chosen = place.mode === 'max' ? [target, ...others] : [target];
    await (place.type === 'local'
      ? exportFolder(at, place.path, chosen, platform)
      : exportRegistry(at, place.ref, chosen, platform));
  }
}

/** `more`: how many others belong to it. */
function putCache({ tools }: CacheTools, state: StageState, platform: Platform, more = 0): Promise<Image> {
  return tools.images.put({
    platform,
    created: undefined,
    config: { Labels: { [CACHE_LABEL]: cacheLabel(state)!, ...(more > 0 ? { [MORE_LABEL]: String(more) } : {}) } },
    history: [],
    diffIds: state.layers.map(({ diffId }) => diffId),
  });
}

/** The target under the name itself, other stages under the tag with a number behind it. */
async function exportRegistry(
  at: CacheTools,
  ref: string,
  states: readonly StageState[],
  platform: Platform,
): Promise<void> {
  const { images } = at.tools;
  const reference = parseReference(ref);
  const auth = authFor(reference.registry, at.options.auths) ?? (await at.options.ask?.auth(reference.registry));
  at.emit({ kind: 'pull', status: `Exporting the cache to ${familiarReference(reference)}` });
  for (const [number, state] of states.entries()) {
    const image = await putCache(at, state, platform, number === 0 ? states.length - 1 : 0);
    const named = numbered(reference, number);
    await images.tag(image.id, named);
    await images.push(named, { ...(auth ? { auth } : {}), signal: at.signal });
  }
}

function numbered(reference: Reference, number: number): Reference {
  return number === 0 ? reference : { ...reference, tag: `${reference.tag ?? 'latest'}-${number}` };
}

/** An OCI image layout with an image a stage. */
async function exportFolder(
  at: CacheTools,
  folder: string,
  states: readonly StageState[],
  platform: Platform,
): Promise<void> {
  const { images, launcher } = at.tools;
  const made: Image[] = [];
  for (const state of states) made.push(await putCache(at, state, platform));
  await mkdir(folder, { recursive: true });
  const ids = [...new Set(made.map(({ id }) => id))];
  await launcher?.unpack({ root: { kind: 'directory', path: folder }, path: '/', mode: 'plain' }, images.save(ids));
}
