import { EngineError } from '../errors.js';
import { AddressPool } from './ipam.js';
import type { NetworkRecord } from './types.js';

export interface Addresses {
  readonly ipv4: string | undefined;
  readonly ipv4PrefixLength: number;
  readonly ipv6: string | undefined;
  readonly ipv6PrefixLength: number;
}

/** The address pools of all networks. */
export class AddressBook {
  readonly #pools = new Map<string, AddressPool[]>();

  /** All or nothing. Throws as `AddressPool` does, and `invalid` for a fixed address on a network without that family. */
  take(network: NetworkRecord, fixed: { readonly ipv4?: string; readonly ipv6?: string }): Addresses {
    const four = this.#takeOne(network, 4, fixed.ipv4);
    try {
      const six = this.#takeOne(network, 6, fixed.ipv6);
      return {
        ipv4: four?.address,
        ipv4PrefixLength: four?.length ?? 0,
        ipv6: six?.address,
        ipv6PrefixLength: six?.length ?? 0,
      };
    } catch (error) {
      if (four !== undefined) this.free(network, four.address);
      throw error;
    }
  }

  free(network: NetworkRecord, address: string | undefined): void {
    if (address === undefined) return;
    for (const pool of this.#poolsOf(network)) if (pool.has(address)) pool.free(address);
  }

  /** An address that is in use already, whatever the books say. */
  adopt(network: NetworkRecord, address: string | undefined): void {
    if (address === undefined) return;
    this.free(network, address);
    this.#poolsOf(network)
      .find((pool) => pool.has(address))
      ?.reserve(address);
  }

  forget(networkId: string): void {
    this.#pools.delete(networkId);
  }

  #takeOne(network: NetworkRecord, family: 4 | 6, fixed: string | undefined) {
    const pools = this.#poolsOf(network).filter((pool) => pool.family === family);
    if (fixed !== undefined && fixed !== '') {
      const pool = pools.find((candidate) => candidate.has(fixed));
      if (pool === undefined)
        throw new EngineError(
          'invalid',
          `invalid endpoint settings:\nno configured subnet contains IP address ${fixed}`,
        );
      return { address: pool.reserve(fixed), length: pool.prefixLength };
    }
    for (const [index, pool] of pools.entries()) {
      if (index < pools.length - 1 && pool.isFull) continue;
      return { address: pool.take(), length: pool.prefixLength };
    }
    return undefined;
  }

  #poolsOf(network: NetworkRecord): AddressPool[] {
    const present = this.#pools.get(network.id);
    if (present !== undefined) return present;
    const made = network.ipam.map((pool) => new AddressPool(pool));
    this.#pools.set(network.id, made);
    return made;
  }
}
