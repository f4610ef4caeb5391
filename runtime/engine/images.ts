/** What clients do to images: the store does the work, here is what it means to the rest of the engine (events, users, refuse). */
import type { Readable } from 'node:stream';
import { EngineError } from '../errors.js';
import { parsePlatform as parse } from '../images/parse-platform.js';
import { hostPlatform } from '../images/platform.js';
import { familiarName, familiarReference, isDigest, isTag, parseReference } from '../images/reference.js';
import type {
  CheckReport,
  Image,
  ImageConfig,
  Platform,
  ProgressEvent,
  PullOptions,
  Reference,
  RemovedImage,
} from '../images/types.js';
import type { ChainId, Digest } from '../snapshots/types.js';
import type { Engine } from './engine.js';
import { applyChanges } from './image-changes.js';
import { now } from './time.js';

export { hostPlatform } from '../images/platform.js';
export { canonicalName, familiarReference, parseReference } from '../images/reference.js';
export type {
  HealthConfig,
  HistoryEntry,
  Image,
  ImageConfig,
  ProgressEvent,
  PullOptions,
  Reference,
  RegistryAuth,
} from '../images/types.js';

/** Looks for layers that something other than an image needs: containers, and steps that the builder remembers. */
export async function layerRoots(engine: Engine): Promise<() => ChainId[]> {
  const builder = await engine.foundations.builder();
  return () => [...engine.containers.all().flatMap(({ record }) => record.chainId ?? []), ...builder.roots()];
}

export function imageUsers(engine: Engine): (id: Digest) => readonly { id: string; running: boolean }[] {
  return (id) =>
    engine.containers
      .all()
      .filter(({ record }) => record.imageId === id)
      .map((container) => ({ id: container.id, running: container.isRunning }));
}

export function tellImage(engine: Engine, action: string, id: string, name: string, image?: Image): void {
  engine.events.publish('image', action, id, { ...image?.config.Labels, name });
}

/** Throws `not-found`, and `system` for a registry that does not answer. */
export async function pullImage(engine: Engine, reference: Reference, options: PullOptions): Promise<Image> {
  if (familiarName(reference) === 'scratch') throw new EngineError('forbidden', "'scratch' is a reserved name");
  const image = await engine.foundations.images.pull(reference, options);
  tellImage(engine, 'pull', familiarReference(reference), familiarName(reference), image);
  return image;
}

export async function pushImage(engine: Engine, reference: Reference, options: PullOptions) {
  const pushed = await engine.foundations.images.push(reference, options);
  tellImage(engine, 'push', familiarReference(reference), familiarName(reference));
  return pushed;
}

export async function tagImage(engine: Engine, name: string, reference: Reference): Promise<void> {
  if (familiarName(reference) === 'sha256')
    throw new EngineError('invalid', 'refusing to create an ambiguous tag using digest algorithm as name');
  const image = engine.foundations.images.get(name);
  await engine.foundations.images.tag(name, reference);
  tellImage(engine, 'tag', image.id, familiarReference(reference), image);
}

export interface ImportRequest {
  readonly tar: Readable;
  /** Where it came from, for its history. */
  readonly source: string;
  readonly message: string;
  readonly reference: Reference | undefined;
  readonly changes: readonly string[];
  readonly platform: Platform;
}

export async function importImage(engine: Engine, request: ImportRequest): Promise<Image> {
  const { images } = engine.foundations;
  const config: ImageConfig = await applyChanges({}, request.changes, request.platform);
  const comment = request.message || `Imported from ${request.source}`;
  const release = images.keepNew();
  try {
    const image = await images.importRoot(request.tar, { config, platform: request.platform, comment, created: now() });
    if (request.reference) {
      await images.tag(image.id, request.reference);
      tellImage(engine, 'tag', image.id, familiarReference(request.reference), image);
    }
    tellImage(engine, 'import', image.id, image.id, image);
    return image;
  } finally {
    release();
  }
}

/** `roots` with all that is below them. */
function withParents(engine: Engine, roots: readonly ChainId[]): ReadonlySet<ChainId> {
  const { snapshots } = engine.foundations;
  const kept = new Set<ChainId>();
  for (const root of roots)
    for (let id: ChainId | undefined = root; id !== undefined && !kept.has(id); id = snapshots.parent(id)) kept.add(id);
  return kept;
}

/** Untags, and deletes with the last tag, also from the disk. */
export async function removeImage(engine: Engine, name: string, options: RemoveOptions): Promise<RemovedImage[]> {
  const removed = await forgetImage(engine, name, options);
  if (removed.some(({ deleted }) => deleted !== undefined))
    await engine.foundations.images.collect(await layerRoots(engine));
  return removed;
}

export interface RemoveOptions {
  readonly force: boolean;
  /** Parents that nothing else needs stay. */
  readonly noPrune: boolean;
  /** Of several under the name only this one. */
  readonly platform?: Platform;
}

/** `removeImage` for who gives back the disk space of several at once. */
export async function forgetImage(engine: Engine, name: string, options: RemoveOptions): Promise<RemovedImage[]> {
  const { images } = engine.foundations;
  const image = images.get(name);
  const known = new Set<string>(images.list().map(({ id }) => id));
  const kept = withParents(engine, (await layerRoots(engine))());
  const removed = await images.remove(name, {
    ...options,
    inUse: imageUsers(engine),
    kept: (chainId) => kept.has(chainId),
  });
  for (const entry of removed) {
    if (entry.untagged) tellImage(engine, 'untag', image.id, image.id, image);
    if (entry.deleted && known.has(entry.deleted)) tellImage(engine, 'delete', entry.deleted, entry.deleted);
  }
  return removed;
}

export async function loadImages(
  engine: Engine,
  archive: Readable,
  onProgress: (event: ProgressEvent) => void,
  platform?: Platform,
): Promise<Image[]> {
  const loaded = await engine.foundations.images.load(archive, onProgress, platform);
  for (const image of loaded) tellImage(engine, 'load', image.id, image.id, image);
  return loaded;
}

/** Reads all that is kept of images; `repair` takes away what is damaged and stands below no container or build. */
export async function checkImages(engine: Engine, repair: boolean): Promise<CheckReport> {
  return engine.foundations.images.check({ repair, roots: (await layerRoots(engine))() });
}

export function saveImages(engine: Engine, names: readonly string[], platform?: Platform): Readable {
  const saved = names.map((name) => engine.foundations.images.get(name, platform));
  const archive = engine.foundations.images.save(names, platform);
  for (const image of saved) tellImage(engine, 'save', image.id, image.id, image);
  return archive;
}

/** `repo` and `tag` of a query as one reference. Undefined without a repo. Throws `invalid`. */
export function referenceOf(repository: string, tag: string): Reference | undefined {
  if (repository === '') return undefined;
  if (tag === '') return parseReference(repository);
  if (!isTag(tag) && !isDigest(tag)) {
    parseReference(repository);
    throw new EngineError('invalid', 'invalid tag format');
  }
  if (isDigest(tag)) return parseReference(`${repository.replace(/@.*$/, '')}@${tag}`);
  if (repository.includes('@')) return parseReference(repository);
  const colon = repository.indexOf(':', repository.lastIndexOf('/') + 1);
  return parseReference(`${colon < 0 ? repository : repository.slice(0, colon)}:${tag}`);
}

/** `linux/arm64/v8`. Undefined for empty text. Throws `invalid`. */
export function parsePlatform(text: string): Platform | undefined {
  if (text === '') return undefined;
  try {
    return parse(text, hostPlatform(process.arch));
  } catch (cause) {
    throw new EngineError('invalid', (cause as Error).message, { cause });
  }
}
