import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiffEntry } from './types.js';

/**
 * What a tree changes of those that it is a copy of (`below`, topmost first), as `docker diff` lists it: a directory before
 * what is in it, also one in which alone something changed; names sorted.
 */
export async function listTreeChanges(tree: string, below: readonly string[]): Promise<DiffEntry[]> {
  const changes = await walk({ tree, below, path: '' });
  return changes.map(({ path, change }) => ({ path, change }));
}

/** Bytes of the files that are added or changed; a file with several names counts once. */
export async function countChangedBytes(tree: string, below: readonly string[]): Promise<number> {
  const seen = new Map<bigint, number>();
  let bytes = 0;
  for (const { stats } of await walk({ tree, below, path: '' })) {
    if (!stats?.isFile()) continue;
    if (stats.nlink > 1n) seen.set(stats.ino, Number(stats.size));
    else bytes += Number(stats.size);
  }
  return [...seen.values()].reduce((sum, size) => sum + size, bytes);
}

interface Place {
  readonly tree: string;
  readonly below: readonly string[];
  readonly path: string;
}

interface Found extends DiffEntry {
  /** Of what is there now. */
  readonly stats?: BigIntStats;
}

async function walk(place: Place): Promise<Found[]> {
  const [own, ...others] = await Promise.all([place.tree, ...place.below].map(namesIn));
  const names = [...new Set([own!, ...others].flat())].sort();
  const found: Found[] = [];
  for (const name of names) {
    const path = `${place.path}/${name}`;
    const [stats, before] = await Promise.all([lstatIfThere(join(place.tree, name)), lookUp(place.below, name)]);
    if (!stats) found.push({ path, change: 'deleted' });
    else
      found.push(
        ...(await compare({ tree: join(place.tree, name), below: before.directories, path }, stats, before.stats)),
      );
  }
  return found;
}

async function compare(place: Place, stats: BigIntStats, before: BigIntStats | undefined): Promise<Found[]> {
  const inside = stats.isDirectory() ? await walk(place) : [];
  const { path } = place;
  if (!before) return [{ path, change: 'added', stats }, ...inside];
  return inside.length > 0 || differs(stats, before) ? [{ path, change: 'modified', stats }, ...inside] : [];
}

/** A directory's time changes with every copy of what is in it; of anything else it tells that it was written to. */
export function differs(now: BigIntStats, before: BigIntStats): boolean {
  if (now.mode !== before.mode || now.uid !== before.uid || now.gid !== before.gid) return true;
  if (now.isDirectory()) return false;
  return now.size !== before.size || now.rdev !== before.rdev || now.mtimeNs !== before.mtimeNs;
}

/** What `name` was, and the directories of that name that were merged: down to the first that is something else. */
async function lookUp(below: readonly string[], name: string): Promise<{ stats?: BigIntStats; directories: string[] }> {
  const directories: string[] = [];
  let stats: BigIntStats | undefined;
  for (const directory of below) {
    const path = join(directory, name);
    const one = await lstatIfThere(path);
    stats ??= one;
    if (one && !one.isDirectory()) break;
    if (one) directories.push(path);
  }
  return stats ? { stats, directories } : { directories };
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory)
    .catch(ignoreMissing)
    .then((names) => names ?? []);
}

function lstatIfThere(path: string): Promise<BigIntStats | undefined> {
  return lstat(path, { bigint: true }).catch(ignoreMissing);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
