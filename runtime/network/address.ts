import { isIPv4, isIPv6 } from 'node:net';

/** Addresses as numbers, so that ranges can be counted. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A prefix; `value` has its host bits cleared. */
export interface Prefix extends Address {
  readonly length: number;
}

const BITS = { 4: 32, 6: 128 } as const;

/** `undefined` for what is not an address. An IPv4 address mapped into IPv6 is an IPv6 one. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, value: text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
  const plain = text.split('%')[0] ?? '';
  return isIPv6(plain) ? { family: 6, value: parseIPv6(plain) } : undefined;
}

function parseIPv6(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const left = hextets(head);
  const right = tail === undefined ? [] : hextets(tail);
  const middle = tail === undefined ? [] : new Array<bigint>(8 - left.length - right.length).fill(0n);
  return [...left, ...middle, ...right].reduce((sum, part) => (sum << 16n) + part, 0n);
}

function hextets(text: string): bigint[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [BigInt(`0x${part}`)];
    const value = parseAddress(part)?.value ?? 0n;
    return [value >> 16n, value & 0xffffn];
  });
}

/** RFC 5952: the longest run of zero groups (two at least) shortened, lower case. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => (value >> BigInt(112 - 16 * index)) & 0xffffn);
  const run = longestZeroRun(groups);
  const text = (part: bigint[]) => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return text(groups);
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: readonly bigint[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (start + length < groups.length && groups[start + length] === 0n) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** `172.18.0.0/16`; host bits are cleared. `undefined` for what is not one. */
export function parsePrefix(text: string): Prefix | undefined {
  const [base = '', lengthText = '', ...more] = text.split('/');
  const address = parseAddress(base);
  if (address === undefined || more.length > 0 || !/^\d{1,3}$/.test(lengthText)) return undefined;
  const length = Number(lengthText);
  if (length > BITS[address.family]) return undefined;
  return { family: address.family, value: address.value & ~hostMask(address.family, length), length };
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix)}/${prefix.length}`;
}

function hostMask(family: 4 | 6, length: number): bigint {
  return (1n << BigInt(BITS[family] - length)) - 1n;
}

export function firstOf(prefix: Prefix): bigint {
  return prefix.value;
}

export function lastOf(prefix: Prefix): bigint {
  return prefix.value | hostMask(prefix.family, prefix.length);
}

export function contains(prefix: Prefix, address: Address): boolean {
  return address.family === prefix.family && address.value >= firstOf(prefix) && address.value <= lastOf(prefix);
}

export function containsPrefix(outer: Prefix, inner: Prefix): boolean {
  return contains(outer, inner) && inner.length >= outer.length;
}

export function overlaps(one: Prefix, other: Prefix): boolean {
  return one.family === other.family && firstOf(one) <= lastOf(other) && firstOf(other) <= lastOf(one);
}

/** The name under which the reverse zone knows an address becomes the address (RFC 1035 3.5, RFC 3596 2.5). */
export function addressOfPointer(name: string): string | undefined {
  const lower = name.toLowerCase().replace(/\.$/, '');
  const v4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(lower);
  if (v4 !== null) {
    const text = v4.slice(1).reverse().join('.');
    return isIPv4(text) ? text : undefined;
  }
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(lower);
  if (v6 === null) return undefined;
  return formatAddress({ family: 6, value: BigInt(`0x${v6[1]?.split('.').reverse().join('')}`) });
}
