import type { LogOptions } from '../engine/containers.js';
import type { LogPrinter } from '../output/log-printer.js';
import type { Session } from './session.js';
import { readLogs } from './streams.js';

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
  { id, label: container, service, tty }: LogSource,
  printer: LogPrinter,
  options: LogOptions & { readonly signal?: AbortSignal },
): Promise<void> {
  for await (const { stream, text: line, timestamp } of readLogs(session, id, { ...options, tty })) {
    await printer.print({ kind: 'log', service, container, stream, line, timestamp });
  }
}

/** `web-1` of `shop-web-1`; a container with a name of its own keeps it. */
export function shortName(projectName: string, name: string): string {
  return name.startsWith(`${projectName}-`) ? name.slice(projectName.length + 1) : name;
}
