import { inspectContainer, type LogOptions } from '../engine/containers.js';
import { UserError } from '../errors.js';
import { parseDuration } from '../model/durations.js';
import { composeLabel } from '../model/labels.js';
import type { ObservedContainer } from '../model/observed.js';
import { LogPrinter } from '../output/log-printer.js';
import { chooseContainers } from './containers.js';
import { type LogSource, lastStart, logEvent, printLogs, shortName } from './follow-logs.js';
import { Cancelled, Interrupts } from './interrupt.js';
import { mergeByTime } from './merge-by-time.js';
import type { Session } from './session.js';
import { justAfter, readEvents, readLogs, unixSeconds } from './streams.js';

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
  /** Only lines that match. */
  readonly grep: string | undefined;
}

/**
 * What the services' containers printed, merged by time, and, with `follow`, what they print from then on; new replicas
 * are picked up.
 */
export async function showLogs(session: Session, request: LogsRequest): Promise<void> {
  const { containers: found, known } = await chooseContainers(session, { services: request.services });
  const containers = withIndex(found, request);
  const services = new Set([...Object.keys(known.loaded?.project.services ?? {}), ...found.map((one) => one.service)]);
  const { prefix, json, timestamps } = request;
  const printer = new LogPrinter(session.terminal, { prefix, json, timestamps, merged: true }, [...services].sort());
  const abort = new AbortController();
  const interrupts = new Interrupts(() => abort.abort());
  const matches = matcher(request.grep);
  try {
    const sources = await Promise.all(containers.map((one) => sourceOf(session, known.name, one)));
    printer.announce(sources.map(({ label }) => label));
    const options = { ...timeOptions(request, Date.now()), matches, signal: abort.signal };
    if (!request.follow) await showBacklog(session, sources, printer, options);
    else await follow(session, { request, projectName: known.name, sources, printer, options, abort });
  } finally {
    interrupts.stop();
    await printer.flush();
  }
  if (abort.signal.aborted) throw new Cancelled();
}

/** Throws UserError `no-such-container` where the one service has no such replica, `bad-index` where several are meant. */
function withIndex(
  found: readonly ObservedContainer[],
  { index, services }: LogsRequest,
): readonly ObservedContainer[] {
  if (!index) return found;
  if (services.length !== 1)
    throw new UserError('bad-index', '--index requires one service to be selected', ['Name the service.']);
  const chosen = found.filter((one) => one.replica === index);
  if (chosen.length > 0) return chosen;
  throw new UserError('no-such-container', `service "${services[0]}" is not running container #${index}`, [
    `devenv ps ${services[0]} lists its containers.`,
  ]);
}

type ShowOptions = LogOptions & { readonly matches: (line: string) => boolean; readonly signal: AbortSignal };

function timeOptions(request: LogsRequest, now: number): LogOptions {
  return {
    tail: request.tail,
    ...(request.since ? { since: toUnixTime(request.since, now) } : {}),
    ...(request.until ? { until: toUnixTime(request.until, now) } : {}),
  };
}

/** A JavaScript regular expression. */
function matcher(pattern: string | undefined): (line: string) => boolean {
  if (pattern === undefined) return () => true;
  try {
    const expression = new RegExp(pattern);
    return (line) => expression.test(line);
  } catch (error) {
    throw new UserError('bad-pattern', `"${pattern}" is no regular expression: ${(error as Error).message}`);
  }
}

async function sourceOf(session: Session, projectName: string, container: ObservedContainer): Promise<LogSource> {
  const { Config } = await inspectContainer(await session.engine(), container.id);
  const { id, service, name } = container;
  return { id, service, label: shortName(projectName, name), tty: Config.Tty };
}

/** Gives, for each container that printed something, the time of its last line. */
async function showBacklog(
  session: Session,
  sources: readonly LogSource[],
  printer: LogPrinter,
  options: ShowOptions,
): Promise<Map<LogSource, string>> {
  const last = new Map<LogSource, string>();
  const { matches, ...log } = options;
  const logs = sources.map((source) => readLogs(session, source.id, { ...log, follow: false, tty: source.tty }));
  for await (const { from, item } of mergeByTime(logs)) {
    const source = sources[from]!;
    last.set(source, item.timestamp);
    if (matches(item.text)) await printer.print(logEvent(source, item));
  }
  return last;
}

interface Following {
  readonly request: LogsRequest;
  readonly projectName: string;
  readonly sources: readonly LogSource[];
  readonly printer: LogPrinter;
  readonly options: ShowOptions;
  readonly abort: AbortController;
}

/** The backlog first, then each log from behind its last line on. */
async function follow(session: Session, following: Following): Promise<void> {
  const { sources, printer, options, request } = following;
  const beganNs = BigInt(Date.now()) * 1_000_000n;
  const last = await showBacklog(session, sources, printer, { until: unixSeconds(beganNs), ...options });
  const shown = new Set<string>();
  const show = (source: LogSource, since: string | undefined) => {
    shown.add(source.id);
    const showing = printLogs(session, source, printer, {
      ...options,
      follow: true,
      tail: 'all',
      ...(since === undefined ? {} : { since }),
    });
    return showing.finally(() => shown.delete(source.id));
  };
  const sinceOf = (source: LogSource) => {
    const lastShown = last.get(source);
    if (lastShown !== undefined) return justAfter(lastShown);
    return request.tail === '0' ? unixSeconds(beganNs) : options.since;
  };
  const showNew = async (container: ObservedContainer) => {
    // A restart may be over before its log was seen to end: then that log goes on by itself.
    if (shown.has(container.id)) return;
    const source = await sourceOf(session, following.projectName, container);
    printer.announce([source.label]);
    await show(source, await lastStart(session, container.id));
  };
  await Promise.all([
    ...sources.map((source) => show(source, sinceOf(source))),
    followNew(session, following, showNew),
  ]);
}

/** A restart is an end and a start: this long after the last end the project counts as stopped. */
const betweenMs = 500;

/** Containers that start while we follow; ends when none of the project runs any more. */
async function followNew(
  session: Session,
  { request, projectName, abort }: Following,
  show: (container: ObservedContainer) => Promise<void>,
): Promise<void> {
  const filters = { type: ['container'], event: ['start', 'die'], label: [`${composeLabel.project}=${projectName}`] };
  const shows: Promise<void>[] = [];
  const list = async () => (await chooseContainers(session, { services: request.services })).containers;
  const someRun = (containers: readonly ObservedContainer[]) =>
    containers.some((one) => one.state === 'running' || one.state === 'restarting');
  const sinceNs = BigInt(Date.now()) * 1_000_000n;
  if (!someRun(await list())) return;
  const ended = new AbortController();
  const signal = AbortSignal.any([abort.signal, ended.signal]);
  let end: NodeJS.Timeout | undefined;
  for await (const { Action, Actor } of readEvents(session, { filters, sinceNs, signal })) {
    const containers = await list();
    const container = containers.find((one) => one.id === Actor.ID);
    const wanted = request.index === undefined || container?.replica === request.index;
    if (Action === 'start') clearTimeout(end);
    if (Action === 'start' && container && wanted) shows.push(show(container));
    if (Action === 'die' && !someRun(containers)) end = setTimeout(() => ended.abort(), betweenMs);
  }
  clearTimeout(end);
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
