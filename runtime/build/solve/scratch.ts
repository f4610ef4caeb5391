import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChainId, PreparedRoot, Snapshots } from '../../snapshots/types.js';
import type { Scope, Workshop } from './scope.js';

/** Where a build keeps what it needs only while it runs; removed with it. */
export function scratchFolder({ workshop, id }: Pick<Scope, 'workshop' | 'id'>): string {
  return join(workshop.folder, 'tmp', id);
}

/** A new empty folder in there, for root alone. */
export async function temporaryFolder(scope: Pick<Scope, 'workshop' | 'id'>): Promise<string> {
  await mkdir(scratchFolder(scope), { recursive: true, mode: 0o700 });
  return mkdtemp(join(scratchFolder(scope), 'x'));
}

/** A writable root for the time of `work`. Its name is noted first, so that one that a killed engine left is found again. */
export async function withRoot<T>(
  { folder, tools: { snapshots } }: Workshop,
  parent: ChainId | undefined,
  work: (root: PreparedRoot, key: string) => Promise<T>,
): Promise<T> {
  const key = `build-${randomUUID()}`;
  const note = join(folder, 'roots', key);
  await mkdir(note, { recursive: true });
  try {
    return await work(await snapshots.prepare(key, parent), key);
  } finally {
    await snapshots.discard(key);
    await rmdir(note);
  }
}

/** Discards the roots that an engine left which was killed in the middle of a step. */
export async function sweepRoots(folder: string, snapshots: Pick<Snapshots, 'discard'>): Promise<void> {
  const keys = await readdir(join(folder, 'roots')).catch(() => []);
  for (const key of keys) {
    await snapshots.discard(key);
    await rmdir(join(folder, 'roots', key));
  }
}
