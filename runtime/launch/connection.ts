import { connect, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { FRAME_HEADER, type Frame, frameHeader } from './wire.js';

const QUEUE_PAUSE_MS = 5;
const QUEUE_TRIES = 2000;

/** The socket, or why there is none. */
function openOnce(path: string): Promise<Socket | NodeJS.ErrnoException> {
  return new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once('error', resolve);
    socket.once('connect', () => {
      socket.off('error', resolve);
      resolve(socket);
    });
  });
}

/**
 * One connection to the launcher or a monitor. Exactly one frame is taken off the socket for each `next`, so that after
 * the last one the rest is a stream of bytes. Errors of the socket are an end: whoever is on the other side has died.
 */
export class FrameConnection {
  private waiters: ((frame: Frame | undefined) => void)[] = [];
  private head: Buffer | undefined;
  private ended = false;

  private constructor(readonly socket: Socket) {
    socket.on('readable', this.onReadable);
    for (const event of ['end', 'close', 'error']) socket.on(event, this.onEnd);
  }

  /** Rejects with the system's error (ENOENT, ECONNREFUSED: nobody is there). Waits where the queue of connections is full. */
  static async open(path: string): Promise<FrameConnection> {
    for (let tries = 0; ; tries += 1) {
      const opened = await openOnce(path);
      if (opened instanceof Socket) return new FrameConnection(opened);
      // The kernel says EAGAIN for a unix socket with somaxconn connections waiting, where TCP would try again.
      if (opened.code !== 'EAGAIN' || tries >= QUEUE_TRIES) throw opened;
      await pause(QUEUE_PAUSE_MS);
    }
  }

  /** Nothing will come any more. */
  get over(): boolean {
    return this.ended;
  }

  send(kind: number, body: Uint8Array = Buffer.alloc(0)): void {
    this.socket.cork();
    this.socket.write(frameHeader(kind, body.length));
    if (body.length > 0) this.socket.write(body);
    this.socket.uncork();
  }

  /** The next frame; undefined at the end. */
  next(): Promise<Frame | undefined> {
    const frame = this.waiters.length === 0 ? this.take() : undefined;
    if (frame !== undefined) return Promise.resolve(frame);
    if (this.ended) return Promise.resolve(undefined);
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  /** No more frames: what follows on the socket is a stream, in neither mode yet (`pipe`, `on('data')` or iterating start it). */
  release(): Socket {
    this.socket.off('readable', this.onReadable);
    for (const event of ['end', 'close']) this.socket.off(event, this.onEnd);
    return this.socket;
  }

  close(): void {
    this.socket.destroy();
  }

  private readonly onReadable = (): void => {
    while (this.waiters.length > 0) {
      const frame = this.take();
      if (frame === undefined) return;
      this.waiters.shift()!(frame);
    }
    // Nobody waits; an end is still to be noticed, which takes a read.
    this.socket.read(0);
  };

  private readonly onEnd = (): void => {
    this.ended = true;
    for (const waiter of this.waiters.splice(0)) waiter(undefined);
  };

  private take(): Frame | undefined {
    this.head ??= this.exactly(FRAME_HEADER);
    if (this.head === undefined) return undefined;
    const length = this.head.readUInt32LE(0);
    const body = length === 0 ? Buffer.alloc(0) : this.exactly(length);
    if (body === undefined) return undefined;
    const kind = this.head.readUInt16LE(4);
    this.head = undefined;
    return { kind, body };
  }

  /** At its end a socket gives less than asked for. */
  private exactly(length: number): Buffer | undefined {
    const bytes = this.socket.read(length) as Buffer | null;
    return bytes === null || bytes.length < length ? undefined : bytes;
  }
}
