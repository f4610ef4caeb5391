import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scope } from './scope.js';

/** Where a build keeps what it needs only while it runs; removed with it. */
export function scratchFolder({ workshop, id }: Pick<Scope, 'workshop' | 'id'>): string {
  return join(workshop.folder, 'tmp', id);
}

/** A new empty folder in there, for root alone. */
export async function temporaryFolder(scope: Pick<Scope, 'workshop' | 'id'>): Promise<string> {
  await mkdir(scratchFolder(scope), { recursive: true, mode: 0o700 });
  return mkdtemp(join(scratchFolder(scope), 'x'));
}
