/** An engine that nobody needs leaves by itself. */

export interface IdleOptions {
  /** 0: never. */
  readonly limitMs: number;
  /** Milliseconds since the last client went, 0 while one is there. */
  readonly quietMs: () => number;
  /** Whether containers need it. */
  readonly isNeeded: () => boolean;
  readonly leave: () => void;
}

/** Looks a few times within the limit; what it asks for costs nothing. */
export function leaveWhenIdle({ limitMs, quietMs, isNeeded, leave }: IdleOptions): void {
  if (limitMs <= 0) return;
  let neededAt = performance.now();
  const timer = setInterval(
    () => {
      if (isNeeded()) neededAt = performance.now();
      if (Math.min(quietMs(), performance.now() - neededAt) < limitMs) return;
      clearInterval(timer);
      leave();
    },
    Math.max(20, limitMs / 10),
  );
}

/**
 * Does `work`, which holds everything up for a while, once: when no client has been there for a second, looked at every
 * `everyMs`. Returns what does it at once unless it is done.
 */
export function onceQuiet(everyMs: number, quietMs: () => number, work: () => void): () => void {
  let isDone = false;
  const doIt = () => {
    clearInterval(timer);
    if (!isDone) work();
    isDone = true;
  };
  const timer = setInterval(() => {
    if (quietMs() >= 1000) doIt();
  }, everyMs);
  timer.unref();
  return doIt;
}

/** `DEVENV_ENGINE_IDLE_SECONDS`, 15 when it is not said or is no number. */
export function idleLimitMs(text: string | undefined): number {
  const seconds = text === undefined || text.trim() === '' ? 15 : Number(text);
  return Number.isFinite(seconds) ? seconds * 1000 : 15_000;
}
