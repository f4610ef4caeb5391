/**
 * Watches by chokidar: by looking again and again (`intervalMs`) or, other than on Linux, by what the system tells. What
 * chokidar leaves out is added from its raw events: modes and times that go back, symbolic links (they are told here alone,
 * since chokidar knows those that lead somewhere only), and a folder or a file that took the other's name.
 */
import { existsSync, readdirSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import path from 'node:path';
import type { FSWatcher } from 'chokidar';
import { relativePath } from './classify.js';
import { lstatOf, statOf } from './scan.js';
import type { FileChange, FileWatcher, FileWatcherOptions } from './types.js';

/** `intervalMs`: between two looks at a file; undefined: the system tells. */
export function watchByChokidar(
  options: FileWatcherOptions,
  intervalMs: number | undefined,
  onError: (error: Error) => void,
): FileWatcher {
  const watcher = new ChokidarWatcher(options, intervalMs, onError);
  return { ready: watcher.begin(), close: () => watcher.close() };
}

/** What `fs.watch` and `fs.watchFile` tell chokidar. */
interface RawDetails {
  readonly watchedPath?: string;
  readonly curr?: Stats;
  readonly prev?: Stats;
}

/** Between the first event in a folder and the look at its links, ms: many events are one look. */
const LINKS_MS = 50;
/** A new folder that chokidar has not entered by then it takes for the file that had its name, ms. */
const UNSEEN_MS = 200;

class ChokidarWatcher {
  readonly #options: FileWatcherOptions;
  readonly #intervalMs: number | undefined;
  readonly #onError: (error: Error) => void;
  /** Where roots really are → their names: a root may be, or be behind, a link. */
  readonly #places = new Map<string, Set<string>>();
  /** Folder → name of a link → where it leads. */
  readonly #links = new Map<string, Map<string, string>>();
  #foldersToLookAt = new Set<string>();
  #watcher: FSWatcher | undefined;
  #isReady = false;
  #end: () => void = () => undefined;

  constructor(options: FileWatcherOptions, intervalMs: number | undefined, onError: (error: Error) => void) {
    this.#options = options;
    this.#intervalMs = intervalMs;
    this.#onError = onError;
  }

  async begin(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    const { watch } = await import('chokidar');
    const tops = topmost(this.#options.roots.flatMap((root) => this.#locate(root)));
    const watcher = watch(tops, {
      ignored: (file, stats) => (stats?.isSymbolicLink() ?? false) || !this.#isOnTheWay(file),
      followSymlinks: false,
      ignorePermissionErrors: true,
      // Saves that replace a file are told as they happen: batches put their parts together.
      atomic: false,
      // One that it was still adding when it was closed stays, and must not keep the process.
      persistent: this.#intervalMs === undefined,
      usePolling: this.#intervalMs !== undefined,
      ...(this.#intervalMs === undefined ? {} : { interval: this.#intervalMs, binaryInterval: this.#intervalMs }),
    });
    this.#watcher = watcher;
    this.#listen(watcher);
    await Promise.race([new Promise<void>((resolve) => watcher.once('ready', () => resolve())), ended]);
    this.#isReady = true;
  }

  async close(): Promise<void> {
    this.#isReady = false;
    this.#end(); // one that is out of what the system gives may never be ready
    await this.#watcher?.close();
  }

  #listen(watcher: FSWatcher): void {
    watcher
      .on('add', (file) => this.#tell(file, 'changed'))
      .on('change', (file) => this.#tell(file, 'changed'))
      .on('addDir', (folder) => this.#enter(folder))
      .on('unlink', (file) => this.#leave(file))
      .on('unlinkDir', (folder) => this.#leave(folder))
      .on('raw', (_event, file, details) => this.#lookAtRaw(file, details as RawDetails))
      .on('error', (error) => this.#onError(error as Error));
  }

  /** Remembers where a root is; gives the folders to watch for it, which tell of it when it comes later or is replaced. */
  #locate(root: string): string[] {
    const itself = path.join(realOf(path.dirname(root)), path.basename(root));
    return [itself, realOf(root)].map((place) => {
      this.#places.set(place, (this.#places.get(place) ?? new Set()).add(root));
      let above = path.dirname(place);
      while (!isFolder(above) && above !== path.dirname(above)) above = path.dirname(above);
      return above;
    });
  }

  /** What a path is called below the roots; none: of no interest. */
  #namesOf(file: string): string[] {
    const names = new Set<string>();
    for (const [place, roots] of this.#places) {
      const below = relativePath(place, file);
      if (below !== undefined) for (const root of roots) names.add(path.join(root, below));
    }
    return [...names].filter((name) => !this.#options.ignores(name));
  }

  #isOnTheWay(file: string): boolean {
    for (const place of this.#places.keys()) if (relativePath(file, place) !== undefined) return true;
    return this.#namesOf(file).length > 0;
  }

  #tell(file: string, kind: FileChange['kind']): void {
    if (!this.#isReady) return;
    for (const name of this.#namesOf(file)) {
      // A folder that is gone is one change, however much was in it.
      if (kind === 'removed' && !this.#options.roots.includes(name) && !existsSync(path.dirname(file))) continue;
      this.#options.onChange({ path: name, kind });
    }
  }

  #enter(folder: string): void {
    this.#tell(folder, 'changed');
    this.#links.set(folder, new Map());
    this.#lookAtLinks(folder);
  }

  /** What took the place of the other kind (a file of a folder) is told as gone, and is not watched. */
  #leave(file: string): void {
    this.#links.delete(file);
    const stats = lstatOf(file);
    if (!stats) this.#tell(file, 'removed');
    else if (!stats.isSymbolicLink()) this.#beginSoon(file);
  }

  #lookAtRaw(file: string, { watchedPath, curr, prev }: RawDetails): void {
    if (!this.#isReady) return;
    if (curr && prev) this.#lookAtStats(file, curr, prev);
    else if (watchedPath !== undefined) this.#lookAtNamed(watchedPath, file);
  }

  /** chokidar goes by sizes and by times that are later. */
  #lookAtStats(file: string, curr: Stats, prev: Stats): void {
    if (curr.nlink === 0) return; // gone: chokidar tells
    const isFolder = curr.isDirectory();
    if (isFolder !== prev.isDirectory() || (isFolder && (curr.mtimeMs < prev.mtimeMs || curr.ino !== prev.ino)))
      this.#beginSoon(file);
    if (isFolder) this.#lookAtLinksSoon(file);
    if (!isFolder || curr.mode !== prev.mode) this.#tell(file, 'changed');
  }

  /** `name` in the folder or of the file that is watched; null where the system does not say. */
  #lookAtNamed(watched: string, name: string | null): void {
    const file = [path.join(watched, name ?? ''), watched].find(lstatOf);
    const stats = file === undefined ? undefined : lstatOf(file);
    if (stats?.isFile()) this.#tell(file!, 'changed');
    if (stats?.isDirectory()) setTimeout(() => this.#enterIfUnseen(file!), UNSEEN_MS).unref();
    this.#lookAtLinksSoon(watched);
    this.#lookAtLinksSoon(path.dirname(watched));
  }

  /** chokidar does not see that a file became a folder. */
  #enterIfUnseen(folder: string): void {
    const isSeen = this.#links.has(folder) || this.#namesOf(folder).length === 0;
    if (!isSeen && isFolder(folder)) this.#beginSoon(folder);
  }

  /** Watches a path anew, once chokidar has called the listeners that this removes. */
  #beginSoon(file: string): void {
    setImmediate(() => {
      if (this.#isReady) this.#watcher?.unwatch(file).add(file);
    });
  }

  #lookAtLinksSoon(folder: string): void {
    if (!this.#links.has(folder)) return;
    if (this.#foldersToLookAt.size === 0)
      setTimeout(() => {
        const folders = this.#foldersToLookAt;
        this.#foldersToLookAt = new Set();
        for (const one of folders) this.#lookAtLinks(one);
      }, LINKS_MS).unref();
    this.#foldersToLookAt.add(folder);
  }

  #lookAtLinks(folder: string): void {
    const before = this.#links.get(folder);
    if (!before) return;
    const now = linksIn(folder);
    this.#links.set(folder, now);
    for (const [name, target] of now)
      if (before.get(name) !== target) this.#lookAtLink(path.join(folder, name), 'changed');
    for (const name of before.keys())
      if (!now.has(name)) {
        const file = path.join(folder, name);
        this.#lookAtLink(file, lstatOf(file) ? 'changed' : 'removed');
      }
  }

  /** A root that is a link may lead elsewhere now. */
  #lookAtLink(link: string, kind: FileChange['kind']): void {
    this.#tell(link, kind);
    if (this.#isReady)
      for (const root of this.#places.get(link) ?? [])
        for (const above of this.#locate(root)) this.#watcher?.add(above);
  }
}

/** Follows the links of all that is there of a path. */
function realOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    const above = path.dirname(file);
    return above === file ? file : path.join(realOf(above), path.basename(file));
  }
}

/** Without folders that are below another one. */
function topmost(folders: readonly string[]): string[] {
  const all = [...new Set(folders)];
  return all.filter((one) => !all.some((other) => other !== one && relativePath(other, one) !== undefined));
}

function linksIn(folder: string): Map<string, string> {
  const links = new Map<string, string>();
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isSymbolicLink()) links.set(entry.name, readlinkSync(path.join(folder, entry.name)));
  } catch {
    // It is gone, and chokidar tells of that, or may not be read.
  }
  return links;
}

function isFolder(file: string): boolean {
  return statOf(file)?.isDirectory() ?? false;
}
