/** Reads a container's log across its rotated files, and goes on while it grows. The records are described in launch/log-format. */
import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { type LogRecord, readRecords } from '../launch/log-format.js';

const chunkBytes = 1 << 20;

/** Oldest first: `PATH.2`, `PATH.1`, `PATH`, as far as they are there. */
async function openAll(file: string): Promise<FileHandle[]> {
  const handles: FileHandle[] = [];
  const current = await open(file).catch(() => undefined);
  if (current) handles.unshift(current);
  for (let age = 1; ; age++) {
    const rotated = await open(`${file}.${age}`).catch(() => undefined);
    if (!rotated) return handles;
    handles.unshift(rotated);
  }
}

/** All whole records from where the handle stands; what is incomplete stays for the next call. */
class RecordReader {
  #rest: Buffer = Buffer.alloc(0);

  constructor(readonly handle: FileHandle) {}

  async *read(): AsyncGenerator<LogRecord[]> {
    for (;;) {
      const buffer = Buffer.allocUnsafe(chunkBytes);
      const { bytesRead } = await this.handle.read(buffer, 0, chunkBytes, null);
      if (bytesRead === 0) return;
      const fresh = buffer.subarray(0, bytesRead);
      const whole = this.#rest.length > 0 ? Buffer.concat([this.#rest, fresh]) : fresh;
      const { records, used } = readRecords(whole);
      this.#rest = Buffer.from(whole.subarray(used));
      if (records.length > 0) yield records;
    }
  }
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

/** The file that took over after `handle` was rotated away; undefined while it is still the current one. */
async function successor(file: string, handle: FileHandle): Promise<FileHandle | undefined> {
  const { ino } = await handle.stat();
  const inode = async (name: string) =>
    stat(name).then(
      (found) => found.ino,
      () => undefined,
    );
  const current = await inode(file);
  if (current === ino || current === undefined) return undefined;
  for (let age = 1; ; age++) {
    const found = await inode(`${file}.${age}`);
    // Rotated beyond what is kept: go on with the oldest that is left.
    if (found === undefined || found === ino) return open(age === 1 ? file : `${file}.${age - 1}`);
  }
}

/** Every record that is there now. A log that does not exist is empty. */
export async function* readLog(file: string): AsyncGenerator<LogRecord[]> {
  const handles = await openAll(file);
  try {
    for (const handle of handles) yield* new RecordReader(handle).read();
  } finally {
    await Promise.all(handles.map((handle) => handle.close()));
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
  const handles = await openAll(file);
  try {
    for (const handle of handles.slice(0, -1)) yield* new RecordReader(handle).read();
    let reader = handles.length > 0 ? new RecordReader(handles.at(-1)!) : undefined;
    for (let first = true; ; first = false) {
      const last = over;
      if (reader) yield* reader.read();
      if (first) yield [];
      const next: FileHandle | undefined = reader
        ? await successor(file, reader.handle)
        : await open(file).catch(() => undefined);
      if (next) {
        handles.push(next);
        // Written between the last read and the rotation.
        if (reader) yield* reader.read();
        reader = new RecordReader(next);
        continue;
      }
      if (last || signal.aborted) return;
      await folder.next();
    }
  } finally {
    signal.removeEventListener('abort', finish);
    folder.close();
    await Promise.all(handles.map((handle) => handle.close()));
  }
}
