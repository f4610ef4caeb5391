import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { EngineError } from '../errors.js';
import type { Blobs, Ingest } from './blobs.js';
import { toDigest } from './digest.js';
import { GrowingFile } from './growing-file.js';
import type { Descriptor } from './manifest.js';
import { pauseAfter } from './registry/connection.js';
import { RegistryAnswer } from './registry/failures.js';
import type { Repository } from './registry/repository.js';
import type { Digest } from './types.js';

/** A blob on its way: readable from the first byte on; `done` settles when it is verified and in the store. */
export interface Fetch {
  readonly file: GrowingFile;
  readonly done: Promise<void>;
  /** Whoever joined says when it needs it no more; the last one that goes before the end stops it, and waits until nothing of it is left. */
  release(): Promise<void>;
}

/** Blobs being fetched; a blob that two pulls want is fetched once. */
export interface Fetches {
  start(descriptor: Descriptor, repository: Repository, onBytes: (bytes: number) => void): Promise<Fetch>;
}

interface Running {
  readonly file: GrowingFile;
  readonly done: Promise<void>;
  readonly stop: () => void;
  readonly listeners: Set<(bytes: number) => void>;
  users: number;
}

const TRIES = 6;

export function openFetches(blobs: Blobs, retryMs: number): Fetches {
  const running = new Map<Digest, Promise<Running>>();

  async function begin(descriptor: Descriptor, repository: Repository): Promise<Running> {
    const ingest = blobs.ingest();
    const file = await GrowingFile.create(ingest.path, blobs.path(descriptor.digest));
    const controller = new AbortController();
    const listeners = new Set<(bytes: number) => void>();
    const tell = () => {
      for (const listener of listeners) listener(file.written);
    };
    const download = { descriptor, repository, file, signal: controller.signal, retryMs, tell };
    const done = complete(download, ingest).finally(() => running.delete(descriptor.digest));
    done.catch(() => undefined);
    return { file, done, stop: () => controller.abort(), listeners, users: 0 };
  }

  return {
    async start(descriptor, repository, onBytes) {
      const started = running.get(descriptor.digest) ?? begin(descriptor, repository);
      running.set(descriptor.digest, started);
      const one = await started;
      one.users++;
      one.listeners.add(onBytes);
      let released = false;
      return {
        file: one.file,
        done: one.done,
        async release() {
          if (released) return;
          released = true;
          one.listeners.delete(onBytes);
          one.users--;
          if (one.users > 0) return;
          one.stop();
          await one.done.catch(() => undefined);
        },
      };
    },
  };
}

interface Download {
  readonly descriptor: Descriptor;
  readonly repository: Repository;
  readonly file: GrowingFile;
  readonly signal: AbortSignal;
  readonly retryMs: number;
  readonly tell: () => void;
}

/** Fetches, verifies, keeps; whatever fails leaves nothing and fails the readers too. */
async function complete(download: Download, ingest: Ingest): Promise<void> {
  const { file, descriptor } = download;
  try {
    await fetchAll(download);
    await ingest.keep(descriptor.digest);
    file.finish();
  } catch (error) {
    await ingest.abandon();
    file.fail(error);
    throw error;
  } finally {
    await file.handle.close();
  }
}

/** Goes on where a broken connection stopped; a registry without ranges is read over what is already here. */
async function fetchAll(download: Download): Promise<void> {
  const { descriptor, file, signal } = download;
  const hash = createHash('sha256');
  for (let tried = 1; ; tried++) {
    const before = file.written;
    try {
      await fetchRest(download, (chunk) => hash.update(chunk));
      break;
    } catch (error) {
      signal.throwIfAborted();
      if (file.written > before) tried = 0;
      const waitMs = tried < TRIES ? pauseAfter(error, download.retryMs * 2 ** tried) : undefined;
      if (waitMs === undefined) throw tried < TRIES ? error : givenUp(error, tried);
      await pause(waitMs, undefined, { signal });
    }
  }
  const digest = toDigest(hash);
  if (digest === descriptor.digest) return;
  throw new EngineError('invalid', `filesystem layer verification failed for digest ${descriptor.digest}`);
}

/** In Docker's words; a connection that broke off is Go's `unexpected EOF`. */
function givenUp(error: unknown, tried: number): EngineError {
  const isAnswer = error instanceof RegistryAnswer || error instanceof EngineError;
  const why = isAnswer ? error.message : 'unexpected EOF';
  return new EngineError('unavailable', `download failed after attempts=${tried}: ${why}`, { cause: error });
}

async function fetchRest(download: Download, update: (chunk: Uint8Array) => void): Promise<void> {
  const { descriptor, repository, file, signal } = download;
  if (file.written === descriptor.size && descriptor.size > 0) return;
  const { body, partial } = await repository.blob(descriptor.digest, file.written, signal).catch((error) => {
    throw isBeyondEnd(error) ? tooShort(descriptor, file.written, error) : error;
  });
  const stop = () => body.destroy(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  let skip = partial ? 0 : file.written;
  try {
    signal.throwIfAborted();
    for await (const chunk of body as AsyncIterable<Buffer>) {
      const rest = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - rest.length;
      checkSize(descriptor, file.written + rest.length);
      update(rest);
      await file.append(rest);
      download.tell();
    }
  } finally {
    signal.removeEventListener('abort', stop);
    body.destroy();
  }
  if (file.written < descriptor.size) throw cutShort(descriptor, file.written);
}

function checkSize(descriptor: Descriptor, bytes: number): void {
  if (bytes <= descriptor.size) return;
  throw new EngineError(
    'invalid',
    `${descriptor.digest} is larger than the ${descriptor.size} bytes that its manifest says`,
  );
}

/** 416: the registry has no more of it than came already. */
function isBeyondEnd(error: unknown): boolean {
  return error instanceof RegistryAnswer && error.status === 416;
}

function tooShort({ digest, size }: Descriptor, bytes: number, cause: unknown): EngineError {
  return new EngineError('invalid', `${digest} has ${bytes} bytes, its manifest says ${size}`, { cause });
}

function cutShort(descriptor: Descriptor, bytes: number): Error {
  const error = new EngineError('unavailable', `${descriptor.digest} ended after ${bytes} of ${descriptor.size} bytes`);
  return Object.assign(error, { code: 'ECONNRESET' });
}
