import { inspectContainer, type LogOptions } from '../engine/containers.js';
import type { LogEvent, LogPrinter } from '../output/log-printer.js';
import type { Session } from './session.js';
import { atOrAfter, readLogs, type StampedLine } from './streams.js';

export interface LogSource {
  readonly id: string;
  /** As it stands before its lines. */
  readonly label: string;
  readonly service: string;
  readonly tty: boolean;
}

/** Hands a container's lines to the printer until its log ends or `signal` does. */
export async function printLogs(
  session: Session,
  source: LogSource,
  printer: LogPrinter,
  { matches, ...options }: LogOptions & { readonly signal?: AbortSignal; readonly matches?: (line: string) => boolean },
): Promise<void> {
  for await (const line of readLogs(session, source.id, { ...options, tty: source.tty })) {
    if (matches === undefined || matches(line.text)) await printer.print(logEvent(source, line));
  }
}

/**
 * Unix seconds of a container's last start: what it printed since belongs to that run. The event of the start comes later
 * than its first lines may.
 */
export async function lastStart(session: Session, id: string): Promise<string> {
  const { State } = await inspectContainer(await session.engine(), id);
  return atOrAfter(State.StartedAt);
}

export function logEvent({ label: container, service }: LogSource, line: StampedLine): LogEvent {
  return { kind: 'log', service, container, stream: line.stream, line: line.text, timestamp: line.timestamp };
}

/** `web-1` of `shop-web-1`, also while it waits to take that one's place; a container with a name of its own keeps it. */
export function shortName(projectName: string, given: string): string {
  const name = given.replace(/^(?:[0-9a-f]{12}_)+/, '');
  return name.startsWith(`${projectName}-`) ? name.slice(projectName.length + 1) : name;
}
