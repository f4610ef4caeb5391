/** Answers that go on: JSON lines with Docker's line ends, raw bytes, and frames that keep stdout and stderr apart. */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from './errors.js';
import type { Call } from './routes.js';

/** Until a writable takes more, or is gone. Leaves no listeners behind, as racing two `once` would. */
function drained(out: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      out.off('drain', done).off('close', done);
      resolve();
    };
    out.on('drain', done).on('close', done);
  });
}

/** Writes and waits while the receiver is slow. Resolves false when it is gone. */
export async function writeChunk(out: Writable, chunk: Uint8Array | string): Promise<boolean> {
  if (out.destroyed || out.writableEnded) return false;
  if (out.write(chunk)) return true;
  await drained(out);
  return !out.destroyed;
}

/** Sends the head of an endless answer at once, so that a client knows that it is being served. */
export function openStream(call: Call, contentType: string, status = 200): Writable {
  call.response.writeHead(status, { 'Content-Type': contentType });
  call.response.flushHeaders();
  return call.response;
}

const NEWLINE = 0x0a;

/** `stream` 1 is stdout, 2 stderr: `[stream, 0, 0, 0, big-endian length] payload`, as attach and logs multiplex. */
export function frame(stream: 1 | 2, payload: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(8 + payload.length);
  putFrame(framed, 0, stream, payload);
  return framed;
}

/** Gives the place behind it. */
function putFrame(to: Buffer, at: number, stream: 1 | 2, payload: Uint8Array): number {
  to.writeUInt32BE(stream * 0x1000000, at);
  to.writeUInt32BE(payload.length, at + 4);
  to.set(payload, at + 8);
  return at + 8 + payload.length;
}

/** Each line in a frame of its own, as a log's readers count on: clients take a frame for a line. */
export function frameLines(stream: 1 | 2, payload: Uint8Array): Buffer {
  let lines = payload.at(-1) === NEWLINE ? 0 : 1;
  for (const byte of payload) if (byte === NEWLINE) lines++;
  if (lines <= 1) return frame(stream, payload);
  const framed = Buffer.allocUnsafe(payload.length + 8 * lines);
  let to = 0;
  for (let from = 0; from < payload.length; ) {
    const at = payload.indexOf(NEWLINE, from);
    const end = at < 0 ? payload.length : at + 1;
    to = putFrame(framed, to, stream, payload.subarray(from, end));
    from = end;
  }
  return framed;
}

/** JSON objects one after the other. The head goes out with the first one, so that an early failure still has its own status. */
export class JsonStream {
  #opened = false;

  constructor(
    readonly call: Call,
    /** Progress of pulls and builds ends its lines with CRLF, events with LF. */
    readonly lineEnd: '\r\n' | '\n' = '\r\n',
  ) {}

  open(): void {
    if (this.#opened) return;
    this.#opened = true;
    openStream(this.call, 'application/json');
  }

  /** Resolves false when the client is gone. */
  write(value: unknown): Promise<boolean> {
    this.open();
    return writeChunk(this.call.response, JSON.stringify(value) + this.lineEnd);
  }

  /** For news that the next one replaces: left out while the client is slow. */
  writeUnlessBusy(value: unknown): void {
    if (this.call.response.writableNeedDrain) return;
    void this.write(value);
  }

  /** Before the first object the failure becomes the answer's status (it is thrown on), later it is a line as Docker writes it. `code`: what a client is to end with. */
  async fail(error: unknown, code?: number): Promise<void> {
    if (!this.#opened) throw error;
    const message = messageOf(error);
    await this.write({ errorDetail: { ...(code === undefined ? {} : { code }), message }, error: message });
    this.end();
  }

  end(): void {
    this.open();
    this.call.response.end();
  }
}

/** Pipes bytes to the client as the whole body. An error midway cuts the connection, because the status is out already. */
export async function sendStream(call: Call, source: Readable, contentType: string): Promise<void> {
  await once(source, 'readable');
  call.response.writeHead(200, { 'Content-Type': contentType });
  await pipeline(source, call.response);
}
