/** What a build has told so far, for those who listen from the start and those who come later. */
import type { StatusResponse } from '../proto/messages.js';

export type StatusPart = Partial<StatusResponse>;

export class StatusLog {
  #parts: StatusPart[] = [];
  #ended = false;
  #wake: (() => void)[] = [];

  add(part: StatusPart): void {
    if (this.#ended) return;
    this.#parts.push(part);
    this.#tell();
  }

  end(): void {
    this.#ended = true;
    this.#tell();
  }

  /** Keeps what happened, not what programs said. Whoever reads on is told the rest. */
  forgetOutput(): void {
    this.#parts = this.#parts.map(({ logs: _, ...rest }) => rest);
  }

  /** All from the beginning, several parts in one where they waited, until the build has ended. */
  async *read(signal: AbortSignal): AsyncGenerator<StatusPart> {
    for (let at = 0; ; ) {
      if (at < this.#parts.length) {
        const fresh = this.#parts.slice(at);
        at = this.#parts.length;
        yield merged(fresh);
      } else if (this.#ended || signal.aborted) return;
      else await this.#change(signal);
    }
  }

  /** Resolves a turn after something was added, so that what comes together goes out together. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake);
        setImmediate(resolve);
      };
      signal.addEventListener('abort', wake, { once: true });
      this.#wake.push(wake);
    });
  }

  #tell(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}

function merged(parts: readonly StatusPart[]): StatusPart {
  return {
    vertexes: parts.flatMap(({ vertexes }) => vertexes ?? []),
    statuses: parts.flatMap(({ statuses }) => statuses ?? []),
    logs: parts.flatMap(({ logs }) => logs ?? []),
    warnings: parts.flatMap(({ warnings }) => warnings ?? []),
  };
}
