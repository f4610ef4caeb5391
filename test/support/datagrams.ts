/** A server of datagrams that a busybox without other tools can ask: one file by TFTP (RFC 1350), whose text is who asked. */
import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';

export interface DatagramServer {
  readonly port: number;
  close(): void;
}

const DATA = Buffer.from([0, 3, 0, 1]);
const READ_REQUEST = 1;

/** `tftp -g -r any -l FILE ADDRESS PORT` gets `text`. */
export async function serveFile(text: string, address = '0.0.0.0'): Promise<DatagramServer> {
  const socket = createSocket('udp4');
  socket.on('message', (message, { port, address: asker }) => {
    if (message.readUInt16BE(0) === READ_REQUEST) socket.send(Buffer.concat([DATA, Buffer.from(text)]), port, asker);
  });
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  return { port: (socket.address() as AddressInfo).port, close: () => socket.close() };
}
