import { createHash, randomBytes } from 'node:crypto';
import { parseAddress } from './address.js';

/** The names by which this engine's things are told from another engine's on the same machine. */
export interface MachineNames {
  /** Bits of the runtime folder's hash: `ab12cd34`. */
  readonly hash: string;
  /** The nft table: `devenv-ab12cd34`. */
  readonly table: string;
  /** Start of the alias that the kernel keeps for each of our bridges: `devenv-ab12cd34:NETWORKID`. */
  readonly aliasPrefix: string;
  /** A /48 of unique local addresses (RFC 4193) for IPv6 networks without a subnet of their own. */
  readonly ulaBase: string;
}

export function machineNames(runtimeDir: string): MachineNames {
  const digest = createHash('sha256').update(runtimeDir).digest('hex');
  const hash = digest.slice(0, 8);
  const ulaBase = `fd${digest.slice(8, 10)}:${digest.slice(10, 14)}:${digest.slice(14, 18)}::/48`;
  return { hash, table: `devenv-${hash}`, aliasPrefix: `devenv-${hash}:`, ulaBase };
}

/** 15 bytes: `dv`, 4 of the engine, `b`, 8 of the network. */
export function bridgeName(names: MachineNames, networkId: string): string {
  return `${bridgePrefix(names)}${networkId.slice(0, 8)}`;
}

export function bridgePrefix(names: MachineNames): string {
  return `dv${names.hash.slice(0, 4)}b`;
}

/** 15 bytes: `dv`, 4 of the engine, `v`, 8 random: a veth's name vanishes 30 ms after its namespace, so none is used twice. */
export function vethName(names: MachineNames): string {
  return `dv${names.hash.slice(0, 4)}v${randomBytes(4).toString('hex')}`;
}

/** Docker's: 02:42 and the IPv4 address; without one a random, locally administered address. */
export function macOf(ipv4: string | undefined): string {
  const address = ipv4 === undefined ? undefined : parseAddress(ipv4);
  const tail = address === undefined ? randomBytes(4).toString('hex') : address.value.toString(16).padStart(8, '0');
  return `02:42:${tail.match(/../g)?.join(':')}`;
}

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** Lower case with colons; `undefined` for what is not a unicast Ethernet address. */
export function parseMac(text: string): string | undefined {
  const mac = text.trim().toLowerCase().replaceAll('-', ':');
  return MAC.test(mac) && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0 ? mac : undefined;
}
