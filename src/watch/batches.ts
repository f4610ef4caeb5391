/** Single changes → batches: an editor's save, a checkout of thousands of files. */
import type { FileChange } from './types.js';

export interface BatchLimits {
  /** Quiet that ends a batch, ms: so many times the longest pause within it, and at least and at most this. */
  readonly quietMs: number;
  readonly quietMsAtMost: number;
  readonly pauses: number;
  /** A batch is handed over after this long even when changes keep coming, ms. */
  readonly longestMs: number;
  /** The same while somebody is known to be in the middle of it. */
  readonly busyQuietMs: number;
  readonly busyLongestMs: number;
}

const batchLimits: BatchLimits = {
  quietMs: 3,
  quietMsAtMost: 60,
  pauses: 3,
  longestMs: 3000,
  busyQuietMs: 200,
  busyLongestMs: 30_000,
};

/** How often it is asked whether somebody is still at it, ms. */
const BUSY_LOOK_MS = 10;

/**
 * Collects changes until it is asked for them. Those that come while a batch is worked on wait and merge: the last thing
 * that happened to a path counts.
 */
export class Batches {
  readonly #limits: BatchLimits;
  readonly #isBusy: () => boolean;
  #pending = new Map<string, FileChange>();
  #firstAt = 0;
  #lastAt = 0;
  #longestPauseMs = 0;
  #wake: () => void = () => undefined;
  #closed = false;

  /** `isBusy`: a program is known to be in the middle of its changes, so that a pause is no end. */
  constructor(isBusy: () => boolean = () => false, limits: BatchLimits = batchLimits) {
    this.#limits = limits;
    this.#isBusy = isBusy;
  }

  add(change: FileChange): void {
    const now = performance.now();
    if (this.#pending.size === 0) {
      this.#firstAt = now;
      this.#longestPauseMs = 0;
    } else this.#longestPauseMs = Math.max(this.#longestPauseMs, now - this.#lastAt);
    this.#lastAt = now;
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
    if (this.#pending.size === 0) return undefined;
    const { quietMs, quietMsAtMost, pauses, longestMs, busyQuietMs, busyLongestMs } = this.#limits;
    const quiet = Math.min(Math.max(quietMs, this.#longestPauseMs * pauses), quietMsAtMost);
    const waitMs = this.#left(quiet, longestMs);
    if (waitMs > 0 || !this.#isBusy()) return waitMs;
    return Math.min(this.#left(busyQuietMs, busyLongestMs), BUSY_LOOK_MS);
  }

  #left(quietMs: number, longestMs: number): number {
    return Math.min(this.#lastAt + quietMs, this.#firstAt + longestMs) - performance.now();
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
