/**
 * Watches folders only (inotify tells a folder's watcher of every file in it): one watch a folder instead of one a file,
 * which is what makes trees of 100,000 files watchable within a second. Symbolic links are files here, never followed
 * below a root; a change of modes is a change.
 */
import { type Dirent, type FSWatcher, readdirSync, type Stats, statSync, watch as watchFolder } from 'node:fs';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { relativePath } from './classify.js';
import { fingerprintOf, lstatOf, statOf } from './scan.js';
import type { FileWatcher, FileWatcherOptions } from './types.js';

export function watchDirectories(options: FileWatcherOptions, onError: (error: Error) => void): FileWatcher {
  const watcher = new DirectoryWatcher(options, onError);
  return { ready: watcher.begin(), close: async () => watcher.close() };
}

interface Folder {
  readonly watcher: FSWatcher;
  /** Tells a folder from another one that took its name. */
  readonly identity: string;
  /** What is in it and wanted; undefined while only its parent's way to a root is looked at. */
  names: Set<string> | undefined;
}

/** Folders that are entered between two turns of the event loop. */
const FOLDERS_A_TURN = 100;
/**
 * The kernel drops events beyond `fs.inotify.max_queued_events` (16,384 by default) without libuv telling of it: behind so
 * many in one go everything is compared once.
 */
const MANY_EVENTS = 4000;
/** So long without events ends such a burst. */
const QUIET_MS = 150;
/** The kernel stamps files by a clock of its own, which may be a tick behind. */
const TICK_MS = 20;

class DirectoryWatcher {
  readonly #options: FileWatcherOptions;
  readonly #onError: (error: Error) => void;
  readonly #folders = new Map<string, Folder>();
  #named = new Set<string>();
  /** What was told in this burst, as it was then. */
  #told = new Map<string, string>();
  #burstBegan = 0;
  #events = 0;
  #burstEnd: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: FileWatcherOptions, onError: (error: Error) => void) {
    this.#options = options;
    this.#onError = onError;
  }

  async begin(): Promise<void> {
    const waiting = this.#options.roots.flatMap((root) => this.#beginRoot(root));
    for (let entered = 1; waiting.length > 0 && !this.#closed; entered += 1) {
      waiting.push(...this.#enter(waiting.pop()!, false));
      if (entered % FOLDERS_A_TURN === 0) await turn();
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#burstEnd);
    for (const { watcher } of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }

  /** The folder above is watched too: it tells of a root that is a file, that comes later, or that is replaced. */
  #beginRoot(root: string): string[] {
    let above = path.dirname(root);
    while (!isFolder(above) && above !== path.dirname(above)) above = path.dirname(above);
    this.#watch(above);
    return isFolder(root) ? [root] : [];
  }

  /** Gives the folders in it, which are to be entered next; `tell`: what is found in there is new. */
  #enter(folder: string, tell: boolean): string[] {
    const known = this.#watch(folder);
    if (!known || known.names) return [];
    known.names = new Set();
    const below: string[] = [];
    for (const entry of entriesOf(folder)) {
      const file = path.join(folder, entry.name);
      if (this.#options.ignores(file)) continue;
      known.names.add(entry.name);
      if (entry.isDirectory()) below.push(file);
      if (tell) this.#tell(file, lstatOf(file));
    }
    return below;
  }

  #enterAll(folder: string): void {
    const waiting = [folder];
    while (waiting.length > 0) waiting.push(...this.#enter(waiting.pop()!, true));
  }

  #watch(folder: string): Folder | undefined {
    const there = this.#folders.get(folder);
    if (there || this.#closed) return there;
    try {
      const stats = statSync(folder);
      const watcher = watchFolder(folder, { persistent: true }, (_type, name) => {
        if (name !== null) this.#note(path.join(folder, name));
      });
      watcher.on('error', () => this.#leave(folder));
      const known: Folder = { watcher, identity: identityOf(stats), names: undefined };
      this.#folders.set(folder, known);
      return known;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') this.#onError(error as Error);
      return undefined;
    }
  }

  /** Several events of one file (made, written, given modes) are one look at it. */
  #note(file: string): void {
    if (this.#closed || !this.#isWanted(file) || this.#options.ignores(file)) return;
    if (this.#named.size === 0) setImmediate(() => this.#lookAtNamed());
    this.#named.add(file);
    this.#countEvent();
  }

  #lookAtNamed(): void {
    const files = this.#named;
    this.#named = new Set();
    if (!this.#closed) for (const file of files) this.#look(file);
  }

  #look(file: string): void {
    const around = this.#folders.get(path.dirname(file));
    if (!around) return; // left meanwhile: the folder above told of it
    const stats = lstatOf(file);
    if (!stats) {
      this.#lookAtGone(file, around);
      return;
    }
    around.names?.add(path.basename(file));
    this.#tell(file, stats);
    if (stats.isDirectory() || this.#options.roots.includes(file)) this.#lookAtFolder(file);
    else this.#leave(file);
  }

  #tell(file: string, stats: Stats | undefined): void {
    if (stats) this.#told.set(file, fingerprintOf(stats));
    this.#options.onChange({ path: file, kind: stats ? 'changed' : 'removed' });
  }

  /** That a folder itself is gone comes from its own watch too, as if it had been in itself. */
  #lookAtGone(file: string, { names }: Folder): void {
    const wasThere = names?.delete(path.basename(file)) ?? true;
    this.#told.delete(file);
    this.#leave(file);
    if (wasThere) this.#options.onChange({ path: file, kind: 'removed' });
  }

  #lookAtFolder(folder: string): void {
    const stats = statOf(folder);
    if (!stats?.isDirectory()) {
      this.#leave(folder);
      return;
    }
    const known = this.#folders.get(folder);
    if (known && known.identity !== identityOf(stats)) this.#leave(folder);
    this.#enterAll(folder);
  }

  /** At a root, below one, or on the way to one that is not there yet. */
  #isWanted(file: string): boolean {
    return this.#options.roots.some(
      (root) => relativePath(root, file) !== undefined || relativePath(file, root) !== undefined,
    );
  }

  #leave(folder: string): void {
    if (!this.#folders.has(folder)) return;
    for (const [known, { watcher }] of this.#folders) {
      if (relativePath(folder, known) === undefined) continue;
      watcher.close();
      this.#folders.delete(known);
    }
  }

  #countEvent(): void {
    if (this.#events === 0) this.#burstBegan = Date.now();
    this.#events += 1;
    if (this.#burstEnd) this.#burstEnd.refresh();
    else this.#burstEnd = setTimeout(() => this.#endBurst(), QUIET_MS).unref();
  }

  #endBurst(): void {
    const many = this.#events >= MANY_EVENTS;
    this.#burstEnd = undefined;
    this.#events = 0;
    if (many) this.#compare(this.#burstBegan - TICK_MS);
    this.#told = new Map();
  }

  /** Everything that changed since then and was not told as it is now. */
  #compare(sinceMs: number): void {
    for (const [folder, { names }] of [...this.#folders]) {
      if (!names) continue;
      const present = new Set(entriesOf(folder).map((entry) => entry.name));
      for (const name of names) if (!present.has(name)) this.#look(path.join(folder, name));
      for (const name of present) {
        const file = path.join(folder, name);
        if (this.#options.ignores(file)) continue;
        const stats = lstatOf(file);
        // A folder's own times change with every file in it.
        if (!stats || (names.has(name) && (stats.isDirectory() || stats.ctimeMs < sinceMs))) continue;
        if (this.#told.get(file) !== fingerprintOf(stats)) this.#look(file);
      }
    }
  }
}

const identityOf = ({ dev, ino, birthtimeMs }: Stats) => `${dev} ${ino} ${birthtimeMs}`;

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // it is gone, or may not be read
  }
}

function isFolder(file: string): boolean {
  return statOf(file)?.isDirectory() ?? false;
}
