import { connect, type Socket } from 'node:net';
import { FRAME_HEADER, type Frame, frameHeader } from './wire.js';

/** Past this many bytes that nobody asked for, the sender has to wait. */
const READ_AHEAD = 1 << 20;

/**
 * One connection to the launcher or a monitor. Frames are cut off only when asked for, so that after the last one the
 * rest is a stream of bytes. Errors of the socket are an end: whoever is on the other side has died.
 */
export class FrameConnection {
  private chunks: Buffer[] = [];
  private buffered = 0;
  private waiters: ((frame: Frame | undefined) => void)[] = [];
  private ended = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', this.onData);
    socket.on('end', this.onEnd);
    socket.on('close', this.onEnd);
    socket.on('error', this.onEnd);
  }

  /** Rejects with the system's error (ENOENT, ECONNREFUSED: nobody is there). */
  static open(path: string): Promise<FrameConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new FrameConnection(socket));
      });
    });
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
    this.socket.resume();
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  /** No more frames: what follows on the socket is a stream, and starts with what was read already. */
  release(): Socket {
    this.socket.pause();
    this.socket.off('data', this.onData);
    this.socket.off('end', this.onEnd);
    this.socket.off('close', this.onEnd);
    if (this.buffered > 0) this.socket.unshift(Buffer.concat(this.chunks));
    return this.socket;
  }

  close(): void {
    this.socket.destroy();
  }

  private readonly onData = (chunk: Buffer): void => {
    this.chunks.push(chunk);
    this.buffered += chunk.length;
    while (this.waiters.length > 0) {
      const frame = this.take();
      if (frame === undefined) return;
      this.waiters.shift()!(frame);
    }
    if (this.buffered > READ_AHEAD) this.socket.pause();
  };

  private readonly onEnd = (): void => {
    this.ended = true;
    for (const waiter of this.waiters.splice(0)) waiter(undefined);
  };

  private take(): Frame | undefined {
    if (this.buffered < FRAME_HEADER) return undefined;
    if (this.chunks[0]!.length < FRAME_HEADER) this.chunks = [Buffer.concat(this.chunks)];
    const head = this.chunks[0]!;
    const size = FRAME_HEADER + head.readUInt32LE(0);
    if (this.buffered < size) return undefined;
    const all = this.chunks.length === 1 ? head : Buffer.concat(this.chunks);
    const rest = all.subarray(size);
    this.chunks = rest.length > 0 ? [rest] : [];
    this.buffered = rest.length;
    return { kind: head.readUInt16LE(4), body: all.subarray(FRAME_HEADER, size) };
  }
}
