/**
 * Chooses how to watch: by inotify on folders where that serves; else by chokidar, which looks again and again where inotify
 * is used up or tells of nothing.
 */
import { readdir, statfs } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { watchByChokidar } from './chokidar-watcher.js';
import { watchDirectories } from './directory-watcher.js';
import type { FileWatcher, FileWatcherOptions } from './types.js';

/** Between two looks at a file, ms: at least this, and this much for each file, so that looking takes a part of one core. */
const POLL_MS = 300;
const POLL_MS_A_FILE = 0.1;

/** Never throws for a path that is missing or may not be read. */
export function watchFiles(options: FileWatcherOptions): FileWatcher {
  const watcher = new ChosenWatcher(options);
  return { ready: watcher.begin(), close: () => watcher.close() };
}

/** Magic numbers (statfs(2)) of file systems that another machine or program writes, of which inotify tells nothing. */
const sharedFileSystems: ReadonlySet<number> = new Set([
  0x01021997, // 9p (WSL)
  0x786f4256, // VirtualBox
  0x7c7c6673, // Parallels
  0x00006969, // NFS
  0x65735546, // FUSE, virtiofs
  0xff534d42, // CIFS
  0xfe534d42, // SMB 2
]);

class ChosenWatcher {
  readonly #options: FileWatcherOptions;
  #current: FileWatcher | undefined;
  #polling: Promise<void> | undefined;
  #closed = false;

  constructor(options: FileWatcherOptions) {
    this.#options = options;
  }

  async begin(): Promise<void> {
    const shared = await this.#findShared();
    if (this.#closed) return;
    if (shared !== undefined) return this.#poll(`${shared} is a file system whose changes no event tells`);
    const onError = (error: Error) => this.#onError(error);
    this.#current =
      process.platform === 'linux'
        ? watchDirectories(this.#options, onError)
        : watchByChokidar(this.#options, undefined, onError);
    await this.#current.ready;
    await this.#polling;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#current?.close();
  }

  async #findShared(): Promise<string | undefined> {
    for (const root of this.#options.roots) {
      const type = await statfs(root).then(
        (stats) => stats.type,
        () => 0,
      );
      if (sharedFileSystems.has(type)) return root;
    }
    return undefined;
  }

  /** Out of inotify watches (ENOSPC) or instances (EMFILE): slower is better than not. */
  #onError(error: NodeJS.ErrnoException): void {
    if (this.#closed || this.#polling) return;
    const limit = error.code === 'ENOSPC' ? 'max_user_watches' : error.code === 'EMFILE' ? 'max_user_instances' : '';
    if (limit === '') {
      this.#options.onNotice(`watching files: ${error.message}`);
      return;
    }
    const value = limit === 'max_user_watches' ? 524288 : 1024;
    const remedy = `sudo sysctl fs.inotify.${limit}=${value} mends it`;
    // What found it may be in the middle of its first look.
    this.#polling = turn().then(() => this.#poll('The machine has no inotify watches left', remedy));
  }

  async #poll(why: string, remedy?: string): Promise<void> {
    await this.#current?.close();
    const intervalMs = Math.max(POLL_MS, Math.round((await countFiles(this.#options)) * POLL_MS_A_FILE));
    if (this.#closed) return;
    const tell = (error: Error) => this.#options.onNotice(`watching files: ${error.message}`);
    this.#current = watchByChokidar(this.#options, intervalMs, tell);
    const slower = `${why}: files are looked at every ${intervalMs} ms instead, which is slower.`;
    this.#options.onNotice(remedy === undefined ? slower : `${slower} ${remedy}.`);
    await this.#current.ready;
  }
}

async function countFiles({ roots, ignores }: FileWatcherOptions): Promise<number> {
  let count = 0;
  const waiting = [...roots];
  while (waiting.length > 0) {
    const folder = waiting.pop()!;
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const file = path.join(folder, entry.name);
      if (ignores(file)) continue;
      count += 1;
      if (entry.isDirectory()) waiting.push(file);
    }
  }
  return count;
}
