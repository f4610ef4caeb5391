/** One line of a build's progress, from its beginning to its end. */
import { createHash } from 'node:crypto';
import type { Timestamp, Vertex, VertexWarning } from '../proto/messages.js';
import type { StatusLog } from './status-log.js';
import { timestamp } from './time.js';

const outputLimitBytes = 2 << 20;

export class VertexLine {
  readonly digest: string;
  #vertex: Vertex;
  #outputBytes = 0;
  #started = new Map<string, Timestamp>();

  constructor(
    private readonly log: StatusLog,
    /** `id` tells it from all others of the build. */
    { build, id, name, inputs = [] }: { build: string; id: string; name: string; inputs?: readonly string[] },
  ) {
    const hex = createHash('sha256')
      .update(JSON.stringify([build, id]))
      .digest('hex');
    this.digest = `sha256:${hex}`;
    this.#vertex = { digest: this.digest, inputs, name };
  }

  get isDone(): boolean {
    return this.#vertex.completed !== undefined;
  }

  start(): this {
    return this.#change({ started: timestamp() });
  }

  /** Does nothing when it is over already. */
  done(options: { readonly cached?: boolean; readonly error?: string } = {}): void {
    if (this.isDone) return;
    if (!this.#vertex.started) this.#vertex = { ...this.#vertex, started: timestamp() };
    this.#change({ ...options, completed: timestamp() });
  }

  /** As BuildKit, keeps no more of a step than what a person could read. */
  output(stream: 'stdout' | 'stderr', bytes: Uint8Array): void {
    if (this.#outputBytes > outputLimitBytes) return;
    this.#outputBytes += bytes.length;
    const isClipped = this.#outputBytes > outputLimitBytes;
    const msg = isClipped ? Buffer.from('\n[output clipped, log limit 2MiB reached]\n') : bytes;
    const number = stream === 'stdout' ? 1 : 2;
    this.log.add({ logs: [{ vertex: this.digest, timestamp: timestamp(), stream: number, msg }] });
  }

  /** `ID` is what is shown; its first mention is its start. */
  status(ID: string, { current = 0, total = 0, name = '', done = false } = {}): void {
    const now = timestamp();
    const started = this.#started.get(ID) ?? now;
    this.#started.set(ID, started);
    const completed = done ? { completed: now } : {};
    this.log.add({
      statuses: [{ ID, vertex: this.digest, name, current, total, timestamp: now, started, ...completed }],
    });
  }

  warn(warning: Omit<VertexWarning, 'vertex'>): void {
    this.log.add({ warnings: [{ ...warning, vertex: this.digest }] });
  }

  #change(change: Partial<Vertex>): this {
    this.#vertex = { ...this.#vertex, ...change };
    this.log.add({ vertexes: [this.#vertex] });
    return this;
  }
}
