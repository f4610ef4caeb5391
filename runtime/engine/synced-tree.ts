/** A mirrored folder as its owner described it: nothing of it is looked up on this machine but contents that are read. */
import { join, posix } from 'node:path';
import { type Content, type Entry, type Tree, topFolder } from '../build/files/tree.js';

export { contentHash } from '../build/files/content-hash.js';
export type { Entry, Tree };

export class SyncedTree implements Tree {
  readonly #names = new Map<string, string[]>([['', []]]);

  /** `entries`: by path without leading slash, folders before what is in them. */
  constructor(
    private readonly root: string,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {
    for (const [path, { type }] of entries) {
      if (type === 'directory') this.#names.set(path, []);
      const parent = posix.dirname(path);
      this.#names.get(parent === '.' ? '' : parent)?.push(posix.basename(path));
    }
    for (const names of this.#names.values()) names.sort();
  }

  async entry(path: string): Promise<Entry | undefined> {
    return path === '' ? topFolder : this.entries.get(path);
  }

  async names(path: string): Promise<string[]> {
    return this.#names.get(path) ?? [];
  }

  hostPath(path: string): string {
    return join(this.root, path);
  }

  content(path: string): Content {
    return { path: this.hostPath(path) };
  }
}
