/** Reads a container's log across its rotated files, and goes on while it grows. The records are described in launch/log-format. */
import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { createGunzip } from 'node:zlib';
import { type LogRecord, readRecords } from '../launch/log-format.js';

const chunkBytes = 1 << 20;

/** One of a log's files, open. */
interface LogFile {
  readonly handle: FileHandle;
  /** Of the file as it was written: compressing does not change it. */
  readonly identity: number;
  readonly isCompressed: boolean;
}

/** `age` 0 is the current file, 1 the youngest of the older ones; compressed or not. Undefined when there is none. */
async function openAge(file: string, age: number): Promise<LogFile | undefined> {
  const plain = age === 0 ? file : `${file}.${age}`;
  // Twice: it may be compressed between the two looks.
  for (const name of age === 0 ? [plain] : [plain, `${plain}.gz`, plain]) {
    const handle = await open(name).catch(() => undefined);
    if (handle === undefined) continue;
    const isCompressed = name !== plain;
    return {
      handle,
      isCompressed,
      identity: isCompressed ? await writtenAs(handle) : lowBits((await handle.stat()).ino),
    };
  }
  return undefined;
}

/** The inode in the header of a compressed one (launch/log-format). */
async function writtenAs(handle: FileHandle): Promise<number> {
  const { buffer } = await handle.read(Buffer.alloc(8), 0, 8, 0);
  return buffer.readUInt32LE(4);
}

const lowBits = (inode: number) => inode % 2 ** 32;

/** Oldest first, as far as they are there. */
async function openAll(file: string): Promise<LogFile[]> {
  const files: LogFile[] = [];
  for (let age = 0; ; age++) {
    const found = await openAge(file, age);
    if (found !== undefined) files.unshift(found);
    else if (age > 0) return files;
  }
}

const closeAll = (files: readonly LogFile[]) => Promise.all(files.map(({ handle }) => handle.close()));

/** All whole records from where the last call ended; what is incomplete stays for the next one. */
class RecordReader {
  #rest: Buffer = Buffer.alloc(0);

  constructor(readonly file: LogFile) {}

  async *read(): AsyncGenerator<LogRecord[]> {
    const { handle, isCompressed } = this.file;
    for await (const fresh of isCompressed ? unpacked(handle) : chunks(handle)) {
      const whole = this.#rest.length > 0 ? Buffer.concat([this.#rest, fresh]) : fresh;
      const { records, used } = readRecords(whole);
      this.#rest = Buffer.from(whole.subarray(used));
      if (records.length > 0) yield records;
    }
  }
}

async function* chunks(handle: FileHandle): AsyncGenerator<Buffer> {
  for (;;) {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    const { bytesRead } = await handle.read(buffer, 0, chunkBytes, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Nothing when it has been read already: nobody writes to it. */
async function* unpacked(handle: FileHandle): AsyncGenerator<Buffer> {
  const packed = await handle.readFile();
  if (packed.length > 0) yield* createGunzip({ chunkSize: chunkBytes }).end(packed) as AsyncIterable<Buffer>;
}

/** Says when something in the log's folder changed, without losing a change between two waits. */
class FolderWatch {
  #changed = false;
  #wake: (() => void) | undefined;
  readonly #watcher: FSWatcher;

  constructor(folder: string) {
    this.#watcher = watch(folder, () => this.poke());
    this.#watcher.on('error', () => this.poke());
  }

  poke = () => {
    this.#changed = true;
    this.#wake?.();
  };

  async next(): Promise<void> {
    if (!this.#changed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    this.#changed = false;
    this.#wake = undefined;
  }

  close(): void {
    this.#watcher.close();
  }
}

/** The file that took over after this one was rotated away; undefined while it is still the current one. */
async function successor(file: string, { identity }: LogFile): Promise<LogFile | undefined> {
  let younger: LogFile | undefined;
  for (let age = 0; ; age++) {
    const found = await openAge(file, age);
    // Rotated beyond what is kept: go on with the oldest that is left.
    if (found === undefined && age > 0) return younger;
    if (found?.identity === identity) {
      await found.handle.close();
      return younger;
    }
    await younger?.handle.close();
    younger = found;
  }
}

/** Every record that is there now. A log that does not exist is empty. */
export async function* readLog(file: string): AsyncGenerator<LogRecord[]> {
  const files = await openAll(file);
  try {
    for (const one of files) yield* new RecordReader(one).read();
  } finally {
    await closeAll(files);
  }
}

export interface FollowOptions {
  readonly file: string;
  /** Settles when no more will be written: what is there by then is still read. */
  readonly ended: Promise<unknown>;
  readonly signal: AbortSignal;
}

/** Every record that is there, an empty list to say "that was all until now", and then what comes until the end or the signal. */
export async function* followLog({ file, ended, signal }: FollowOptions): AsyncGenerator<LogRecord[]> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o710 });
  const folder = new FolderWatch(path.dirname(file));
  let over = false;
  const finish = () => {
    over = true;
    folder.poke();
  };
  ended.then(finish, finish);
  signal.addEventListener('abort', finish, { once: true });
  const files: LogFile[] = [];
  try {
    files.push(...(await openAll(file)));
    for (const one of files.slice(0, -1)) yield* new RecordReader(one).read();
    let reader = files.length > 0 ? new RecordReader(files.at(-1)!) : undefined;
    for (let first = true; ; first = false) {
      const last = over;
      if (reader) yield* reader.read();
      if (first) yield [];
      const next: LogFile | undefined = reader ? await successor(file, reader.file) : await openAge(file, 0);
      if (next) {
        files.push(next);
        // Written between the last read and the rotation.
        if (reader) yield* reader.read();
        reader = new RecordReader(next);
        await closeAll(files.splice(0, files.length - 1));
        continue;
      }
      if (last || signal.aborted) return;
      await folder.next();
    }
  } finally {
    signal.removeEventListener('abort', finish);
    folder.close();
    await closeAll(files);
  }
}
