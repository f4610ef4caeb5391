/**
 * Reads small files of a container's root without mounting it. Every name on the way is looked at by itself: what an image,
 * a volume or a running process has put there leads to nothing outside, and neither a pipe nor a huge file holds the engine up.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { join, sep } from 'node:path';
import type { PreparedRoot } from '../snapshots/types.js';
import type { AccountFiles } from './accounts.js';
import { cleanPath } from './bind-spec.js';
import type { MountPoint } from './types.js';

/** More than enough for passwd and group. */
const LIMIT_BYTES = 8 * 1024 * 1024;

/** As many links as a path may lead over. */
const MAX_LINKS = 8;

/** etc/passwd and etc/group as the container's process will see them; files bound over them count. */
export async function readAccountFiles(root: PreparedRoot, mounts: readonly MountPoint[]): Promise<AccountFiles> {
  const read = (path: string) => readRootFile(root, mounts, path) ?? '';
  return { passwd: read('/etc/passwd'), group: read('/etc/group') };
}

/** A path on the machine, below one of the folders that a root is made of. */
interface Place {
  readonly base: string;
  readonly below: string;
}

/** Text of a file, undefined when there is none that can be read. Links are followed inside the root. */
function readRootFile(root: PreparedRoot, mounts: readonly MountPoint[], path: string, links = 0): string | undefined {
  const over = mounts
    .filter((mount) => mount.Type !== 'tmpfs' && isBelow(path, mount.Destination))
    .sort((a, b) => b.Destination.length - a.Destination.length)[0];
  const bases = over === undefined ? [root.upper, ...root.lower] : [over.Source];
  const parts = path
    .slice(over?.Destination.length ?? 0)
    .split('/')
    .filter(Boolean);
  let here: readonly Place[] = bases.map((base) => ({ base, below: '' }));
  for (const [at, part] of parts.entries()) {
    const { folders, top } = step(here, part);
    here = folders;
    if (top?.stats.isFile() && at === parts.length - 1) return readText(top.place);
    if (top?.stats.isSymbolicLink()) {
      if (links === MAX_LINKS) return undefined;
      const folder = path.slice(0, path.length - parts.slice(at).join('/').length);
      const target = join(linkTarget(folder, pathOf(top.place)), ...parts.slice(at + 1));
      return readRootFile(root, mounts, cleanPath(target), links + 1);
    }
  }
  return parts.length === 0 && here[0] !== undefined ? readText(here[0]) : undefined;
}

function linkTarget(folder: string, link: string): string {
  const target = readlinkSync(link);
  return target.startsWith('/') ? target : join(folder, target);
}

/** A name in folders that lie upon each other: more folders, or what hides them. */
function step(folders: readonly Place[], name: string) {
  const found: Place[] = [];
  for (const { base, below } of folders) {
    const place = { base, below: join(below, name) };
    const stats = statIfThere(pathOf(place));
    if (stats === undefined) continue;
    if (!stats.isDirectory()) return { folders: found, top: found.length === 0 ? { place, stats } : undefined };
    found.push(place);
  }
  return { folders: found, top: undefined };
}

const pathOf = ({ base, below }: Place) => (below === '' ? base : join(base, below));

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

/** What was looked at may have been exchanged since: the file that is open counts, and where it lies. */
function readText(place: Place): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(
      pathOf(place),
      constants.O_RDONLY | constants.O_NONBLOCK | (place.below ? constants.O_NOFOLLOW : 0),
    );
    const stats = fstatSync(file);
    const wanted = join(realpathSync.native(place.base), place.below);
    const isWanted = wanted === readlinkSync(join(sep, 'proc', 'self', 'fd', String(file)));
    return stats.isFile() && stats.size <= LIMIT_BYTES && isWanted ? readFileSync(file, 'utf8') : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
