import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';

const CHUNK = 1 << 18;

/**
 * A file that is being written by one and read by others at the same time. A reader waits where the writer has not come
 * yet, ends when the writer has finished, and fails when the writer does.
 */
export class GrowingFile {
  #written = 0;
  #state: 'growing' | 'finished' | 'failed' = 'growing';
  #failure: unknown;
  #waiters: (() => void)[] = [];

  private constructor(
    readonly path: string,
    /** Where the file is moved to when it has finished. */
    readonly finalPath: string,
    readonly handle: FileHandle,
  ) {}

  static async create(path: string, finalPath: string): Promise<GrowingFile> {
    return new GrowingFile(path, finalPath, await open(path, 'wx+'));
  }

  get written(): number {
    return this.#written;
  }

  async append(chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await this.handle.write(chunk, done, chunk.length - done, this.#written + done);
      done += bytesWritten;
    }
    this.#written += chunk.length;
    this.#wake();
  }

  /** All of it is there and has been verified. */
  finish(): void {
    this.#state = 'finished';
    this.#wake();
  }

  fail(error: unknown): void {
    this.#state = 'failed';
    this.#failure = error;
    this.#wake();
  }

  /** Everything from the start. `onRead` hears how far it is. */
  read(onRead?: (bytes: number) => void): Readable {
    const reader = Readable.from(this.#chunks(onRead), { objectMode: false, highWaterMark: CHUNK });
    // The reader hears of it when it reads; until then a failure must not end the process.
    return reader.on('error', () => undefined);
  }

  async *#chunks(onRead?: (bytes: number) => void): AsyncGenerator<Buffer> {
    const handle = await open(this.path, 'r').catch(() => open(this.finalPath, 'r'));
    try {
      for (let at = 0; ; ) {
        if (at < this.#written) {
          const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, at);
          at += bytesRead;
          onRead?.(at);
          yield buffer.subarray(0, bytesRead);
        } else if (this.#state === 'failed') throw this.#failure;
        else if (this.#state === 'finished') return;
        else await new Promise<void>((resolve) => this.#waiters.push(resolve));
      }
    } finally {
      await handle.close();
    }
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
