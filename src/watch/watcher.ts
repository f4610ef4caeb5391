/** Chooses how to watch: by inotify on folders; by looking again and again where inotify is used up or tells of nothing. */
import { statfs } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { watchDirectories } from './directory-watcher.js';
import { pollFiles, pollMs } from './poller.js';
import type { FileWatcher, FileWatcherOptions } from './types.js';

/** Never throws for a path that is missing or may not be read. */
export function watchFiles(options: FileWatcherOptions): FileWatcher {
  const watcher = new ChosenWatcher(options);
  return { ready: watcher.begin(), close: () => watcher.close() };
}

/** Magic numbers of file systems whose other side is written by another machine (statfs(2)): 9p (WSL), VirtualBox, Parallels. */
const sharedFileSystems: ReadonlySet<number> = new Set([0x01021997, 0x786f4256, 0x7c7c6673]);

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
    if (shared !== undefined) return this.#poll(`${shared} is shared by another machine, whose changes no event tells`);
    this.#current = watchDirectories(this.#options, (error) => this.#onError(error));
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
    if (this.#closed) return;
    this.#current = pollFiles(this.#options);
    const slower = `${why}: files are looked at every ${pollMs} ms instead, which is slower.`;
    this.#options.onNotice(remedy === undefined ? slower : `${slower} ${remedy}.`);
    await this.#current.ready;
  }
}
