/** How long the engine's one thread was held up, for whoever measures it. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../../errors.js';
import { type Answer, type Call, ok } from '../routes.js';

const defaultMs = 1000;
const longestMs = 600_000;
/** A timer of this many milliseconds is watched: what it is late is what any other request would have waited. */
const resolution = 5;

/**
 * `GET /devenv/event-loop?ms=N`: watches for so long and answers `{maxMs, p99Ms, meanMs}`, the lateness of a timer in
 * milliseconds. Nothing is watched while nobody asks. Throws `invalid` for a time that is none.
 */
export async function watchEventLoop(call: Call): Promise<Answer> {
  const ms = call.query.int('ms') ?? defaultMs;
  if (ms < 1 || ms > longestMs)
    throw new EngineError('invalid', `invalid ms: ${ms}: it must be between 1 and ${longestMs}`);
  const delays = monitorEventLoopDelay({ resolution });
  delays.enable();
  await sleep(ms, undefined, { signal: call.signal }).catch(() => undefined);
  delays.disable();
  const late = (ns: number) => Math.max(0, ns / 1e6 - resolution);
  return ok({ maxMs: late(delays.max), p99Ms: late(delays.percentile(99)), meanMs: late(delays.mean) });
}
