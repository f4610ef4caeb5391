/** Answers questions of containers from what the engine knows, and hands the rest to the machine's resolvers. */

import { randomInt } from 'node:crypto';
import { type AskedNetwork, type Asker, decide } from './dns-answer.js';
import { forwardQuery } from './dns-forward.js';
import { type Query, readQuery, refuseUnreadable, SERVER_FAILURE, writeAnswer, writeFailure } from './dns-message.js';
import type { Answerer } from './dns-server.js';
import type { EndpointTable } from './endpoints.js';
import { hostResolvers } from './resolvers.js';
import type { Endpoint, HeldEndpoint, NetworkRecord } from './types.js';

/** Questions being asked outside at one time; more are refused, or a loop of questions would eat the engine's descriptors. */
const FORWARDS_MAX = 512;

export class NameService {
  readonly #table: EndpointTable;
  readonly #networkOf: (id: string) => NetworkRecord | undefined;
  /** What `dns` of a container names: container id → addresses. */
  readonly #servers = new Map<string, readonly string[]>();
  #forwarding = 0;

  constructor(table: EndpointTable, networkOf: (id: string) => NetworkRecord | undefined) {
    this.#table = table;
    this.#networkOf = networkOf;
  }

  /** Names from outside are asked at these for one container; an empty list is the machine's own. */
  setServers(containerId: string, servers: readonly string[]): void {
    if (servers.length === 0) this.#servers.delete(containerId);
    else this.#servers.set(containerId, servers);
  }

  answererFor(network: NetworkRecord): Answerer {
    return async (message, askerIp, transport) => {
      const query = readQuery(message);
      if (query === undefined) return refuseUnreadable(message);
      const held = this.#table.at(network.id, askerIp);
      const decision = decide(query.question, this.#asker(network, held));
      if (decision.kind === 'unavailable') return writeFailure(query, SERVER_FAILURE);
      if (decision.kind === 'forward')
        return this.#forward(query, message, transport, held?.endpoint.containerId).catch(() =>
          writeFailure(query, SERVER_FAILURE),
        );
      // Counting would give each of two names that are asked for by turns, or of A and AAAA, the same turn for ever.
      return writeAnswer(query, decision, transport, randomInt(0xffff));
    };
  }

  async #forward(query: Query, message: Buffer, transport: 'udp' | 'tcp', containerId: string | undefined) {
    if (this.#forwarding >= FORWARDS_MAX) return writeFailure(query, SERVER_FAILURE);
    this.#forwarding++;
    try {
      const own = containerId === undefined ? undefined : this.#servers.get(containerId);
      const servers = own ?? (await hostResolvers()).nameservers;
      return (await forwardQuery(message, servers, transport)) ?? writeFailure(query, SERVER_FAILURE);
    } finally {
      this.#forwarding--;
    }
  }

  #asker(network: NetworkRecord, held: HeldEndpoint | undefined): Asker {
    const own = held === undefined ? [] : this.#table.ofContainer(held.endpoint.containerId);
    const ids = [...new Set([network.id, ...own.map(({ networkId }) => networkId)])];
    const records = ids.flatMap((id) => this.#networkOf(id) ?? []);
    return {
      networks: records.filter(({ predefined }) => !predefined).map((record) => this.#asked(record)),
      linked: (alias) => (held === undefined ? [] : this.#linked(held.endpoint.containerId, alias)),
      gateway: network.ipam.find(({ gateway }) => gateway !== undefined && !gateway.includes(':'))?.gateway,
      gateway6: network.ipam.find(({ gateway }) => gateway?.includes(':'))?.gateway,
      mayForward: records.some(({ internal }) => !internal),
    };
  }

  #asked({ id, name }: NetworkRecord): AskedNetwork {
    return {
      name,
      find: (wanted) => this.#table.named(id, wanted),
      holder: (address) => this.#table.at(id, address)?.endpoint,
    };
  }

  #linked(containerId: string, alias: string): Endpoint[] {
    const wanted = alias.toLowerCase();
    return this.#table
      .heldBy(containerId)
      .flatMap(({ endpoint, request }) =>
        request.links
          .filter((link) => link.alias.toLowerCase() === wanted)
          .flatMap((link) => this.#table.named(endpoint.networkId, link.name)),
      );
  }
}
