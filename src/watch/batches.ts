/** Single changes → batches: an editor's save, a checkout of thousands of files. */
import type { FileChange } from './types.js';

export interface BatchLimits {
  /** Quiet that ends a batch of one, ms; grows with the batch, since many changes come from one command. */
  readonly quietMs: number;
  readonly quietMsAtMost: number;
  /** A batch is handed over after this long even when changes keep coming, ms. */
  readonly longestMs: number;
}

export const batchLimits: BatchLimits = { quietMs: 3, quietMsAtMost: 60, longestMs: 3000 };

/**
 * Collects changes until it is asked for them. Those that come while a batch is worked on wait and merge: the last thing
 * that happened to a path counts.
 */
export class Batches {
  readonly #limits: BatchLimits;
  #pending = new Map<string, FileChange>();
  #firstAt = 0;
  #lastAt = 0;
  #wake: () => void = () => undefined;
  #closed = false;

  constructor(limits: BatchLimits = batchLimits) {
    this.#limits = limits;
  }

  add(change: FileChange): void {
    this.#lastAt = performance.now();
    if (this.#pending.size === 0) this.#firstAt = this.#lastAt;
    this.#pending.delete(change.path);
    this.#pending.set(change.path, change);
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** The next batch, never empty; undefined once closed. */
  async next(): Promise<readonly FileChange[] | undefined> {
    for (;;) {
      if (this.#closed) return undefined;
      const waitMs = this.#waitMs();
      if (waitMs !== undefined && waitMs <= 0) break;
      await this.#sleep(waitMs);
    }
    const batch = [...this.#pending.values()];
    this.#pending = new Map();
    return batch;
  }

  /** Until the batch is whole; undefined: nothing there. */
  #waitMs(): number | undefined {
    const { size } = this.#pending;
    if (size === 0) return undefined;
    const now = performance.now();
    const quiet = Math.min(this.#limits.quietMs + (size - 1) / 2, this.#limits.quietMsAtMost);
    return Math.min(this.#lastAt + quiet, this.#firstAt + this.#limits.longestMs) - now;
  }

  #sleep(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, Math.max(1, ms));
      this.#wake = () => {
        if (timer !== undefined && !this.#closed) return; // the time that is left is computed anew at its end
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
