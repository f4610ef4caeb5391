/** Builds by the client's own reference: its calls about one build come on their own, in any order. */
import type { Result, SolveRequest, Status } from '../proto/messages.js';
import { StatusLog } from './status-log.js';

/** How the client's part of a build ended. */
export type Returned = { readonly result: Result } | { readonly error: Status };

/** What a frontend made of a request: an image, the answer to a question about the Dockerfile, or nothing. */
export interface Built {
  readonly id: string;
  /** Id of the image; undefined: there is none. */
  readonly image: string | undefined;
  readonly metadata: Readonly<Record<string, Uint8Array>>;
  readonly counts: { readonly cached: number; readonly total: number; readonly warnings: number };
}

export class Job {
  readonly log = new StatusLog();
  readonly abort = new AbortController();
  readonly built = new Map<string, Built>();
  readonly createdMs = Date.now();
  completedMs: number | undefined;
  /** Kept in the history whatever comes. */
  pinned = false;
  request: SolveRequest | undefined;
  /** What a frontend was asked, for the history. */
  attributes: Readonly<Record<string, string>> = {};
  error: Status | undefined;
  response: Readonly<Record<string, string>> = {};
  readonly returned: Promise<Returned>;
  readonly #begun: Promise<SolveRequest>;
  return!: (returned: Returned) => void;
  #begin!: (request: SolveRequest) => void;

  constructor(readonly ref: string) {
    this.returned = new Promise((resolve) => {
      this.return = resolve;
    });
    this.#begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
  }

  begin(request: SolveRequest): void {
    this.request = request;
    this.#begin(request);
  }

  /** The request that everything else of this build belongs to. */
  begun(): Promise<SolveRequest> {
    return this.#begun;
  }

  end(): void {
    this.completedMs = Date.now();
    this.log.end();
    this.abort.abort();
  }
}

const remembered = 50;

export class Jobs {
  readonly #jobs = new Map<string, Job>();

  /** Whoever asks first makes it. */
  get(ref: string): Job {
    const known = this.#jobs.get(ref);
    if (known) return known;
    const job = new Job(ref);
    this.#jobs.set(ref, job);
    return job;
  }

  find(ref: string): Job | undefined {
    return this.#jobs.get(ref);
  }

  /** A build that began, that one can look back at: not what clients only probe with. */
  history(): Job[] {
    return [...this.#jobs.values()].filter(({ request }) => request !== undefined && !request.Internal);
  }

  delete(ref: string): boolean {
    return this.#jobs.delete(ref);
  }

  /** Keeps the last ones for those who look back. */
  ended(job: Job): void {
    job.end();
    if (job.request?.Internal) this.#jobs.delete(job.ref);
    const over = [...this.#jobs.values()].filter(({ completedMs, pinned }) => completedMs !== undefined && !pinned);
    for (const { ref } of over.slice(0, -remembered)) this.#jobs.delete(ref);
  }
}
