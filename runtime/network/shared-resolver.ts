/** One pair of sockets for the resolvers of all bridges, where those are in a network namespace that the engine is not in. */
import { existsSync } from 'node:fs';
import { parseAddress, parsePrefix } from './address.js';
import { type Answerer, DnsServer } from './dns-server.js';
import type { IpamPool } from './types.js';

/** What a bridge needs of its resolver. */
export interface Resolver {
  /** Answers at an address of the bridge; resolves with the port. */
  listen(address: string): Promise<number>;
  close(): Promise<void>;
}

interface Client {
  readonly pools: readonly IpamPool[];
  readonly answer: Answerer;
}

/** Who asks is told by its address: subnets of one engine do not overlap. */
export class SharedResolver {
  readonly #sockets: { readonly datagrams: number; readonly connections: number };
  readonly #clients = new Set<Client>();
  #opened: Promise<number> | undefined;
  #server: DnsServer | undefined;

  constructor(sockets: { readonly datagrams: number; readonly connections: number }) {
    this.#sockets = sockets;
  }

  forNetwork(pools: readonly IpamPool[], answer: Answerer): Resolver {
    const client = { pools, answer };
    return {
      listen: async () => {
        const port = await this.#open();
        this.#clients.add(client);
        return port;
      },
      close: async () => {
        this.#clients.delete(client);
      },
    };
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  #open(): Promise<number> {
    this.#opened ??= this.#adopt();
    return this.#opened;
  }

  #adopt(): Promise<number> {
    const server = new DnsServer(async (message, asker, transport) => {
      const address = asker.replace(/^::ffff:/, '');
      return this.#clientAt(address)?.answer(message, address, transport);
    });
    this.#server = server;
    return server.adopt(this.#sockets, existsSync('/proc/net/if_inet6') ? 'udp6' : 'udp4');
  }

  #clientAt(address: string): Client | undefined {
    const asker = parseAddress(address);
    if (asker === undefined) return undefined;
    return [...this.#clients].find(({ pools }) =>
      pools.some(({ subnet }) => {
        const prefix = parsePrefix(subnet);
        if (prefix === undefined || prefix.family !== asker.family) return false;
        const rest = BigInt((prefix.family === 4 ? 32 : 128) - prefix.length);
        return asker.value >> rest === prefix.value >> rest;
      }),
    );
  }
}
