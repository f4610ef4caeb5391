import http from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';

type Made = (error: Error | null, socket?: Duplex) => void;

/**
 * Waits for its turn where an engine's queue of connections is full: connect(2) on a unix socket then says EAGAIN at once
 * where TCP would try again. The queue has `net.core.somaxconn` places, on some machines no more than ten.
 */
export class PatientAgent extends http.Agent {
  override createConnection(options: net.NetConnectOpts, made: Made): undefined {
    connectPatiently(options, Date.now() + 10_000, made);
  }
}

function connectPatiently(options: net.NetConnectOpts, until: number, made: Made): void {
  const socket = net.connect(options);
  const failed = (error: NodeJS.ErrnoException) => {
    socket.destroy();
    if (error.code === 'EAGAIN' && Date.now() < until)
      setTimeout(() => connectPatiently(options, until, made), 5 + Math.random() * 20);
    else made(error);
  };
  socket.once('error', failed);
  socket.once('connect', () => {
    socket.off('error', failed);
    made(null, socket);
  });
}
