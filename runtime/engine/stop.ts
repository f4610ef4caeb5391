/** Ends a container: its stop signal, then, when its time is over, SIGKILL. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../errors.js';
import type { Container } from './container.js';
import { repeatWhenHeard } from './deaf.js';
import type { Engine } from './engine.js';
import { dropKept, keepForRestart } from './kept.js';
import { afterStart, giveUpRestart, sendSignal, stopSignalOf } from './kill.js';
import { signalNumber } from './signals.js';
import { startLocked } from './start.js';

export interface StopOptions {
  /** Seconds; -1 waits for ever. Undefined: the container's own, else 10. */
  readonly timeoutSeconds: number | undefined;
  readonly signal: string | undefined;
}

const DEFAULT_TIMEOUT_SECONDS = 10;
const SIGKILL = 9;

/** Throws `not-modified` when it does not run, `invalid` for a signal that is none. */
export async function stopContainer(engine: Engine, container: Container, options: StopOptions): Promise<void> {
  await afterStart(container);
  if (!container.isRunning) throw new EngineError('not-modified', 'container is already stopped');
  await end(engine, container, options);
  engine.tell(container, 'stop');
}

async function end(engine: Engine, container: Container, options: StopOptions): Promise<void> {
  const signal = options.signal ? signalNumber(options.signal) : stopSignalOf(container);
  if (container.record.state.Restarting) return giveUpRestart(engine, container);
  const { settled } = container;
  container.endingByHand = true;
  const seconds = options.timeoutSeconds ?? container.record.config.StopTimeout ?? DEFAULT_TIMEOUT_SECONDS;
  await sendSignal(engine, container, signal);
  if (seconds !== 0) void repeatWhenHeard(container, signal, settled).catch(() => undefined);
  if (seconds >= 0 && !(await settlesWithin(settled, seconds * 1000))) await sendSignal(engine, container, SIGKILL);
  await settled;
}

async function settlesWithin(settled: Promise<void>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  try {
    return await Promise.race([
      settled.then(() => true),
      sleep(ms, false, { signal: timer.signal }).catch(() => false),
    ]);
  } finally {
    timer.abort();
  }
}

/** Ends it when it runs, and starts it. */
export async function restartContainer(engine: Engine, container: Container, options: StopOptions): Promise<void> {
  await container.lock.run(() =>
    restartLocked(engine, container, options).finally(() => dropKept(engine, container).catch(() => undefined)),
  );
  engine.tell(container, 'restart');
}

async function restartLocked(engine: Engine, container: Container, options: StopOptions): Promise<void> {
  if (container.isRunning) {
    await keepForRestart(engine, container);
    // An `--rm` container would be removed between the two.
    await withoutAutoRemove(engine, container, () => end(engine, container, options));
    engine.tell(container, 'stop');
  }
  await startLocked(engine, container);
}

async function withoutAutoRemove(engine: Engine, container: Container, work: () => Promise<void>): Promise<void> {
  const { hostConfig } = container.record;
  if (!hostConfig.AutoRemove) return work();
  await engine.save(container, { hostConfig: { ...hostConfig, AutoRemove: false } });
  try {
    await work();
  } finally {
    await engine.save(container, { hostConfig: { ...container.record.hostConfig, AutoRemove: true } });
  }
}
