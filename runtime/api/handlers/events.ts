/** `GET /events`: what happened since, then what happens, until. */
import type { Engine } from '../../engine/engine.js';
import { matchesEvent } from '../../engine/event-filters.js';
import type { EngineEvent } from '../../engine/events.js';
import { Filters } from '../../engine/filters.js';
import { nowNs } from '../../engine/time.js';
import { parseUnixTime } from '../../engine/timestamp.js';
import { EngineError } from '../../errors.js';
import { encodeEvent } from '../encode/events.js';
import { type Call, type Route, streamed } from '../routes.js';
import { openStream } from '../streams.js';

/** A client that reads nothing while this many bytes wait for it is cut off. */
const backlogLimitBytes = 8 * 1024 * 1024;

export function eventRoutes(engine: Engine): Route[] {
  return [{ method: 'GET', path: '/events', handle: (call) => follow(engine, call) }];
}

function untilReached(untilNs: bigint | undefined, call: Call): Promise<void> {
  return new Promise((resolve) => {
    call.signal.addEventListener('abort', () => resolve());
    if (call.signal.aborted) resolve();
    if (untilNs === undefined) return;
    const waitMs = Math.max(0, Number((untilNs - nowNs()) / 1_000_000n));
    const timer = setTimeout(resolve, Math.min(waitMs, 2 ** 31 - 1));
    call.signal.addEventListener('abort', () => clearTimeout(timer));
  });
}

async function follow(engine: Engine, call: Call): Promise<typeof streamed> {
  const now = nowNs();
  const [since, until] = [call.query.text('since'), call.query.text('until')];
  const sinceNs = parseUnixTime(since);
  const untilNs = parseUnixTime(until);
  if (sinceNs !== undefined && untilNs !== undefined && sinceNs > untilNs)
    throw new EngineError('invalid', `\`since\` time (${since}) cannot be after \`until\` time (${until})`);
  const filters = Filters.parse(call.query.text('filters'));
  const out = openStream(call, 'application/json');
  const send = (event: EngineEvent) => {
    if (!matchesEvent(event, filters)) return;
    out.write(`${encodeEvent(event)}\n`);
    if (out.writableLength > backlogLimitBytes) out.destroy();
  };
  const stop = engine.events.subscribe(send);
  if (sinceNs !== undefined || untilNs !== undefined)
    for (const event of engine.events.history(sinceNs ?? now, untilNs)) send(event);
  await untilReached(untilNs, call);
  stop();
  out.end();
  return streamed;
}
