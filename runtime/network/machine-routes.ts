import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { formatAddress, type Prefix, parsePrefix } from './address.js';

/** Prefixes that this machine already reaches somehow (default routes aside), read from the kernel. */
export async function machineRoutes(): Promise<Prefix[]> {
  const [v4, v6] = await Promise.all([readOptional('/proc/net/route'), readOptional('/proc/net/ipv6_route')]);
  return [...parseRoutes4(v4), ...parseRoutes6(v6)];
}

async function readOptional(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

/** Columns of proc(5) `/proc/net/route`: interface, destination, …, mask in the eighth; hexadecimal in the machine's byte order. */
export function parseRoutes4(text: string): Prefix[] {
  return rows(text)
    .slice(1)
    .flatMap((columns) => {
      const destination = littleEndian(columns[1] ?? '');
      const mask = littleEndian(columns[7] ?? '');
      const length = mask.toString(2).replaceAll('0', '').length;
      return length === 0 ? [] : [{ family: 4 as const, value: destination & mask, length }];
    });
}

/** `/proc/net/ipv6_route`: destination, prefix length in hexadecimal, …, device. Only what is neither default, link-local nor multicast. */
export function parseRoutes6(text: string): Prefix[] {
  return rows(text).flatMap((columns) => {
    const length = Number.parseInt(columns[1] ?? '', 16);
    const prefix = parsePrefix(`${formatAddress({ family: 6, value: BigInt(`0x${columns[0]}`) })}/${length}`);
    if (prefix === undefined || length === 0 || /^(fe8|ff)/.test(columns[0] ?? '')) return [];
    return [prefix];
  });
}

/** The link that the default route goes out by. */
export async function outboundLink(): Promise<string | undefined> {
  const routes = rows(await readOptional('/proc/net/route'));
  return routes.find((columns) => columns[1] === '00000000' && columns[7] === '00000000')?.[0];
}

/** The IPv4 address that this machine goes out by. */
export async function outboundAddress(): Promise<string | undefined> {
  const link = await outboundLink();
  const addresses = link === undefined ? [] : (networkInterfaces()[link] ?? []);
  return addresses.find(({ family }) => family === 'IPv4')?.address;
}

function rows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/));
}

function littleEndian(hex: string): bigint {
  return BigInt(`0x${(hex.match(/../g) ?? ['0']).reverse().join('')}`);
}

/** Whether this machine has IPv6 at all: then a port published on all addresses is published on `::` too. */
export async function machineHasIPv6(): Promise<boolean> {
  return (await readOptional('/proc/net/if_inet6')) !== '';
}
