/** gRPC's server side on a connection that was plain HTTP before (`Upgrade: h2c`). */
import { type IncomingHttpHeaders, performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Codec } from '../proto/codec.js';
import type { Messages } from '../proto/messages.js';
import { frame, readFrames } from './frames.js';
import { codes, GrpcError, statusOf, statusTrailers } from './status.js';

export interface ServerCall {
  readonly metadata: IncomingHttpHeaders;
  /** Aborted when the client cancels the call or its connection ends. */
  readonly signal: AbortSignal;
  messages(): AsyncIterable<Buffer>;
  /** Resolves when the client can take more. */
  send(message: Uint8Array): Promise<void>;
}

export type Method = (call: ServerCall, codec: Codec) => Promise<void>;
/** By path: `/moby.buildkit.v1.Control/Solve`. */
export type Methods = Readonly<Record<string, Method>>;

/** One message in, one out. */
export function unary<I extends keyof Messages, O extends keyof Messages>(
  input: I,
  output: O,
  handle: (request: Messages[I], call: ServerCall) => Promise<Partial<Messages[O]>> | Partial<Messages[O]>,
): Method {
  return async (call, codec) => {
    const request = await onlyMessage(input, call, codec);
    await call.send(codec.encode(output, await handle(request, call)));
  };
}

/** One message in, many out. */
export function streaming<I extends keyof Messages, O extends keyof Messages>(
  input: I,
  output: O,
  handle: (
    request: Messages[I],
    send: (message: Partial<Messages[O]>) => Promise<void>,
    call: ServerCall,
  ) => Promise<void>,
): Method {
  return async (call, codec) => {
    const request = await onlyMessage(input, call, codec);
    await handle(request, (message) => call.send(codec.encode(output, message)), call);
  };
}

async function onlyMessage<I extends keyof Messages>(input: I, call: ServerCall, codec: Codec): Promise<Messages[I]> {
  for await (const message of call.messages()) return codec.decode(input, message);
  throw new GrpcError(codes.internal, 'the request has no message');
}

export interface ServeOptions {
  readonly codec: Codec;
  readonly methods: Methods;
  /** Told of failures that nobody put into a sentence. */
  readonly onBug: (path: string, error: unknown) => void;
}

const windowBytes = 1 << 20;

/** Serves until the connection closes; resolves then. Never rejects. */
export async function serveGrpc(socket: Duplex, options: ServeOptions): Promise<void> {
  const session = performServerHandshake(socket, { settings: { initialWindowSize: windowBytes } });
  session.on('stream', (stream, headers) => void serveStream(stream, headers, options));
  session.on('error', () => session.destroy());
  endWithPeer(socket, () => session.destroy());
  await new Promise<void>((resolve) => session.once('close', resolve));
}

/** A client that is killed leaves an open half behind, which HTTP/2 has no use for. */
export function endWithPeer(socket: Duplex, end: () => void): void {
  socket.allowHalfOpen = false;
  socket.once('end', end);
  socket.once('close', end);
}

async function serveStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { codec, methods, onBug }: ServeOptions,
): Promise<void> {
  const path = headers[':path'] ?? '';
  const abort = new AbortController();
  stream.on('error', () => abort.abort());
  stream.once('close', () => abort.abort());
  let status = { code: codes.ok as number, message: '' };
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers(statusTrailers(codec, status)));
  try {
    const method = methods[path];
    if (!method) throw new GrpcError(codes.unimplemented, `unknown method ${path}`);
    await method(serverCall(stream, headers, abort.signal), codec);
  } catch (error) {
    status = statusOf(error);
    if (status.code === codes.unknown && !(error instanceof GrpcError) && !abort.signal.aborted) onBug(path, error);
  }
  if (!stream.destroyed) stream.end();
  stream.resume();
}

function serverCall(stream: ServerHttp2Stream, metadata: IncomingHttpHeaders, signal: AbortSignal): ServerCall {
  return {
    metadata,
    signal,
    // Leaving the loop early must not end the stream: its other half still carries the answer.
    messages: () => readFrames(stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>),
    send: (message) => sendFrame(stream, message),
  };
}

export async function sendFrame(stream: Duplex, message: Uint8Array): Promise<void> {
  if (stream.destroyed || stream.writableEnded) throw new GrpcError(codes.canceled, 'context canceled');
  if (stream.write(frame(message))) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      stream.removeListener('drain', done);
      stream.removeListener('close', done);
      resolve();
    };
    stream.once('drain', done);
    stream.once('close', done);
  });
}
