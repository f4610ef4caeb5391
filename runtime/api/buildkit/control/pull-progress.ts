import type { ProgressEvent } from '../../../engine/images.js';
import type { VertexLine } from './vertex.js';

/** A pull's layers under a line of a build's progress. */
export class PullProgress {
  readonly #layers = new Map<string, { current: number; total: number }>();

  constructor(private readonly line: VertexLine) {}

  take({ id, status, current = 0, total = 0 }: ProgressEvent): void {
    if (id === undefined || this.line.isDone) return;
    if (status === 'Downloading') {
      this.#layers.set(id, { current, total });
      this.line.status(id, { current, total, name: 'downloading', done: total > 0 && current >= total });
    } else if (status === 'Extracting') this.line.status(`extracting ${id}`, { current, total, name: 'extract' });
    else if (status === 'Pull complete') {
      const { total: all } = this.#layers.get(id) ?? { total };
      if (all > 0) this.line.status(id, { current: all, total: all, name: 'downloading', done: true });
      this.line.status(`extracting ${id}`, { current: all, total: all, name: 'extract', done: true });
    }
  }
}
