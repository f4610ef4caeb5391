import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { frame, takeFrame } from './dns-forward.js';

/** Turns one message into its answer; `undefined` gives none. Must not throw. */
export type Answerer = (message: Buffer, askerIp: string, transport: 'udp' | 'tcp') => Promise<Buffer | undefined>;

const IDLE_CONNECTION_MS = 10_000;
const CONNECTIONS_MAX = 256;
const PORT_TRIES = 8;

/** The resolver of one bridge: datagrams and connections on the gateway's address. */
export class DnsServer {
  readonly #answer: Answerer;
  readonly #connections = new Set<Socket>();
  #datagrams: DatagramSocket | undefined;
  #server: Server | undefined;

  constructor(answer: Answerer) {
    this.#answer = answer;
  }

  /** Takes port 53, or another where something of this machine has that on all addresses. Returns the port. */
  async listen(address: string): Promise<number> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#listenOn(address, tries === 0 ? 53 : 0);
      } catch (error) {
        await this.close();
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries === PORT_TRIES) throw error;
      }
    }
  }

  /** Sockets that are bound already; their descriptors become ours. Returns the port. */
  async adopt(
    fds: { readonly datagrams: number; readonly connections: number },
    type: 'udp4' | 'udp6',
  ): Promise<number> {
    const datagrams = this.#receive(createSocket(type));
    // A descriptor is bound at once: who asks for the event afterwards waits for ever.
    const listening = once(datagrams, 'listening');
    datagrams.bind({ fd: fds.datagrams });
    await listening;
    const server = this.#connect();
    server.listen({ fd: fds.connections });
    await once(server, 'listening');
    return datagrams.address().port;
  }

  async #listenOn(address: string, wanted: number): Promise<number> {
    const datagrams = this.#receive(createSocket(address.includes(':') ? 'udp6' : 'udp4'));
    datagrams.bind({ address, port: wanted, exclusive: true });
    await once(datagrams, 'listening');
    const { port } = datagrams.address();
    const server = this.#connect();
    server.listen({ host: address, port, exclusive: true });
    await once(server, 'listening');
    return port;
  }

  #receive(datagrams: DatagramSocket): DatagramSocket {
    this.#datagrams = datagrams;
    datagrams.once('listening', () => datagrams.on('error', () => undefined));
    datagrams.on('message', (message, from) => {
      this.#answer(message, from.address, 'udp').then((reply) => {
        if (reply !== undefined && this.#datagrams === datagrams)
          datagrams.send(reply, from.port, from.address, () => undefined);
      });
    });
    return datagrams;
  }

  #connect(): Server {
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    server.maxConnections = CONNECTIONS_MAX;
    return server;
  }

  #serve(socket: Socket): void {
    let received: Buffer = Buffer.alloc(0);
    this.#connections.add(socket);
    socket.setTimeout(IDLE_CONNECTION_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#connections.delete(socket));
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      for (let [message, rest] = takeFrame(received); message !== undefined; [message, rest] = takeFrame(received)) {
        received = rest;
        this.#answer(message, socket.remoteAddress ?? '', 'tcp').then((reply) => {
          if (reply !== undefined && socket.writable) socket.write(frame(reply));
        });
      }
    });
  }

  async close(): Promise<void> {
    const datagrams = this.#datagrams;
    const server = this.#server;
    this.#datagrams = undefined;
    this.#server = undefined;
    for (const socket of this.#connections) socket.destroy();
    if (server?.listening) await new Promise((resolve) => server.close(resolve));
    if (datagrams !== undefined) await new Promise<void>((resolve) => datagrams.close(resolve)).catch(() => undefined);
  }
}
