import type { EngineClient } from '../engine/client.js';
import { containerLogs, type LogOptions } from '../engine/containers.js';
import { linesOf } from '../engine/streams.js';
import type { LogPrinter } from '../output/log-printer.js';

export interface LogSource {
  readonly id: string;
  /** As it stands before its lines. */
  readonly label: string;
  readonly service: string;
  readonly tty: boolean;
}

/** Hands a container's lines to the printer until its log ends or `signal` does. */
export async function printLogs(
  engine: EngineClient,
  source: LogSource,
  printer: LogPrinter,
  options: LogOptions & { readonly signal?: AbortSignal },
): Promise<void> {
  const { id, label: container, service, tty } = source;
  try {
    for await (const { stream, text } of linesOf(containerLogs(engine, id, { ...options, tty }))) {
      const [line, timestamp] = options.timestamps ? splitStamp(text) : [text, undefined];
      await printer.print({ kind: 'log', service, container, stream, line, ...(timestamp ? { timestamp } : {}) });
    }
  } catch (error) {
    if (!options.signal?.aborted) throw error;
  }
}

/** With `timestamps` the engine puts RFC 3339 and a space before each line. */
function splitStamp(text: string): [string, string | undefined] {
  const at = text.indexOf(' ');
  return at < 0 ? ['', text] : [text.slice(at + 1), text.slice(0, at)];
}

/** `web-1` of `shop-web-1`; a container with a name of its own keeps it. */
export function shortName(projectName: string, name: string): string {
  return name.startsWith(`${projectName}-`) ? name.slice(projectName.length + 1) : name;
}
