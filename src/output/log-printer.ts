import type { Event } from '../model/event.js';
import type { Terminal } from './terminal.js';

export type LogEvent = Extract<Event, { kind: 'log' }>;

export interface LogStyle {
  readonly prefix: boolean;
  readonly timestamps: boolean;
  readonly json: boolean;
}

/**
 * Lines of containers, each behind its container's name in its service's colour, aligned over all that were
 * announced. Standard output and error stay apart.
 */
export class LogPrinter {
  private width = 0;

  constructor(
    private readonly terminal: Terminal,
    private readonly style: LogStyle,
    /** Sorted: a service's place in it is its colour, so it is the same in every run. */
    private readonly services: readonly string[],
  ) {}

  announce(containers: readonly string[]) {
    this.width = Math.max(this.width, ...containers.map((name) => name.length));
  }

  print(event: LogEvent): Promise<void> {
    const write = event.stream === 'stderr' ? this.terminal.status : this.terminal.data;
    return write(
      this.style.json ? `${jsonLine(event)}\n` : `${this.prefixOf(event)}${this.stampOf(event)}${event.line}\n`,
    );
  }

  /** `web-1 exited with code 0`, among the lines. */
  printExit(service: string, container: string, code: number): Promise<void> {
    if (this.style.json) {
      return this.terminal.data(`${JSON.stringify({ service, container, event: 'exited', code })}\n`);
    }
    return this.terminal.status(`${this.color(service, container)} exited with code ${code}\n`);
  }

  private prefixOf({ service, container, stream }: LogEvent): string {
    if (!this.style.prefix) return '';
    return this.color(service, `${container.padEnd(this.width)} | `, stream);
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
