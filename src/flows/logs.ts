import { inspectContainer, type LogOptions } from '../engine/containers.js';
import { UserError } from '../errors.js';
import { parseDuration } from '../model/durations.js';
import { composeLabel } from '../model/labels.js';
import type { ObservedContainer } from '../model/observed.js';
import { LogPrinter } from '../output/log-printer.js';
import { chooseContainers } from './containers.js';
import { printLogs, shortName } from './follow-logs.js';
import { Cancelled, Interrupts } from './interrupt.js';
import type { Session } from './session.js';
import { readEvents, unixSeconds } from './streams.js';

export interface LogsRequest {
  readonly services: readonly string[];
  readonly follow: boolean;
  readonly tail: string;
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly timestamps: boolean;
  readonly prefix: boolean;
  readonly json: boolean;
  readonly index: number | undefined;
}

/** What the services' containers printed and, with `follow`, print; new replicas are picked up. */
export async function showLogs(session: Session, request: LogsRequest): Promise<void> {
  const now = Date.now();
  const options: LogOptions = {
    follow: request.follow,
    tail: request.tail,
    ...(request.since ? { since: toUnixTime(request.since, now) } : {}),
    ...(request.until ? { until: toUnixTime(request.until, now) } : {}),
  };
  const { known, containers: found } = await chooseContainers(session, { services: request.services });
  const containers = found.filter((one) => request.index === undefined || one.replica === request.index);
  const services = [
    ...new Set([...Object.keys(known.loaded?.project.services ?? {}), ...found.map((one) => one.service)]),
  ];
  const { prefix, json } = request;
  const printer = new LogPrinter(session.terminal, { prefix, json, timestamps: request.timestamps }, services.sort());
  printer.announce(containers.map((one) => shortName(known.name, one.name)));
  const abort = new AbortController();
  const interrupts = new Interrupts(() => abort.abort());
  const show = (container: ObservedContainer, more: LogOptions = {}) =>
    showContainer(session, container, shortName(known.name, container.name), printer, {
      ...options,
      ...more,
      signal: abort.signal,
    });
  try {
    if (!request.follow) for (const container of containers) await show(container);
    else
      await Promise.all([...containers.map((one) => show(one)), followNew(session, request, known.name, show, abort)]);
  } finally {
    interrupts.stop();
  }
  if (abort.signal.aborted) throw new Cancelled();
}

async function showContainer(
  session: Session,
  container: ObservedContainer,
  label: string,
  printer: LogPrinter,
  options: LogOptions & { signal: AbortSignal },
): Promise<void> {
  const { Config } = await inspectContainer(await session.engine(), container.id);
  await printLogs(session, { id: container.id, label, service: container.service, tty: Config.Tty }, printer, options);
}

/** Containers that start while we follow; ends when none of the project runs any more. */
async function followNew(
  session: Session,
  request: LogsRequest,
  projectName: string,
  show: (container: ObservedContainer, more: LogOptions) => Promise<void>,
  abort: AbortController,
): Promise<void> {
  const filters = { type: ['container'], event: ['start', 'die'], label: [`${composeLabel.project}=${projectName}`] };
  const shows: Promise<void>[] = [];
  const list = async () => (await chooseContainers(session, { services: request.services })).containers;
  const someRun = (containers: readonly ObservedContainer[]) =>
    containers.some((one) => one.state === 'running' || one.state === 'restarting');
  const sinceNs = BigInt(Date.now()) * 1_000_000n;
  if (!someRun(await list())) return;
  for await (const { Action, Actor, timeNano } of readEvents(session, { filters, sinceNs, signal: abort.signal })) {
    const containers = await list();
    const container = containers.find((one) => one.id === Actor.ID);
    if (Action === 'start' && container)
      shows.push(show(container, { since: unixSeconds(BigInt(timeNano)), tail: 'all' }));
    if (Action === 'die' && !someRun(containers)) break;
  }
  await Promise.all(shows);
}

/** RFC 3339, Unix seconds, or a duration back from now (`10m`), as Unix seconds. */
export function toUnixTime(text: string, nowMs: number): string {
  if (/^\d{9,}(\.\d+)?$/.test(text)) return text;
  const duration = parseDuration(text);
  if (duration !== undefined) return String((nowMs - duration) / 1000);
  const at = Date.parse(text);
  if (Number.isNaN(at)) {
    throw new UserError('bad-time', `"${text}" is no time.`, ['Use 2026-01-31T12:00:00Z, 10m, or Unix seconds.']);
  }
  return String(at / 1000);
}
