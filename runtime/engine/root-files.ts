/** Reads small files of a container's root without mounting it: upper first, then the layers. */
import { lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PreparedRoot } from '../snapshots/types.js';
import type { AccountFiles } from './accounts.js';
import { cleanPath } from './bind-spec.js';
import type { MountPoint } from './types.js';

/** More than enough for passwd and group. */
const LIMIT_BYTES = 8 * 1024 * 1024;

/** etc/passwd and etc/group as the container's process will see them; files bound over them count. */
export async function readAccountFiles(root: PreparedRoot, mounts: readonly MountPoint[]): Promise<AccountFiles> {
  const [passwd, group] = await Promise.all([
    readRootFile(root, mounts, '/etc/passwd'),
    readRootFile(root, mounts, '/etc/group'),
  ]);
  return { passwd: passwd ?? '', group: group ?? '' };
}

/** Text of a file, undefined when there is none. Links of the file itself are followed inside the root. */
async function readRootFile(
  root: PreparedRoot,
  mounts: readonly MountPoint[],
  path: string,
  depth = 0,
): Promise<string | undefined> {
  const over = mounts.find((mount) => mount.Type !== 'tmpfs' && isBelow(path, mount.Destination));
  if (over !== undefined) return readText(join(over.Source, path.slice(over.Destination.length)));
  for (const directory of [root.upper, ...root.lower]) {
    const file = join(directory, path);
    const found = statIfThere(file);
    if (found === undefined) continue;
    if (found.isFile()) return found.size > LIMIT_BYTES ? undefined : readFileSync(file, 'utf8');
    if (!found.isSymbolicLink() || depth > 8) return undefined;
    const target = readlinkSync(file);
    return readRootFile(root, mounts, cleanPath(target.startsWith('/') ? target : join(path, '..', target)), depth + 1);
  }
  return undefined;
}

/** Looked up at once: the answer is in the kernel's cache, and a turn of the thread pool costs more than all of it. */
function statIfThere(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    // A file where a folder was to be, or a loop of links: nothing that a process could read either.
    return undefined;
  }
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
