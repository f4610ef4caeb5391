/** Reading a folder tree as a file system of its own: symlinks in it never lead out of it. */
import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { Breath } from './breath.js';

export type EntryType = 'file' | 'directory' | 'symlink' | 'fifo' | 'character-device' | 'block-device';

export interface Entry {
  readonly type: EntryType;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  /** Of a symlink. */
  readonly target: string | undefined;
  readonly major: number;
  readonly minor: number;
  /** The same for all names of a file that has several. */
  readonly linkKey: string | undefined;
}

/** Paths are relative to the root, without a leading slash; the root itself is ''. */
export interface Tree {
  /** Follows nothing. Undefined when it is not there (or not shown). */
  entry(path: string): Promise<Entry | undefined>;
  /** Names in a folder, sorted by code point. */
  names(path: string): Promise<string[]>;
  /** Where the content of a file can be read on this machine. */
  hostPath(path: string): string;
  /** A folder that is only shown for what a `!` of the ignore file brings back inside it. */
  isFrame?(path: string): boolean;
}

/** A folder of this machine; `hidden` paths do not exist for the reader. */
export class FolderTree implements Tree {
  private readonly breath = new Breath();

  constructor(
    private readonly root: string,
    private readonly options: {
      readonly hidden?: (path: string, isDirectory: boolean) => boolean;
      readonly frame?: (path: string) => boolean;
      /** All files belong to this user, whoever owns them here. */
      readonly owner?: { readonly uid: number; readonly gid: number };
    } = {},
  ) {}

  async entry(path: string): Promise<Entry | undefined> {
    const host = this.hostPath(path);
    await this.breath.take();
    const stat = statIfThere(host);
    if (stat === undefined || (path !== '' && this.options.hidden?.(path, stat.isDirectory()))) return undefined;
    const type = typeOf(stat);
    if (type === undefined) return undefined;
    return {
      type,
      mode: stat.mode & 0o7777,
      uid: this.options.owner?.uid ?? stat.uid,
      gid: this.options.owner?.gid ?? stat.gid,
      sizeBytes: type === 'file' ? stat.size : 0,
      mtimeMs: stat.mtimeMs,
      target: type === 'symlink' ? readlinkSync(host) : undefined,
      major: major(stat.rdev),
      minor: minor(stat.rdev),
      linkKey: type === 'file' && stat.nlink > 1 ? `${stat.dev}:${stat.ino}` : undefined,
    };
  }

  async names(path: string): Promise<string[]> {
    await this.breath.take();
    return readdirSync(this.hostPath(path)).sort();
  }

  hostPath(path: string): string {
    return join(this.root, path);
  }

  isFrame(path: string): boolean {
    return this.options.frame?.(path) ?? false;
  }
}

export const emptyTree: Tree = {
  entry: async (path) =>
    path === ''
      ? {
          type: 'directory',
          mode: 0o755,
          uid: 0,
          gid: 0,
          sizeBytes: 0,
          mtimeMs: 0,
          target: undefined,
          major: 0,
          minor: 0,
          linkKey: undefined,
        }
      : undefined,
  names: async () => [],
  hostPath: (path) => join('/proc/nothing', path),
};

function typeOf(stat: Stats): EntryType | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isCharacterDevice()) return 'character-device';
  return stat.isBlockDevice() ? 'block-device' : undefined;
}

/** glibc's layout of a device number, makedev(3). */
function major(rdev: number): number {
  return Number(((BigInt(rdev) >> 8n) & 0xfffn) | ((BigInt(rdev) >> 32n) & ~0xfffn));
}
function minor(rdev: number): number {
  return Number((BigInt(rdev) & 0xffn) | ((BigInt(rdev) >> 12n) & ~0xffn));
}

/** Synchronous: 6 µs against 40 µs through the thread pool, and trees have thousands of files. */
function statIfThere(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}
