/**
 * Requests with an `Upgrade` header. Node hands over the bare socket and does not parse a body, so the body is cut off here:
 * `POST /exec/ID/start` has one, followed at once by input.
 */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';

/** What a request that asks for an upgrade may bring: the settings of an exec. */
const bodyLimitBytes = 1 << 20;

export interface Upgraded {
  readonly response: ServerResponse;
  readonly body: Readable;
  /** What came behind the body: the first of the client's raw bytes. They are in the socket again. */
  readonly head: Buffer;
}

async function readExactly(socket: Socket, head: Buffer, length: number): Promise<Buffer> {
  const chunks = [head];
  let have = head.length;
  while (have < length) {
    const chunk = socket.read() as Buffer | null;
    if (chunk) {
      chunks.push(chunk);
      have += chunk.length;
    } else if (socket.readableEnded || socket.destroyed) break;
    else await new Promise<void>((resolve) => socket.once('readable', resolve).once('close', resolve));
  }
  socket.removeAllListeners('readable');
  return Buffer.concat(chunks);
}

/** Reads the body by its Content-Length; what follows it stays to be read from the socket. One that is too slow loses it. */
export async function takeUpgraded(
  { request, socket, head }: { request: IncomingMessage; socket: Socket; head: Buffer },
  limitMs: number,
): Promise<Upgraded> {
  const length = Number(request.headers['content-length'] ?? 0);
  // Not worth an answer: nobody that means well sends it.
  if (!(length >= 0 && length <= bodyLimitBytes)) socket.destroy();
  const timer = setTimeout(() => socket.destroy(), limitMs);
  const bytes = length > head.length ? await readExactly(socket, head, length) : head;
  clearTimeout(timer);
  const rest = bytes.subarray(length);
  const isWebsocket = request.headers.upgrade?.toLowerCase() === 'websocket';
  if (rest.length > 0 && !isWebsocket) socket.unshift(rest);
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.end());
  return { response, body: Readable.from(length > 0 ? [bytes.subarray(0, length)] : []), head: rest };
}
