import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiffEntry } from './types.js';

/**
 * What an overlay's upper folder changes, as `docker diff` lists it: every entry of the upper, a directory before what is
 * in it, names sorted. `lower` are the folders below, topmost first.
 */
export async function listChanges(upper: string, lower: readonly string[]): Promise<DiffEntry[]> {
  const found: DiffEntry[] = [];
  await walk({ upper, lower, path: '' }, found);
  return found;
}

interface Place {
  readonly upper: string;
  /** Folders of lower layers that show through at this path. */
  readonly lower: readonly string[];
  readonly path: string;
}

async function walk(place: Place, found: DiffEntry[]): Promise<void> {
  const names = (await readdir(place.upper)).sort();
  for (const name of names) {
    const upper = join(place.upper, name);
    const path = `${place.path}/${name}`;
    const stats = await lstatIfThere(upper);
    if (!stats) continue;
    const below = await lookUp(place.lower, name);
    if (isWhiteout(stats)) {
      if (below.exists) found.push({ path, change: 'deleted' });
      continue;
    }
    found.push({ path, change: below.exists ? 'modified' : 'added' });
    if (stats.isDirectory()) await walk({ upper, lower: below.directories, path }, found);
  }
}

/** Whether lower layers show `name`, and the folders that would be merged under it. */
async function lookUp(lower: readonly string[], name: string): Promise<{ exists: boolean; directories: string[] }> {
  const directories: string[] = [];
  for (const directory of lower) {
    const path = join(directory, name);
    const stats = await lstatIfThere(path);
    if (!stats) continue;
    if (isWhiteout(stats)) break;
    if (!stats.isDirectory()) return { exists: true, directories };
    directories.push(path);
  }
  return { exists: directories.length > 0, directories };
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
  const stats = await lstatIfThere(path);
  if (!stats || (stats.nlink > 1 && seen.has(stats.ino))) return 0;
  seen.add(stats.ino);
  return stats.size;
}

function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
