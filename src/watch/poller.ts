/** Looks at every file again and again, where the kernel tells of none: inotify is used up, or the tree is another machine's. */
import { type Dirent, lstatSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fingerprintOf } from './scan.js';
import type { FileWatcher, FileWatcherOptions } from './types.js';

/** Between two looks, ms. */
export const pollMs = 300;
/** At most this part of the time goes into looking. */
const SHARE = 10;
const FILES_A_TURN = 1000;

export function pollFiles(options: FileWatcherOptions): FileWatcher {
  const poller = new Poller(options);
  return { ready: poller.begin(), close: async () => poller.close() };
}

class Poller {
  readonly #options: FileWatcherOptions;
  /** Path → fingerprint. */
  #known = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: FileWatcherOptions) {
    this.#options = options;
  }

  async begin(): Promise<void> {
    const began = performance.now();
    this.#known = await this.#look();
    this.#lookLater(performance.now() - began);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #lookLater(tookMs: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#compare(), Math.max(pollMs, tookMs * SHARE));
  }

  async #compare(): Promise<void> {
    const began = performance.now();
    const before = this.#known;
    const now = await this.#look();
    if (this.#closed) return;
    this.#known = now;
    for (const [file, print] of now)
      if (before.get(file) !== print) this.#options.onChange({ path: file, kind: 'changed' });
    const isGone = (file: string) => before.has(file) && !now.has(file);
    for (const file of before.keys())
      if (isGone(file) && !isGone(path.dirname(file))) this.#options.onChange({ path: file, kind: 'removed' });
    this.#lookLater(performance.now() - began);
  }

  async #look(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    const roots = new Set(this.#options.roots);
    const waiting = [...roots];
    for (let looks = 1; waiting.length > 0 && !this.#closed; looks += 1) {
      const file = waiting.pop()!;
      const stats = (roots.has(file) ? statSync : lstatSync)(file, { throwIfNoEntry: false });
      // A folder's own times change with every file in it.
      if (stats) found.set(file, stats.isDirectory() ? `${stats.mode}` : fingerprintOf(stats));
      if (stats?.isDirectory())
        for (const { name } of entriesOf(file)) {
          const below = path.join(file, name);
          if (!this.#options.ignores(below)) waiting.push(below);
        }
      if (looks % FILES_A_TURN === 0) await turn();
    }
    return found;
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
