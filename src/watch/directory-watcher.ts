/**
 * Watches folders only (inotify tells a folder's watcher of every file in it): one watch a folder instead of one a file,
 * which is what makes trees of 100,000 files watchable within a second.
 */
import { type FSWatcher, watch as watchFolder } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { relativePath } from './classify.js';
import type { FileWatcher, FileWatcherOptions } from './types.js';

export function watchDirectories(options: FileWatcherOptions, onError: (error: Error) => void): FileWatcher {
  const watcher = new DirectoryWatcher(options, onError);
  return { ready: watcher.begin(), close: async () => watcher.close() };
}

class DirectoryWatcher {
  readonly #options: FileWatcherOptions;
  readonly #onError: (error: Error) => void;
  readonly #folders = new Map<string, FSWatcher>();
  #closed = false;

  constructor(options: FileWatcherOptions, onError: (error: Error) => void) {
    this.#options = options;
    this.#onError = onError;
  }

  async begin(): Promise<void> {
    await Promise.all(this.#options.roots.map((root) => this.#beginRoot(root)));
  }

  close(): void {
    this.#closed = true;
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }

  /** A file, or something that is not there yet, is seen by watching the nearest folder above it. */
  async #beginRoot(root: string): Promise<void> {
    if (await isFolder(root)) return this.#enter(root, false);
    let above = path.dirname(root);
    while (!(await isFolder(above)) && above !== path.dirname(above)) above = path.dirname(above);
    this.#watch(above);
  }

  /** Watches a folder and all below it; `tell`: what is found in there is new. */
  async #enter(folder: string, tell: boolean): Promise<void> {
    if (this.#closed || this.#folders.has(folder) || !this.#watch(folder)) return;
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    const below: Promise<void>[] = [];
    for (const entry of entries) {
      const file = path.join(folder, entry.name);
      if (this.#options.ignores(file)) continue;
      if (entry.isDirectory()) below.push(this.#enter(file, tell));
      else if (tell) this.#options.onChange({ path: file, kind: 'changed' });
    }
    await Promise.all(below);
  }

  #watch(folder: string): boolean {
    if (this.#folders.has(folder)) return true;
    try {
      const watcher = watchFolder(folder, { persistent: true }, (_type, name) => {
        if (name !== null) void this.#look(path.join(folder, name));
      });
      watcher.on('error', () => this.#leave(folder));
      this.#folders.set(folder, watcher);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#onError(error as Error);
      return false;
    }
  }

  async #look(file: string): Promise<void> {
    if (this.#closed || !this.#isWanted(file) || this.#options.ignores(file)) return;
    const stats = await lstat(file).catch(() => undefined);
    if (this.#closed) return;
    if (!stats) {
      this.#leave(file);
      this.#options.onChange({ path: file, kind: 'removed' });
    } else if (stats.isDirectory()) {
      const known = this.#folders.has(file);
      if (!known) this.#options.onChange({ path: file, kind: 'changed' });
      await this.#enter(file, true);
    } else this.#options.onChange({ path: file, kind: 'changed' });
  }

  /** At a root, below one, or on the way to one that is not there yet. */
  #isWanted(file: string): boolean {
    return this.#options.roots.some(
      (root) => relativePath(root, file) !== undefined || relativePath(file, root) !== undefined,
    );
  }

  #leave(folder: string): void {
    for (const [known, watcher] of this.#folders) {
      if (relativePath(folder, known) === undefined) continue;
      watcher.close();
      this.#folders.delete(known);
    }
  }
}

async function isFolder(file: string): Promise<boolean> {
  return (await lstat(file).catch(() => undefined))?.isDirectory() ?? false;
}
