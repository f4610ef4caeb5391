import type { BigIntStats, Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { differs } from './tree-changes.js';
import type { DiffEntry } from './types.js';

/**
 * What an overlay's upper folder changes, as `docker diff` lists it: a directory before what is in it, also one in which
 * alone something changed; names sorted. What was only copied up is left out. `lower` are the folders below, topmost first.
 */
export async function listChanges(upper: string, lower: readonly string[]): Promise<DiffEntry[]> {
  return walk({ upper, lower, path: '' });
}

interface Place {
  readonly upper: string;
  /** Folders of lower layers that show through at this path. */
  readonly lower: readonly string[];
  readonly path: string;
}

async function walk(place: Place): Promise<DiffEntry[]> {
  const found: DiffEntry[] = [];
  for (const name of (await readdir(place.upper)).sort()) {
    const stats = await lstatIfThere(join(place.upper, name));
    if (stats) found.push(...(await compare(place, name, stats)));
  }
  return found;
}

async function compare(place: Place, name: string, stats: BigIntStats): Promise<DiffEntry[]> {
  const path = `${place.path}/${name}`;
  const below = await lookUp(place.lower, name);
  if (isWhiteout(stats)) return below.stats ? [{ path, change: 'deleted' }] : [];
  const inside = stats.isDirectory()
    ? await walk({ upper: join(place.upper, name), lower: below.directories, path })
    : [];
  if (!below.stats) return [{ path, change: 'added' }, ...inside];
  return inside.length > 0 || differs(stats, below.stats) ? [{ path, change: 'modified' }, ...inside] : [];
}

/** What lower layers show as `name`, and the folders that would be merged under it. */
async function lookUp(lower: readonly string[], name: string): Promise<{ stats?: BigIntStats; directories: string[] }> {
  const directories: string[] = [];
  let topmost: BigIntStats | undefined;
  for (const directory of lower) {
    const path = join(directory, name);
    const stats = await lstatIfThere(path);
    if (!stats) continue;
    if (isWhiteout(stats)) break;
    topmost ??= stats;
    if (!stats.isDirectory()) break;
    directories.push(path);
  }
  return topmost ? { stats: topmost, directories } : { directories };
}

/** Bytes of all files below a folder; a file with several names counts once. */
export async function countBytes(directory: string, seen = new Set<number>()): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) bytes += await countBytes(path, seen);
    else if (entry.isFile()) bytes += await fileBytes(path, seen);
  }
  return bytes;
}

async function fileBytes(path: string, seen: Set<number>): Promise<number> {
  const stats: Stats | undefined = await lstat(path).catch(whenGone);
  if (!stats || (stats.nlink > 1 && seen.has(stats.ino))) return 0;
  seen.add(stats.ino);
  return stats.size;
}

function isWhiteout(stats: BigIntStats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0n;
}

async function lstatIfThere(path: string): Promise<BigIntStats | undefined> {
  return lstat(path, { bigint: true }).catch(whenGone);
}

function whenGone(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
