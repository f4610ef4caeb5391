import { subscribeEvents } from '../engine/system.js';
import { composeLabel } from '../model/labels.js';
import { Interrupts } from './interrupt.js';
import { toUnixTime } from './logs.js';
import { findProject } from './project.js';
import type { Session } from './session.js';

export interface EventsRequest {
  readonly services: readonly string[];
  readonly json: boolean;
  readonly since: string | undefined;
  readonly until: string | undefined;
}

/** `2026-11-21 11:35:29.206016`, in the machine's own zone, as Compose writes it. */
function localTime(nanoseconds: number): string {
  const date = new Date(nanoseconds / 1e6);
  const shown = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
  return `${shown.replace('T', ' ')}.${String(Math.floor((nanoseconds % 1e9) / 1e3)).padStart(6, '0')}`;
}

/** What happens to the project's containers, a line each, until Ctrl-C or `until`. */
export async function showEvents(session: Session, request: EventsRequest): Promise<void> {
  const known = await findProject(session, request.services);
  const engine = await session.engine();
  const abort = new AbortController();
  const interrupts = new Interrupts(() => abort.abort());
  const now = Date.now();
  try {
    const filters = { type: ['container'], label: [`${composeLabel.project}=${known.name}`] };
    const events = await subscribeEvents(engine, filters, {
      signal: abort.signal,
      ...(request.since ? { since: toUnixTime(request.since, now) } : {}),
      ...(request.until ? { until: toUnixTime(request.until, now) } : {}),
    });
    for await (const { Action, Actor, timeNano } of events) {
      const service = Actor.Attributes[composeLabel.service] ?? '';
      if (request.services.length && !request.services.includes(service)) continue;
      const own = Object.entries(Actor.Attributes).filter(([key]) => !key.includes('.'));
      const time = new Date(timeNano / 1e6).toISOString();
      const entry = {
        time,
        type: 'container',
        service,
        id: Actor.ID,
        action: Action,
        attributes: Object.fromEntries(own),
      };
      const words = own.map(([key, value]) => `${key}=${value}`).join(', ');
      await session.terminal.data(
        request.json
          ? `${JSON.stringify(entry)}\n`
          : `${localTime(timeNano)} container ${Action} ${Actor.ID} (${words})\n`,
      );
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    interrupts.stop();
  }
}
