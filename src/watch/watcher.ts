/** Chooses how to watch: chokidar; folders alone where a tree is too large for it; polling where inotify is used up. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { watchDirectories } from './directory-watcher.js';
import type { FileChange, FileWatcher, FileWatcherOptions } from './types.js';

/** chokidar holds a watch and about 10 kB a file: beyond this many files only folders are watched. */
const FILES_FOR_CHOKIDAR = 2000;
const POLL_MS = 300;

/** Never throws for a path that is missing or may not be read. */
export function watchFiles(options: FileWatcherOptions): FileWatcher {
  const watcher = new ChosenWatcher(options);
  return { ready: watcher.begin(), close: () => watcher.close() };
}

class ChosenWatcher {
  readonly #options: FileWatcherOptions;
  #current: FileWatcher | undefined;
  #polls = false;
  #polling: Promise<void> | undefined;
  #giveUp: () => void = () => undefined;
  #closed = false;

  constructor(options: FileWatcherOptions) {
    this.#options = options;
  }

  async begin(): Promise<void> {
    const few = await hasFewFiles(this.#options);
    if (this.#closed) return;
    const onError = (error: Error) => this.#onError(error);
    const gaveUp = new Promise<void>((resolve) => {
      this.#giveUp = resolve;
    });
    this.#current = few
      ? await watchWithChokidar(this.#options, false, onError)
      : watchDirectories(this.#options, onError);
    // A watcher that ran out of watches may never be ready.
    await Promise.race([this.#current.ready, gaveUp]);
    await this.#polling;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#current?.close();
  }

  /** Out of inotify watches (ENOSPC) or instances (EMFILE): slower is better than not. */
  #onError(error: NodeJS.ErrnoException): void {
    if (this.#closed || this.#polls) return;
    const limit = error.code === 'ENOSPC' ? 'max_user_watches' : error.code === 'EMFILE' ? 'max_user_instances' : '';
    if (limit === '') {
      this.#options.onNotice(`watching files: ${error.message}`);
      return;
    }
    this.#polls = true;
    const value = limit === 'max_user_watches' ? 524288 : 1024;
    this.#options.onNotice(
      `The machine has no inotify watches left: files are looked at every ${POLL_MS} ms instead, which is slower. ` +
        `sudo sysctl fs.inotify.${limit}=${value} mends it.`,
    );
    this.#polling = this.#poll();
    this.#giveUp();
  }

  async #poll(): Promise<void> {
    await this.#current?.close();
    if (this.#closed) return;
    this.#current = await watchWithChokidar(this.#options, true, (error) => this.#options.onNotice(error.message));
    await this.#current.ready;
  }
}

async function watchWithChokidar(
  { roots, ignores, onChange }: FileWatcherOptions,
  usePolling: boolean,
  onError: (error: Error) => void,
): Promise<FileWatcher> {
  const { watch } = await import('chokidar');
  // Saves that replace a file are told as they happen: batches put their parts together.
  const watcher = watch([...roots], {
    ignored: (file) => ignores(file),
    ignoreInitial: true,
    followSymlinks: false,
    atomic: false,
    usePolling,
    interval: POLL_MS,
    binaryInterval: POLL_MS,
  });
  const tell = (kind: FileChange['kind']) => (file: string) => onChange({ path: path.resolve(file), kind });
  watcher
    .on('add', tell('changed'))
    .on('change', tell('changed'))
    .on('addDir', tell('changed'))
    .on('unlink', tell('removed'))
    .on('unlinkDir', tell('removed'))
    .on('error', (error) => onError(error as Error));
  const ready = new Promise<void>((resolve) => watcher.once('ready', () => resolve()));
  return { ready, close: () => watcher.close() };
}

/** Counts no further than it must. */
async function hasFewFiles({ roots, ignores }: FileWatcherOptions): Promise<boolean> {
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
    if (count > FILES_FOR_CHOKIDAR) return false;
  }
  return true;
}
