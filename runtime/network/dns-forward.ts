/** Asks this machine's resolvers what the engine does not know itself. Bytes go through unread, EDNS too. */

import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { responseCode, SERVER_FAILURE } from './dns-message.js';

const REFUSED = 5;
/** Together below the five seconds after which resolv.conf(5) clients ask again. */
const UDP_PATIENCE_MS = [1200, 2800] as const;
const TCP_PATIENCE_MS = 4000;

/** The first useful answer, `undefined` when nobody gives one. Servers are asked in order, twice. */
export async function forwardQuery(
  query: Buffer,
  servers: readonly string[],
  transport: 'udp' | 'tcp',
): Promise<Buffer | undefined> {
  let last: Buffer | undefined;
  for (const patienceMs of transport === 'udp' ? UDP_PATIENCE_MS : [TCP_PATIENCE_MS]) {
    for (const server of servers) {
      const share = Math.max(500, patienceMs / servers.length);
      const answer = await (transport === 'udp' ? askByUdp : askByTcp)(query, server, share);
      if (answer === undefined) continue;
      last = answer;
      const code = responseCode(answer);
      if (code !== SERVER_FAILURE && code !== REFUSED) return answer;
    }
    if (last !== undefined) return last;
  }
  return last;
}

/** A socket a question: its port is as random as its id. */
function askByUdp(query: Buffer, server: string, patienceMs: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(server.includes(':') ? 'udp6' : 'udp4');
    const end = (answer?: Buffer) => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(end, patienceMs);
    socket.on('error', () => end());
    socket.on('message', (bytes) => {
      if (bytes.length >= 12 && bytes.readUInt16BE(0) === query.readUInt16BE(0)) end(bytes);
    });
    socket.on('connect', () => socket.send(query));
    socket.connect(53, server);
  });
}

function askByTcp(query: Buffer, server: string, patienceMs: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: server, port: 53 });
    let received: Buffer = Buffer.alloc(0);
    const end = (answer?: Buffer) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(end, patienceMs);
    socket.on('error', () => end());
    socket.on('close', () => end());
    socket.on('connect', () => socket.write(frame(query)));
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      const [message] = takeFrame(received);
      if (message !== undefined) end(message);
    });
  });
}

/** A message over TCP is preceded by its length in two bytes (RFC 1035 4.2.2). */
export function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(message.length);
  return Buffer.concat([head, message]);
}

/** The first whole message of a stream, and what follows it. */
export function takeFrame(bytes: Buffer): [message: Buffer | undefined, rest: Buffer] {
  if (bytes.length < 2) return [undefined, bytes];
  const end = 2 + bytes.readUInt16BE(0);
  return bytes.length < end ? [undefined, bytes] : [bytes.subarray(2, end), bytes.subarray(end)];
}
