import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 4;

/** Lets others have their turn in long work that never waits by itself: nobody waits much longer than a slice. */
export class Breath {
  private since = performance.now();

  /** Undefined while there is time left, so that short work stays in one go. */
  take(): Promise<void> | undefined {
    return performance.now() - this.since > SLICE_MS ? this.pause() : undefined;
  }

  private async pause(): Promise<void> {
    await setImmediate();
    this.since = performance.now();
  }
}
