import type { Event } from '../model/event.js';
import type { Terminal } from './terminal.js';

export type LogEvent = Extract<Event, { kind: 'log' }>;

export interface LogStyle {
  readonly prefix: boolean;
  readonly timestamps: boolean;
  readonly json: boolean;
  /** What came on standard error goes to standard output with the rest, in its place. */
  readonly merged?: boolean;
}

/** Written at once when it is more than this, else when the lines that are there have all come. */
const batchLength = 65_536;

/**
 * Lines of containers, each behind its container's name in its service's colour, aligned over all that were
 * announced. Standard output and error stay apart unless they are merged. Lines are written in batches: a system call for each would be most of
 * the work of a long log.
 */
export class LogPrinter {
  private width = 0;
  private batch: string[] = [];
  private length = 0;
  private batchStream: LogEvent['stream'] = 'stdout';
  private scheduled: NodeJS.Immediate | undefined;

  constructor(
    private readonly terminal: Terminal,
    private readonly style: LogStyle,
    /** Sorted: a service's place in it is its colour, so it is the same in every run. */
    private readonly services: readonly string[],
  ) {}

  announce(containers: readonly string[]) {
    this.width = Math.max(this.width, ...containers.map((name) => name.length));
  }

  /** Waits where the reader is slower than we are. */
  async print(event: LogEvent): Promise<void> {
    const stream = this.style.merged ? 'stdout' : event.stream;
    const text = this.style.json
      ? jsonLine(event)
      : `${this.prefixOf({ ...event, stream })}${this.stampOf(event)}${event.line}`;
    await this.add(stream, `${text}\n`);
  }

  /** Resolves when all that was printed is written. */
  async flush(): Promise<void> {
    clearImmediate(this.scheduled);
    this.scheduled = undefined;
    if (this.batch.length === 0) return;
    const text = this.batch.join('');
    this.batch = [];
    this.length = 0;
    await (this.batchStream === 'stderr' ? this.terminal.status : this.terminal.data)(text);
  }

  private async add(stream: LogEvent['stream'], text: string): Promise<void> {
    const before = stream === this.batchStream ? undefined : this.flush();
    this.batchStream = stream;
    this.batch.push(text);
    this.length += text.length;
    this.scheduled ??= setImmediate(() => void this.flush());
    if (before) await before;
    if (this.length > batchLength) await this.flush();
  }

  /** `web-1 exited with code 0`, among the lines. */
  async printExit(service: string, container: string, code: number): Promise<void> {
    if (this.style.json) await this.add('stdout', `${JSON.stringify({ service, container, event: 'exited', code })}\n`);
    else await this.add('stdout', `${this.color(service, container)} exited with code ${code}\n`);
    await this.flush();
  }

  private prefixOf({ service, container, stream }: LogEvent): string {
    if (!this.style.prefix) return '';
    return this.color(service, `${container.padEnd(this.width)}  | `, stream);
  }

  private color(service: string, text: string, stream: LogEvent['stream'] = 'stdout'): string {
    const colors = stream === 'stderr' ? this.terminal.errColors : this.terminal.outColors;
    const index = this.services.indexOf(service);
    return colors.nth(index < 0 ? this.services.length : index, text);
  }

  private stampOf({ timestamp }: LogEvent): string {
    return this.style.timestamps && timestamp ? `${timestamp} ` : '';
  }
}

function jsonLine({ service, container, stream, line, timestamp }: LogEvent): string {
  return JSON.stringify({ service, container, stream, line, ...(timestamp ? { timestamp } : {}) });
}
