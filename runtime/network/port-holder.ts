import { readdir, readFile, readlink } from 'node:fs/promises';
import { parseAddress } from './address.js';

/** One line of `/proc/net/{tcp,udp}{,6}`: proc(5). */
interface BoundSocket {
  readonly address: bigint;
  readonly port: number;
  readonly listening: boolean;
  readonly inode: string;
}

const LISTEN = '0A';
const UDP_UNCONNECTED = '07';

export function parseSockets(text: string): BoundSocket[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const columns = line.trim().split(/\s+/);
      const [hexAddress, hexPort] = (columns[1] ?? '').split(':');
      if (hexAddress === undefined || hexPort === undefined) return [];
      return [
        {
          address: addressOf(hexAddress),
          port: Number.parseInt(hexPort, 16),
          listening: columns[3] === LISTEN || columns[3] === UDP_UNCONNECTED,
          inode: columns[9] ?? '',
        },
      ];
    });
}

/** Words of 32 bits, each in the machine's byte order (little-endian here). An IPv4 address mapped into IPv6 is the former. */
function addressOf(hex: string): bigint {
  const words = hex.match(/.{8}/g) ?? [];
  const value = BigInt(`0x${words.map((word) => (word.match(/../g) ?? []).reverse().join('')).join('')}`);
  return value >> 32n === 0xffffn ? value & 0xffffffffn : value;
}

/** Whether a socket bound to `bound` is in the way of one that wants `wanted`: the same address, or either means all. */
function collides(bound: bigint, wanted: string): boolean {
  const value = parseAddress(wanted)?.value ?? 0n;
  return bound === 0n || value === 0n || bound === value;
}

/**
 * Who listens on a port: `postgres (pid 812)`. Looks through the descriptors of all processes, so only for an error.
 * Undefined when it cannot be told (another user's process without root, or gone by now).
 */
export async function findPortHolder(
  protocol: 'tcp' | 'udp',
  hostIp: string,
  port: number,
): Promise<string | undefined> {
  const tables = await Promise.all(
    [protocol, `${protocol}6`].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const inodes = tables
    .flatMap(parseSockets)
    .filter((socket) => socket.port === port && socket.listening && collides(socket.address, hostIp))
    .map(({ inode }) => `socket:[${inode}]`);
  return inodes.length === 0 ? undefined : processWith(new Set(inodes));
}

async function processWith(targets: ReadonlySet<string>): Promise<string | undefined> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
    if (!links.some((link) => targets.has(link))) continue;
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    return `${name.trim()} (pid ${pid})`;
  }
  return undefined;
}
