/** Reading a folder tree as a file system of its own: symlinks in it never lead out of it. */
import { isUtf8 } from 'node:buffer';
import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Breath } from './breath.js';

export type EntryType = 'file' | 'directory' | 'symlink' | 'fifo' | 'character-device' | 'block-device';

/** What changes whenever a file of this machine does (stat(2)). */
export type FileStamp = Pick<Stats, 'dev' | 'ino' | 'size' | 'mtimeMs' | 'ctimeMs'>;

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
  /** Of an executable: `security.capability`. */
  readonly capability?: Uint8Array;
  /** `contentHash` of a file's content in hex, where it is known already. */
  readonly digest?: string;
  /** Changes whenever a file of this machine does; undefined: nothing can be told. */
  readonly stamp?: FileStamp;
}

/** Where a file's bytes come from; `start`: at which byte of the file at `path` they begin. */
export type Content = { readonly path: string; readonly start?: number } | { readonly bytes: Uint8Array };

/** Paths are relative to the root, without a leading slash; the root itself is ''. */
export interface Tree {
  /** Follows nothing. Undefined when it is not there (or not shown). */
  entry(path: string): Promise<Entry | undefined>;
  /** Names in a folder, sorted by code point. */
  names(path: string): Promise<string[]>;
  content(path: string): Content;
  /** Where a file or folder lies on this machine, for trees that do lie there. */
  hostPath?(path: string): string;
  /** A folder that is only shown for what a `!` of the ignore file brings back inside it. */
  isFrame?(path: string): boolean;
}

/** What Node reads for bytes that are no UTF-8; a name may have it of its own. */
const REPLACEMENT = '\uFFFD';

/** A folder of this machine; `hidden` paths do not exist for the reader. */
export class FolderTree implements Tree {
  private readonly breath = new Breath();

  constructor(
    private readonly root: string,
    private readonly options: {
      /** All files belong to this user, whoever owns them here. */
      readonly owner?: { readonly uid: number; readonly gid: number };
    } = {},
  ) {}

  async entry(path: string): Promise<Entry | undefined> {
    const host = this.hostPath(path);
    await this.breath.take();
    const stat = statIfThere(host);
    if (stat === undefined) return undefined;
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
      ...deviceNumbers(stat.rdev),
      linkKey: type === 'file' && stat.nlink > 1 ? `${stat.dev}:${stat.ino}` : undefined,
      ...(type === 'file' ? stampOf(stat) : {}),
    };
  }

  async names(path: string): Promise<string[]> {
    await this.breath.take();
    const names = readdirSync(this.hostPath(path)).sort();
    if (names.some((name) => name.includes(REPLACEMENT))) this.refuseUnreadable(path);
    return names;
  }

  /** A name that cannot be told is a file that would be left out without a word. */
  private refuseUnreadable(path: string): void {
    const unreadable = readdirSync(this.hostPath(path), 'buffer').find((name) => !isUtf8(name));
    if (unreadable === undefined) return;
    const shown = JSON.stringify(`/${path === '' ? '' : `${path}/`}${unreadable.toString('latin1')}`);
    throw new Error(`the name of ${shown} (shown as Latin-1) is not UTF-8: a build cannot copy it`);
  }

  /** Paths of a tree are in order already: there is nothing to normalise for each of thousands. */
  hostPath(path: string): string {
    return path === '' ? this.root : `${this.root}/${path}`;
  }

  content(path: string): Content {
    return { path: this.hostPath(path) };
  }
}

/** Clocks of file systems tick every few milliseconds: what changed just now may change again without a new time. */
const SETTLED_MS = 50;

function stampOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): { stamp?: FileStamp } {
  if (Date.now() - ctimeMs < SETTLED_MS) return {};
  return { stamp: { dev, ino, size, mtimeMs, ctimeMs } };
}

/** A tree without the paths that are `hidden`; a `frame` is a folder that is only shown for what is in it. */
export class FilteredTree implements Tree {
  readonly hostPath?: (path: string) => string;

  constructor(
    private readonly tree: Tree,
    private readonly options: {
      readonly hidden: (path: string, isDirectory: boolean) => boolean;
      readonly frame: (path: string) => boolean;
    },
  ) {
    if (tree.hostPath) this.hostPath = (path) => tree.hostPath!(path);
  }

  async entry(path: string): Promise<Entry | undefined> {
    const entry = await this.tree.entry(path);
    if (entry === undefined || path === '') return entry;
    return this.options.hidden(path, entry.type === 'directory') ? undefined : entry;
  }

  names(path: string): Promise<string[]> {
    return this.tree.names(path);
  }

  content(path: string): Content {
    return this.tree.content(path);
  }

  isFrame(path: string): boolean {
    return this.options.frame(path);
  }
}

/** Throws what reading throws, and for a folder. */
export async function readTreeFile(tree: Tree, path: string): Promise<Buffer> {
  const content = tree.content(path);
  if ('bytes' in content) return Buffer.from(content.bytes);
  return readContent(content, (await tree.entry(path))?.sizeBytes ?? 0);
}

/** All of it; a file that has a place of its own is read to its end, however long it is by now. */
export async function readContent(
  { path, start }: { readonly path: string; readonly start?: number },
  sizeBytes: number,
): Promise<Buffer> {
  if (start === undefined) return readFile(path);
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(sizeBytes), 0, sizeBytes, start);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Of the top of a context: what a client sends begins below it. */
export const NO_TIME = 0;

/** The folder that a tree begins with where nothing says more of it. */
export const topFolder: Entry = {
  type: 'directory',
  mode: 0o755,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  mtimeMs: NO_TIME,
  target: undefined,
  major: 0,
  minor: 0,
  linkKey: undefined,
};

export const emptyTree: Tree = {
  entry: async (path) => (path === '' ? topFolder : undefined),
  names: async () => [],
  content: (path) => ({ path: join('/proc/nothing', path) }),
};

function typeOf(stat: Stats): EntryType | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isCharacterDevice()) return 'character-device';
  return stat.isBlockDevice() ? 'block-device' : undefined;
}

/** Of what is no device, and that is nearly everything, nothing is worked out. */
function deviceNumbers(rdev: number): Pick<Entry, 'major' | 'minor'> {
  return rdev === 0 ? NO_DEVICE : { major: major(rdev), minor: minor(rdev) };
}

const NO_DEVICE = { major: 0, minor: 0 };

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
