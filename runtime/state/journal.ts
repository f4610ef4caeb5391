/**
 * What was written and is not in the store's file yet, in two files that take turns: while the entries of one are put
 * away, new ones go to the other. Written without waiting: the kernel has an entry when `append` returns, so it survives
 * this process. Each is u32 length, u32 crc32, then the entry in V8's serialisation; what a full stop of the machine
 * left of an entry does not match its sum and ends the reading.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';

/** `value` undefined: removed. */
export type Change = readonly [table: string, id: string, value: unknown];

export interface Entry {
  /** One more than the entry's before. */
  readonly sequence: number;
  /** All or nothing. */
  readonly changes: readonly Change[];
}

const HEADER = 8;
/** A file that a burst has left larger is cut off before it is used again. */
const KEPT_BYTES = 1 << 20;

export class Journal {
  readonly #files: readonly number[];
  #current = 0;
  #length = 0;
  /** The last entry of the other file that is not put away; 0: none. */
  #waiting = 0;
  #last = 0;

  /** Throws the system's error when its files cannot be opened. */
  constructor(directory: string) {
    this.#files = ['journal.0', 'journal.1'].map((name) => openFile(path.join(directory, name)));
  }

  /**
   * The entries behind `sequence`, in order, without a gap, for a journal that nothing was appended to yet. `last`: the
   * highest number of all. Those behind a gap, which a power cut leaves, are lost, and their numbers must not come again.
   */
  read(sequence: number): { readonly entries: readonly Entry[]; readonly last: number } {
    const found = this.#files.flatMap(readEntries).sort((a, b) => a.sequence - b.sequence);
    const entries: Entry[] = [];
    for (const entry of found) if (entry.sequence === sequence + 1 + entries.length) entries.push(entry);
    return { entries, last: found.at(-1)?.sequence ?? 0 };
  }

  /** Throws the system's error (ENOSPC) when the entry could not be written. */
  append(entry: Entry): void {
    const body = serialize(entry);
    const bytes = Buffer.allocUnsafe(HEADER + body.length);
    bytes.writeUInt32LE(body.length, 0);
    bytes.writeUInt32LE(crc32(body), 4);
    body.copy(bytes, HEADER);
    const written = writeSync(this.#files[this.#current]!, bytes, 0, bytes.length, this.#length);
    if (written < bytes.length) throw Object.assign(new Error('the journal has no room'), { code: 'ENOSPC' });
    this.#length += bytes.length;
    this.#last = entry.sequence;
  }

  /** Goes on in the other file, if nothing in there is still needed. */
  turn(): void {
    if (this.#waiting !== 0) return;
    this.#waiting = this.#last;
    this.#current = 1 - this.#current;
    this.#length = 0;
    const file = this.#files[this.#current]!;
    if (fstatSync(file).size > KEPT_BYTES) ftruncateSync(file);
  }

  /** Entries up to this one are in the store's file. */
  putAway(sequence: number): void {
    if (this.#waiting <= sequence) this.#waiting = 0;
  }

  close(): void {
    for (const file of this.#files) closeSync(file);
  }
}

function openFile(file: string): number {
  try {
    return openSync(file, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return openSync(file, 'wx+', 0o600);
  }
}

function readEntries(file: number): Entry[] {
  const bytes = Buffer.alloc(fstatSync(file).size);
  readSync(file, bytes, 0, bytes.length, 0);
  const entries: Entry[] = [];
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const body = bytes.subarray(at + HEADER, at + HEADER + bytes.readUInt32LE(at));
    if (body.length === 0 || body.length !== bytes.readUInt32LE(at) || crc32(body) !== bytes.readUInt32LE(at + 4))
      break;
    entries.push(deserialize(body) as Entry);
    at += HEADER + body.length;
  }
  return entries;
}
