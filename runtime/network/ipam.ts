/** Which addresses a network has, which are taken, which comes next. Pure but for the pool's own set. */

import { EngineError } from '../errors.js';
import {
  type Address,
  contains,
  containsPrefix,
  firstOf,
  formatAddress,
  formatPrefix,
  lastOf,
  overlaps,
  type Prefix,
  parseAddress,
  parsePrefix,
} from './address.js';
import type { IpamPool } from './types.js';

/**
 * Docker's default pools (libnetwork `ipamutils`): base prefix and the length of the networks cut out of it. The last is
 * our own, for machines on which a few engines and many projects have used up Docker's 31.
 */
const DEFAULT_POOLS: readonly (readonly [base: string, length: number])[] = [
  ['172.17.0.0/16', 16],
  ['172.18.0.0/16', 16],
  ['172.19.0.0/16', 16],
  ['172.20.0.0/14', 16],
  ['172.24.0.0/14', 16],
  ['172.28.0.0/14', 16],
  ['192.168.0.0/16', 20],
  ['10.201.0.0/16', 24],
];

/**
 * The first default network that touches nothing in `taken`. For IPv6 the pool is `ulaBase`, a /48 of unique local
 * addresses, cut into /64.
 */
export function pickPool(family: 4 | 6, taken: readonly Prefix[], ulaBase: string): Prefix {
  const pools = family === 4 ? DEFAULT_POOLS : ([[ulaBase, 64]] as const);
  for (const [base, length] of pools) {
    for (const candidate of cut(parsePrefix(base)!, length)) {
      if (!taken.some((prefix) => overlaps(prefix, candidate))) return candidate;
    }
  }
  throw new EngineError('invalid', 'all predefined address pools have been fully subnetted');
}

function* cut(base: Prefix, length: number): Generator<Prefix> {
  const size = 1n << BigInt((base.family === 4 ? 32 : 128) - length);
  for (let value = firstOf(base); value <= lastOf(base); value += size) yield { family: base.family, value, length };
}

/** A pool as asked for becomes one with a subnet and, unless its network has none, a gateway. Throws `invalid` in Docker's words, all mistakes at once. */
export function settlePool(asked: Partial<IpamPool>, hasGateway: boolean, pick: () => Prefix): IpamPool {
  const mistakes = poolMistakes(asked);
  if (mistakes.length > 0) throw invalid(`invalid network config:\n${mistakes.join('\n')}`);
  const aux = Object.entries(asked.auxAddresses ?? {}).map(([name, text]) => [name, plain(text)]);
  const settled: IpamPool = {
    subnet: formatPrefix(asked.subnet ? parsePrefix(asked.subnet)! : pick()),
    ...(asked.ipRange ? { ipRange: formatPrefix(parsePrefix(asked.ipRange)!) } : {}),
    ...(aux.length === 0 ? {} : { auxAddresses: Object.fromEntries(aux) }),
  };
  if (!hasGateway && !asked.gateway) return settled;
  return { ...settled, gateway: asked.gateway ? plain(asked.gateway) : new AddressPool(settled).take() };
}

/** What is wrong with a pool by itself. A range or an address without a subnet belongs to none. */
function poolMistakes({ subnet: text, ipRange, gateway, auxAddresses }: Partial<IpamPool>): string[] {
  const subnet = text ? parsePrefix(text) : undefined;
  if (text && subnet === undefined) return [`invalid subnet ${text}: invalid CIDR block notation`];
  const mistakes = text && subnet !== undefined ? hostBits('subnet', text, subnet) : [];
  if (ipRange) mistakes.push(...rangeMistakes(ipRange, subnet));
  if (gateway) mistakes.push(...addressMistakes(`gateway ${gateway}`, gateway, subnet));
  for (const [name, address] of Object.entries(auxAddresses ?? {}))
    mistakes.push(...addressMistakes(`auxiliary address ${name}`, address, subnet));
  return mistakes;
}

function hostBits(what: string, text: string, prefix: Prefix): string[] {
  const own = parseAddress(text.split('/')[0] ?? '');
  return own?.value === prefix.value ? [] : [`invalid ${what} ${text}: it should be ${formatPrefix(prefix)}`];
}

function rangeMistakes(text: string, subnet: Prefix | undefined): string[] {
  const range = parsePrefix(text);
  const wrong = (why: string) => [`invalid ip-range ${text}: ${why}`];
  if (range === undefined) return wrong('invalid CIDR block notation');
  if (subnet === undefined) return wrong('it needs a subnet');
  if (range.family !== subnet.family) return wrong(`parent subnet is an IPv${subnet.family} block`);
  if (range.length < subnet.length) return wrong(`CIDR block is bigger than its parent subnet ${formatPrefix(subnet)}`);
  if (!containsPrefix(subnet, range)) return wrong(`parent subnet ${formatPrefix(subnet)} doesn't contain ip-range`);
  return hostBits('ip-range', text, range);
}

function addressMistakes(what: string, text: string, subnet: Prefix | undefined): string[] {
  const address = parseAddress(plain(text));
  if (address === undefined) return [`invalid ${what}: invalid address`];
  if (subnet === undefined) return [`invalid ${what}: it needs a subnet`];
  if (address.family !== subnet.family) return [`invalid ${what}: parent subnet is an IPv${subnet.family} block`];
  if (contains(subnet, address)) return [];
  return [`invalid ${what}: parent subnet ${formatPrefix(subnet)} doesn't contain this address`];
}

/** An address that somebody wrote with the length of its subnet. */
function plain(text: string): string {
  const address = parseAddress(text.split('/')[0] ?? '');
  return address === undefined ? text : formatAddress(address);
}

/** Throws `forbidden` as Docker does when `pool` touches one of `others` (networks of this engine, routes of the machine). */
export function refuseOverlap(pool: IpamPool, others: readonly Prefix[]): void {
  const subnet = parsePrefix(pool.subnet)!;
  if (others.some((other) => overlaps(other, subnet)))
    throw new EngineError('forbidden', 'invalid pool request: Pool overlaps with other one on this address space');
}

/** The addresses of one pool. New ones are handed out in a circle, so that a freed one is not met again at once. */
export class AddressPool {
  readonly #subnet: Prefix;
  readonly #first: bigint;
  readonly #last: bigint;
  readonly #taken = new Set<bigint>();
  #next: bigint;

  constructor(pool: IpamPool) {
    this.#subnet = parsePrefix(pool.subnet)!;
    const range = pool.ipRange === undefined ? this.#subnet : parsePrefix(pool.ipRange)!;
    const edge = edges(this.#subnet);
    this.#first = firstOf(range) === firstOf(this.#subnet) ? firstOf(range) + edge.low : firstOf(range);
    this.#last = lastOf(range) === lastOf(this.#subnet) ? lastOf(range) - edge.high : lastOf(range);
    this.#next = this.#first;
    const reserved = [pool.gateway, ...Object.values(pool.auxAddresses ?? {})];
    for (const text of reserved) if (text !== undefined) this.#taken.add(parseAddress(text)!.value);
  }

  get prefixLength(): number {
    return this.#subnet.length;
  }

  get family(): 4 | 6 {
    return this.#subnet.family;
  }

  get isFull(): boolean {
    return this.#free() === undefined;
  }

  has(text: string): boolean {
    const address = parseAddress(text);
    return address !== undefined && contains(this.#subnet, address);
  }

  /** Throws `system` when none is left (Docker's words). */
  take(): string {
    const value = this.#free();
    if (value === undefined)
      throw new EngineError('system', `no available IPv${this.family} addresses on this network's address pools`);
    this.#taken.add(value);
    this.#next = value + 1n > this.#last ? this.#first : value + 1n;
    return this.#text(value);
  }

  #free(): bigint | undefined {
    const size = this.#last - this.#first + 1n;
    for (let step = 0n; step < size; step++) {
      const value = this.#first + ((this.#next - this.#first + step) % size);
      if (!this.#taken.has(value)) return value;
    }
    return undefined;
  }

  /** Throws `invalid` outside the subnet, `forbidden` when somebody has it. */
  reserve(text: string): string {
    const address = parseAddress(text);
    if (address === undefined || !contains(this.#subnet, address))
      throw invalid(`invalid endpoint settings:\nno configured subnet contains IP address ${text}`);
    if (this.#taken.has(address.value)) throw new EngineError('forbidden', 'Address already in use');
    this.#taken.add(address.value);
    return this.#text(address.value);
  }

  free(text: string): void {
    const address = parseAddress(text);
    if (address !== undefined) this.#taken.delete(address.value);
  }

  #text(value: bigint): string {
    const address: Address = { family: this.#subnet.family, value };
    return formatAddress(address);
  }
}

/** The network's own address and, for IPv4, broadcast are nobody's, except where the prefix has no room for them (RFC 3021). */
function edges(subnet: Prefix): { low: bigint; high: bigint } {
  const hostBits = (subnet.family === 4 ? 32 : 128) - subnet.length;
  if (hostBits <= 1) return { low: 0n, high: 0n };
  return { low: 1n, high: subnet.family === 4 ? 1n : 0n };
}

function invalid(sentence: string): EngineError {
  return new EngineError('invalid', sentence);
}
