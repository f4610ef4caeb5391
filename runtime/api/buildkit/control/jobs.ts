/** Builds by the client's own reference: its calls about one build come on their own, in any order. */
import type { RegistryAuth } from '../../../engine/images.js';
import type { Exporter, Result, SolveRequest, Status } from '../proto/messages.js';
import { StatusLog } from './status-log.js';

/** How the client's part of a build ended. */
export type Returned = { readonly result: Result } | { readonly error: Status };

/** What a frontend made of a request: the answer to a question about the Dockerfile, or an image that is built when it is wanted. */
export interface Built {
  readonly id: string;
  readonly metadata: Readonly<Record<string, Uint8Array>>;
  /** Of steps, as far as they were done. */
  readonly counts: { cached: number; total: number; readonly warnings: number };
  /** Id of the image, built once; undefined: there is none. Throws what a frontend throws. */
  evaluate(): Promise<string | undefined>;
}

/** Older clients name one, in fields of its own. */
export function exportersOf({
  Exporters,
  ExporterDeprecated,
  ExporterAttrsDeprecated,
}: SolveRequest): readonly Exporter[] {
  if (Exporters.length > 0) return Exporters;
  return ExporterDeprecated === '' ? [] : [{ Type: ExporterDeprecated, Attrs: ExporterAttrsDeprecated }];
}

/** What is said of a build beside its result; clients fetch it by its digest. */
export interface Said {
  readonly digest: string;
  readonly predicateType: string;
  readonly bytes: Uint8Array;
}

export class Job {
  readonly log = new StatusLog();
  readonly abort = new AbortController();
  readonly built = new Map<string, Built>();
  /** Those that were built. */
  readonly images = new Set<string>();
  readonly #closers: (() => Promise<void>)[] = [];
  /** Frontends that are at work for it; the last word of progress is theirs. */
  readonly #running = new Set<Promise<unknown>>();
  readonly createdMs = Date.now();
  completedMs: number | undefined;
  /** Kept in the history whatever comes. */
  pinned = false;
  request: SolveRequest | undefined;
  /** What a frontend was asked, for the history. */
  attributes: Readonly<Record<string, string>> = {};
  /** Credentials that came with the request, by registry. */
  auths: Readonly<Record<string, RegistryAuth>> = {};
  /** Of the build that was done last. */
  said: readonly Said[] = [];
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

  async track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  /** What is to be given back at the end. */
  atEnd(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  /** Resolves when nothing is at work for it any more, and all is given back. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
    await Promise.allSettled(this.#closers.map((close) => close()));
  }

  end(): void {
    this.completedMs = Date.now();
    this.log.end();
    this.abort.abort();
  }
}

const remembered = 50;
const rememberedProbes = 20;
/** Of those, the ones whose output can be read again. */
const rememberedOutput = 10;

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

  /** A result by its id, whichever build it is of: targets stand on one another. */
  result(id: string): Built | undefined {
    return [...this.#jobs.values()].map(({ built }) => built.get(id)).find((one) => one !== undefined);
  }

  /** A build that began, that one can look back at: not what clients only probe with. */
  history(): Job[] {
    return [...this.#jobs.values()].filter(({ request }) => request !== undefined && !request.Internal);
  }

  said(digest: string): Said | undefined {
    return this.history()
      .flatMap(({ said }) => said)
      .find((one) => one.digest === digest);
  }

  delete(ref: string): boolean {
    return this.#jobs.delete(ref);
  }

  /** Keeps the last ones for those who look back. */
  ended(job: Job): void {
    job.end();
    const ended = [...this.#jobs.values()].filter(({ completedMs, pinned }) => completedMs !== undefined && !pinned);
    // a client that is slow asks for the progress of its probe when that is over: it must be told so
    const probes = ended.filter(({ request }) => request?.Internal);
    const over = ended.filter(({ request }) => !request?.Internal);
    for (const { ref } of probes.slice(0, -rememberedProbes)) this.#jobs.delete(ref);
    for (const { ref } of over.slice(0, -remembered)) this.#jobs.delete(ref);
    for (const { log } of over.slice(0, -rememberedOutput)) log.forgetOutput();
  }
}
