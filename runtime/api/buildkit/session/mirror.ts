/** Makes a folder equal to what a client describes, entry by entry; asks for no content that is here already. */
import type { Hash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fchmodSync,
  futimesSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { dirname, join, posix } from 'node:path';
import type { FileIndex } from '../../../engine/synced-folders.js';
import { contentHash, type Entry, SyncedTree, type Tree } from '../../../engine/synced-tree.js';
import type { Stat } from '../proto/messages.js';
import { entryType, fileType, permissions } from './modes.js';

interface Arriving {
  readonly stat: Stat;
  readonly file: number;
  readonly hash: Hash;
}

/**
 * Synchronous throughout: thousands of small files go through here, and each call is shorter than a turn of the thread pool.
 * Entries come parents first; names that would lead out of the folder are refused.
 */
export class Mirror {
  /** What the folder holds when all has arrived. */
  readonly index: FileIndex = new Map();
  /** Hashes in hex of the files whose content was seen, now or before. */
  readonly digests = new Map<string, string>();
  sizeBytes = 0;
  #same = 0;
  readonly #described: Stat[] = [];
  readonly #folders = new Map<string, Stat>();
  readonly #arriving = new Map<number, Arriving>();

  constructor(
    readonly root: string,
    private readonly before: FileIndex,
    private readonly known: ReadonlyMap<string, string> = new Map(),
  ) {}

  /** Nothing had to be done. */
  get unchanged(): boolean {
    return this.#same === this.before.size && this.#same === this.index.size;
  }

  /** Whether content has to be asked for under `id`. Throws an Error for an entry that cannot be. */
  entry(stat: Stat, id: number): boolean {
    const type = fileType(stat.mode);
    const described = describe(stat);
    const same = this.before.get(stat.path) === described;
    // what is here already was checked when it came
    const path = same ? undefined : this.#checked(stat.path);
    this.index.set(stat.path, described);
    this.#described.push(stat);
    if (same) this.#keep(stat.path);
    if (type === 'file') this.sizeBytes += stat.size;
    if (type === 'directory') this.#folders.set(stat.path, stat);
    if (path === undefined || type === 'other') return false;
    if (type === 'directory') this.#makeFolder(path, stat);
    else rmSync(path, { recursive: true, force: true });
    if (type === 'symlink') this.#makeSymlink(path, stat);
    if (type !== 'file') return false;
    if (stat.linkname !== '') {
      linkSync(this.#checked(posix.normalize(stat.linkname)), path);
      return false;
    }
    this.#arriving.set(id, { stat, file: openSync(path, 'wx', 0o600), hash: contentHash() });
    return true;
  }

  #keep(path: string): void {
    this.#same++;
    const digest = this.known.get(path);
    if (digest !== undefined) this.digests.set(path, digest);
  }

  /** An empty chunk is the end of that file. Says whether it was. */
  content(id: number, chunk: Uint8Array): boolean {
    const arriving = this.#arriving.get(id);
    if (!arriving) throw new Error(`content for ${id}, which nobody asked for`);
    const { file, stat, hash } = arriving;
    if (chunk.length > 0) {
      hash.update(chunk);
      for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
      return false;
    }
    fchmodSync(file, permissions(stat.mode));
    futimesSync(file, seconds(stat), seconds(stat));
    closeSync(file);
    this.digests.set(stat.path, hash.digest('hex'));
    this.#arriving.delete(id);
    return true;
  }

  /** Takes away what was not described; what was below it went with it. */
  dropRest(): void {
    for (const path of this.before.keys()) {
      const parent = dirname(path);
      if (this.index.has(path) || (parent !== '.' && !this.#folders.has(parent))) continue;
      rmSync(join(this.root, path), { recursive: true, force: true });
    }
  }

  /** Times of folders, which entries made in them have changed. */
  finish(): void {
    for (const [path, stat] of this.#folders) utimesSync(join(this.root, path), seconds(stat), seconds(stat));
  }

  /** All of it, once it is here, as the root's: what a client says of owners does not count in a context. */
  tree(): Tree {
    const entries = new Map<string, Entry>();
    for (const stat of this.#described) {
      const { path, linkname } = stat;
      const type = entryType(stat.mode);
      if (type === undefined) continue;
      const first = type === 'file' && linkname !== '' ? entries.get(posix.normalize(linkname)) : undefined;
      const linked = first && { ...first, linkKey: posix.normalize(linkname) };
      if (linked) entries.set(linked.linkKey, linked);
      entries.set(path, linked ?? this.#entryOf(stat, type));
    }
    return new SyncedTree(this.root, entries);
  }

  #entryOf(stat: Stat, type: Entry['type']): Entry {
    const digest = type === 'file' ? this.digests.get(stat.path) : undefined;
    return {
      type,
      mode: permissions(stat.mode),
      uid: 0,
      gid: 0,
      sizeBytes: type === 'file' ? stat.size : 0,
      mtimeMs: stat.modTime / 1e6,
      target: type === 'symlink' ? stat.linkname : undefined,
      major: stat.devmajor,
      minor: stat.devminor,
      linkKey: undefined,
      ...(digest === undefined ? {} : { digest }),
    };
  }

  /** Lets go of files that will not arrive. */
  close(): void {
    for (const { file } of this.#arriving.values()) closeSync(file);
    this.#arriving.clear();
  }

  #checked(path: string): string {
    const clean = posix.normalize(path);
    const parent = dirname(clean);
    const below = clean === path && !clean.startsWith('/') && clean !== '.' && !clean.split('/').includes('..');
    if (!below || (parent !== '.' && !this.#folders.has(parent)))
      throw new Error(`invalid path ${path} in the context`);
    return join(this.root, clean);
  }

  #makeFolder(path: string, stat: Stat): void {
    if (!this.before.get(stat.path)?.startsWith('directory ')) {
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path, { recursive: true });
    }
    chmodSync(path, permissions(stat.mode));
  }

  #makeSymlink(path: string, stat: Stat): void {
    symlinkSync(stat.linkname, path);
    lutimesSync(path, seconds(stat), seconds(stat));
  }
}

const seconds = (stat: Stat) => stat.modTime / 1e9;

function describe({ mode, uid, gid, size, modTime, linkname }: Stat): string {
  return `${fileType(mode)} ${mode} ${uid}:${gid} ${size} ${modTime} ${linkname}`;
}
