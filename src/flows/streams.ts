/**
 * What an engine sends without end: logs and events. When it goes away in between (killed, stopped, updated) it is
 * started again and the stream goes on behind the last thing that came, so nothing is lost or told twice.
 */
import type { EngineEvent } from '../engine/answers.js';
import { containerLogs, inspectContainer, type LogOptions } from '../engine/containers.js';
import { isConnectionError, isStatus } from '../engine/errors.js';
import { linesOf } from '../engine/streams.js';
import { subscribeEvents } from '../engine/system.js';
import type { Session } from './session.js';

export interface StampedLine {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  /** RFC 3339 with nanoseconds. */
  readonly timestamp: string;
}

export interface FollowOptions extends Omit<LogOptions, 'timestamps'> {
  readonly tty: boolean;
  readonly signal?: AbortSignal;
}

/** A container's lines; with `follow` until it ends. */
export async function* readLogs(session: Session, id: string, options: FollowOptions): AsyncGenerator<StampedLine> {
  let from: Pick<LogOptions, 'since' | 'tail'> = options;
  for (;;) {
    const engine = await session.engine();
    let last: string | undefined;
    try {
      for await (const { stream, text } of linesOf(
        containerLogs(engine, id, { ...options, ...from, timestamps: true }),
      )) {
        const at = text.indexOf(' ');
        const timestamp = at < 0 ? text : text.slice(0, at);
        last = timestamp;
        yield { stream, text: at < 0 ? '' : text.slice(at + 1), timestamp };
      }
      if (!options.follow || !(await stillRuns(session, id))) return;
    } catch (error) {
      if (options.signal?.aborted) return;
      if (!options.follow || !isConnectionError(error)) throw error;
      await session.reconnect(engine);
    }
    if (last !== undefined) from = { since: justAfter(last), tail: 'all' };
  }
}

/** A log ends with its container; one that ends while the container runs ended with its engine. */
async function stillRuns(session: Session, id: string): Promise<boolean> {
  const engine = await session.engine();
  try {
    return (await inspectContainer(engine, id)).State.Running;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    if (!isConnectionError(error)) throw error;
    await session.reconnect(engine);
    return true;
  }
}

/** Unix seconds one nanosecond behind an RFC 3339 time. */
export function justAfter(timestamp: string): string {
  return unixSeconds(nanoseconds(timestamp) + 1n);
}

/** Unix seconds of an RFC 3339 time. */
export function atOrAfter(timestamp: string): string {
  return unixSeconds(nanoseconds(timestamp));
}

function nanoseconds(timestamp: string): bigint {
  const [, whole, fraction = ''] = /^(.+?)(?:\.(\d+))?Z$/.exec(timestamp) ?? [undefined, timestamp];
  return BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}

export function unixSeconds(ns: bigint): string {
  return `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
}

export interface EventScope {
  readonly filters: Readonly<Record<string, readonly string[]>>;
  readonly sinceNs: bigint;
  readonly signal: AbortSignal;
}

/** Events from a moment on, until `signal` ends it. */
export async function* readEvents(
  session: Session,
  { filters, sinceNs, signal }: EventScope,
): AsyncGenerator<EngineEvent> {
  let from = sinceNs;
  while (!signal.aborted) {
    const engine = await session.engine();
    try {
      for await (const event of await subscribeEvents(engine, filters, { since: unixSeconds(from), signal })) {
        from = BigInt(Math.max(event.timeNano, 0)) + 1n;
        yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isConnectionError(error)) throw error;
    }
    if (!signal.aborted) await session.reconnect(engine);
  }
}
