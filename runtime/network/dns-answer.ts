/** What the engine's resolver answers, as data: no sockets in here. */

import { addressOfPointer } from './address.js';
import type { Endpoint } from './types.js';

/** One network as the asker sees it. */
export interface AskedNetwork {
  readonly name: string;
  /** Endpoints that answer to a name; empty on Docker's default bridge, which has no names. */
  find(name: string): readonly Endpoint[];
  /** Who has an address. */
  holder(address: string): Endpoint | undefined;
}

/** Who asks, and what is visible from there. */
export interface Asker {
  /** The network the question came over first. */
  readonly networks: readonly AskedNetwork[];
  /** The asker's own links. */
  linked(alias: string): readonly Endpoint[];
  /** Address of this machine towards the asker. */
  readonly gateway: string | undefined;
  readonly gateway6: string | undefined;
  /** False on internal networks alone: nothing is asked outside for them (CVE-2024-29018). */
  readonly mayForward: boolean;
}

export interface Question {
  readonly name: string;
  /** `A`, `AAAA`, `PTR`, … */
  readonly type: string;
}

export type Decision =
  /** An empty list is "that name exists, but not with such a record". */
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'pointer'; readonly name: string }
  | { readonly kind: 'forward' }
  | { readonly kind: 'unavailable' };

const HOST_NAMES = new Set(['host.docker.internal', 'gateway.docker.internal']);

/** As Docker's resolver: links, then names of the asker's networks, then `NAME.NETWORK`; everything else is asked outside. */
export function decide(question: Question, asker: Asker): Decision {
  const outside: Decision = { kind: asker.mayForward ? 'forward' : 'unavailable' };
  if (question.type === 'PTR') return pointer(question.name, asker) ?? outside;
  const name = question.name.replace(/\.$/, '');
  const found = lookUp(name, asker);
  if (found.length > 0) return { kind: 'addresses', addresses: addressesOf(question.type, found) };
  if (!HOST_NAMES.has(name.toLowerCase())) return outside;
  return { kind: 'addresses', addresses: hostAddresses(question.type, asker) };
}

function pointer(name: string, asker: Asker): Decision | undefined {
  const address = addressOfPointer(name);
  if (address === undefined) return undefined;
  for (const network of asker.networks) {
    const holder = network.holder(address);
    if (holder !== undefined) return { kind: 'pointer', name: `${holder.containerName}.${network.name}` };
  }
  return undefined;
}

function lookUp(name: string, asker: Asker): readonly Endpoint[] {
  const linked = asker.linked(name);
  if (linked.length > 0) return linked;
  for (const network of asker.networks) {
    const found = network.find(name);
    if (found.length > 0) return found;
  }
  // Both may hold dots.
  for (const network of asker.networks) {
    if (!name.endsWith(`.${network.name}`)) continue;
    const found = network.find(name.slice(0, -network.name.length - 1));
    if (found.length > 0) return found;
  }
  return [];
}

function addressesOf(type: string, found: readonly Endpoint[]): string[] {
  const pick = type === 'A' ? 'ipv4' : type === 'AAAA' ? 'ipv6' : undefined;
  return pick === undefined ? [] : [...new Set(found.flatMap((endpoint) => endpoint[pick] ?? []))];
}

function hostAddresses(type: string, asker: Asker): string[] {
  const address = type === 'A' ? asker.gateway : type === 'AAAA' ? asker.gateway6 : undefined;
  return address === undefined ? [] : [address];
}
