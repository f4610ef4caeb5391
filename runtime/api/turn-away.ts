/** Clients whose bytes are no HTTP. */
import type { Socket } from 'node:net';

const STATUS_OF_FAULTS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** What is no HTTP is told so and cut off; who is in the middle of an answer already only the latter. */
export function turnAway(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || socket.bytesWritten > 0) return void socket.destroy();
  const status = STATUS_OF_FAULTS[error.code ?? ''] ?? '400 Bad Request';
  const head = 'Content-Type: text/plain; charset=utf-8\r\nConnection: close';
  socket.end(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${status}`, () => socket.destroy());
}
