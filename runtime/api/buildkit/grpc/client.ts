/** gRPC's client side on a connection that the other end opened: a session, where the engine asks and the client serves. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Codec } from '../proto/codec.js';
import type { Messages, Status } from '../proto/messages.js';
import { readFrameBatches } from './frames.js';
import { endWithPeer, sendFrame } from './server.js';
import { codes, GrpcError, readStatus } from './status.js';

/** Several values of one key are sent as that many headers. */
export type Metadata = Readonly<Record<string, string | readonly string[]>>;

/** A call with a stream of messages each way. */
export interface ClientCall {
  send(message: Uint8Array): Promise<void>;
  /** No more from us. */
  endSend(): void;
  /** Ends when the server ends the call with OK; throws GrpcError for any other status. */
  messages(): AsyncIterable<Buffer>;
  /** The same, as many at once as there are: for calls of thousands of small ones. */
  batches(): AsyncIterable<Buffer[]>;
  cancel(): void;
}

const windowBytes = 4 << 20;

export class GrpcClient {
  readonly #session: ClientHttp2Session;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;

  constructor(
    socket: Duplex,
    readonly codec: Codec,
  ) {
    this.#session = connect('http://localhost', {
      createConnection: () => socket,
      settings: { initialWindowSize: windowBytes, enablePush: false },
    });
    this.#session.on('error', () => this.#session.destroy());
    this.#session.once('connect', () => this.#session.setLocalWindowSize(windowBytes));
    endWithPeer(socket, () => this.#session.destroy());
    this.closed = new Promise((resolve) => this.#session.once('close', () => resolve()));
  }

  close(): void {
    this.#session.destroy();
  }

  /** Never throws by itself: failures come with the messages. */
  call(path: string, metadata: Metadata, signal: AbortSignal): ClientCall {
    if (this.#session.destroyed || this.#session.closed)
      throw new GrpcError(codes.unavailable, 'the session is closed');
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(metadata as Record<string, string | string[]>),
    });
    const cancel = () => stream.close(8);
    signal.addEventListener('abort', cancel, { once: true });
    stream.once('close', () => signal.removeEventListener('abort', cancel));
    const ended = outcome(stream, this.codec);
    return {
      send: (message) => sendFrame(stream, message),
      endSend: () => stream.end(),
      messages: () => oneByOne(checked(stream, ended, signal)),
      batches: () => checked(stream, ended, signal),
      cancel,
    };
  }

  /** One message out, one in. */
  async unary<I extends keyof Messages, O extends keyof Messages>(
    path: string,
    [input, output]: readonly [I, O],
    request: Partial<Messages[I]>,
    signal: AbortSignal,
  ): Promise<Messages[O]> {
    const call = this.call(path, {}, signal);
    let answer: Messages[O] | undefined;
    const reading = (async () => {
      for await (const message of call.messages()) answer = this.codec.decode(output, message);
    })();
    await call.send(this.codec.encode(input, request)).catch(() => undefined);
    call.endSend();
    await reading;
    if (answer === undefined) throw new GrpcError(codes.internal, `${path} gave no answer`);
    return answer;
  }
}

/** The status that the server ends with; `Unavailable` when the connection ended first. */
function outcome(stream: ClientHttp2Stream, codec: Codec): Promise<Status> {
  return new Promise((resolve) => {
    const look = (headers: IncomingHttpHeaders) => {
      const status = readStatus(codec, headers);
      if (status) resolve(status);
    };
    stream.on('response', look);
    stream.on('trailers', look);
    stream.on('error', () => undefined);
    stream.once('close', () => resolve({ code: codes.unavailable, message: 'the client went away' }));
  });
}

async function* oneByOne(batches: AsyncIterable<Buffer[]>): AsyncGenerator<Buffer> {
  for await (const messages of batches) yield* messages;
}

async function* checked(
  stream: ClientHttp2Stream,
  ended: Promise<Status>,
  signal: AbortSignal,
): AsyncGenerator<Buffer[]> {
  try {
    yield* readFrameBatches(stream as AsyncIterable<Buffer>);
  } catch (error) {
    signal.throwIfAborted();
    if (!stream.destroyed) throw error;
  }
  signal.throwIfAborted();
  const status = await ended;
  if (status.code !== codes.ok) throw new GrpcError(status.code, status.message, status.details);
}
