/** Connections that stop being HTTP: attach and exec (`101 UPGRADED`, or a raw `200`), and attach over a websocket. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../errors.js';
import type { Call } from './routes.js';
import { hijackedContentType } from './versions/streams.js';

/**
 * Some clients lose what arrives together with the head (docker-py reads it through a buffer that it then leaves behind),
 * so output keeps this distance from it. An end without output does not wait.
 */
const payloadDistanceMs = 8;
/** How long a client may take to close its half after we closed ours. */
const lingerMs = 1000;

/** Takes the connection of a plain request away from the HTTP parser, which would read input as the next request. */
function detach(call: Call): Socket {
  const { socket } = call.request;
  call.response.detachSocket(socket);
  // One by one: after removeAllListeners a stream still believes that somebody takes its data.
  for (const event of ['data', 'end', 'drain', 'timeout'])
    for (const listener of socket.rawListeners(event)) socket.off(event, listener as () => void);
  // The parser reads from the descriptor itself until somebody listens: input right after the head would be its.
  socket.once('readable', noted).off('readable', noted);
  return socket;
}

const noted = () => undefined;

function head(call: Call, multiplexed: boolean): string {
  if (!call.upgrade) return `HTTP/1.1 200 OK\r\nContent-Type: ${hijackedContentType(call.version, false)}\r\n\r\n`;
  const contentType = hijackedContentType(call.version, multiplexed);
  return `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;
}

/** A connection whose head is out. */
export class Hijacked {
  readonly #payloadAllowedAt = performance.now() + payloadDistanceMs;

  constructor(readonly socket: Duplex) {}

  /**
   * Joins it with a process' streams until its output ends or the client leaves. End of the client's input ends `stream`'s
   * writable half, and only that. `input` false throws away what the client sends. Never rejects.
   */
  async join(stream: Duplex, options: { readonly input: boolean }): Promise<void> {
    const { socket } = this;
    const ended = new Promise<void>((resolve) => {
      stream.once('close', resolve);
      socket.once('close', resolve);
    });
    stream.on('error', () => stream.destroy());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => stream.destroy());
    if (options.input) socket.pipe(stream, { end: true });
    else socket.resume();
    await this.#firstOutput(stream);
    stream.pipe(socket, { end: true });
    if (stream.destroyed) socket.end();
    else stream.once('close', () => socket.end());
    socket.once('finish', () => setTimeout(() => socket.destroy(), lingerMs).unref());
    await ended;
  }

  async #firstOutput(stream: Duplex): Promise<void> {
    // A stream that ends without a word tells of its end only, and only once.
    if (stream.readableEnded || stream.destroyed) return;
    await new Promise<void>((resolve) => {
      for (const event of ['readable', 'end', 'close']) stream.once(event, resolve);
    });
    const waitMs = this.#payloadAllowedAt - performance.now();
    if (stream.readableLength > 0 && waitMs > 0) await sleep(waitMs);
  }

  /** Writes bytes (an old log, the sentence of a late failure) at the distance that clients need. */
  async write(bytes: Uint8Array | string): Promise<void> {
    const waitMs = this.#payloadAllowedAt - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    if (!this.socket.destroyed) await new Promise<void>((resolve) => this.socket.write(bytes, () => resolve()));
  }

  end(): void {
    this.socket.end();
    this.socket.resume();
    setTimeout(() => this.socket.destroy(), lingerMs).unref();
  }
}

/** Sends the head in a write of its own. `multiplexed`: what follows is framed (no terminal). The body must have been read. */
export async function hijack(call: Call, options: { readonly multiplexed: boolean }): Promise<Hijacked> {
  const socket = call.upgrade ? call.upgrade.socket : detach(call);
  await new Promise<void>((resolve) => socket.write(head(call, options.multiplexed), () => resolve()));
  return new Hijacked(socket);
}

/** Accepts a websocket and gives its messages as bytes (Docker: binary messages both ways). Throws `invalid` for a plain request. */
export async function acceptWebsocket(call: Call): Promise<Duplex> {
  const { upgrade } = call;
  if (upgrade?.protocol !== 'websocket') throw new EngineError('invalid', 'bad handshake: not a websocket request');
  const { WebSocketServer, createWebSocketStream } = await import('ws');
  const server = new WebSocketServer({ noServer: true, clientTracking: false });
  return await new Promise((resolve) => {
    server.handleUpgrade(call.request, upgrade.socket, upgrade.head, (socket) => {
      const stream = createWebSocketStream(socket);
      // A frame that is none ends the connection, and is nobody's business else.
      stream.on('error', () => stream.destroy());
      resolve(stream);
    });
  });
}
