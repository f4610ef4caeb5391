/** What was changed on the host while a container could not be told: before the watcher, or while it was made anew. */
import type { EngineClient } from '../../engine/client.js';
import { statPath } from '../../engine/containers.js';
import { inspectImage } from '../../engine/images.js';
import type { ObservedContainer } from '../../model/observed.js';
import { relativePath, targetOf } from '../../watch/classify.js';
import { type FoundFile, filesChangedSince } from '../../watch/scan.js';
import type { FileChange, WatchRule } from '../../watch/types.js';

/** A file's times and an image's are told by the same clock, but rounded. */
const ROUNDING_MS = 2000;
/** Looking at more files one by one takes longer than sending them. */
const COMPARED = 200;

/**
 * Files that the container does not have as the host has them, as changes. `builtMs`: when its image was last built, where
 * that is known; a build of what is in the cache leaves the image's own time as it was.
 */
export async function findMissed(
  engine: EngineClient,
  container: ObservedContainer,
  rules: readonly WatchRule[],
  builtMs: number | undefined,
): Promise<FileChange[]> {
  const own = rules.filter((rule) => rule.service === container.service && rule.action.startsWith('sync'));
  if (own.length === 0) return [];
  const sinceMs = builtMs ?? (await imageMadeMs(engine, container)) - ROUNDING_MS;
  const missed: FileChange[] = [];
  for (const rule of own) {
    const found = await filesChangedSince(rule, rule.initialSync ? 0 : sinceMs);
    const differing = found.length > COMPARED ? found : await thoseThatDiffer(engine, container.id, rule, found);
    missed.push(...differing.map(({ path }) => ({ path, kind: 'changed' }) as const));
  }
  return missed;
}

/** Whether something that asks for a rebuild is newer than the image. */
export async function isImageStale(
  engine: EngineClient,
  container: ObservedContainer,
  rules: readonly WatchRule[],
  builtMs: number | undefined,
): Promise<boolean> {
  const own = rules.filter((rule) => rule.service === container.service && rule.action === 'rebuild');
  if (own.length === 0) return false;
  const madeMs = builtMs ?? (await imageMadeMs(engine, container));
  for (const rule of own) if ((await filesChangedSince(rule, madeMs)).length > 0) return true;
  return false;
}

async function imageMadeMs(engine: EngineClient, { imageId, createdAt }: ObservedContainer): Promise<number> {
  const created = Date.parse((await inspectImage(engine, imageId))?.Created ?? '');
  return Number.isNaN(created) ? createdAt * 1000 : created;
}

async function thoseThatDiffer(
  engine: EngineClient,
  id: string,
  rule: WatchRule,
  found: readonly FoundFile[],
): Promise<FoundFile[]> {
  const same = await Promise.all(found.map((file) => isThereAlready(engine, id, rule, file)));
  return found.filter((_, index) => !same[index]);
}

/** By size and time, as make and rsync do; archives and builds keep whole seconds at least. */
async function isThereAlready(
  engine: EngineClient,
  id: string,
  rule: WatchRule,
  { path, size, mtimeMs, isLink }: FoundFile,
): Promise<boolean> {
  const below = relativePath(rule.path, path);
  if (below === undefined || isLink) return false;
  const there = await statPath(engine, id, targetOf(rule, below));
  return there?.size === size && Math.floor(Date.parse(there.mtime) / 1000) === Math.floor(mtimeMs / 1000);
}
