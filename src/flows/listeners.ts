/** Who listens on a port of this machine. */
import dgram from 'node:dgram';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import net from 'node:net';

/** Whether a container could be published there. What cannot be tried (a port below 1024 without root) counts as free. */
export function isFree(address: string, port: number, protocol: string): Promise<boolean> {
  return protocol === 'udp' ? isFreeUdp(address, port) : isFreeTcp(address, port);
}

const isBusy = (error: NodeJS.ErrnoException) => error.code === 'EADDRINUSE';

function isFreeTcp(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (error) => resolve(!isBusy(error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function isFreeUdp(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', (error) => resolve(!isBusy(error)));
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

/** `postgres (pid 812)`, from proc(5). Undefined where it cannot be seen. */
export function listener(port: number, protocol: string): string | undefined {
  const inodes = new Set([...inodesOf(`/proc/net/${protocol}`, port), ...inodesOf(`/proc/net/${protocol}6`, port)]);
  if (inodes.size === 0) return undefined;
  for (const pid of attempt(() => readdirSync('/proc'), []).filter((name) => /^\d+$/.test(name))) {
    const folder = `/proc/${pid}/fd`;
    const holds = attempt(() => readdirSync(folder), []).some((fd) =>
      inodes.has(attempt(() => readlinkSync(`${folder}/${fd}`), '')),
    );
    if (holds) return `${attempt(() => readFileSync(`/proc/${pid}/comm`, 'utf8'), '?').trim()} (pid ${pid})`;
  }
  return undefined;
}

/** Of sockets that listen on a port: state 0A for TCP, 07 for UDP, which has no such thing. */
function inodesOf(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return attempt(() => readFileSync(table, 'utf8'), '')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${hex}`) && (state === '0A' || state === '07'))
    .map((fields) => `socket:[${fields[9]}]`);
}

/** A process may end, or be another user's, while it is looked at. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
