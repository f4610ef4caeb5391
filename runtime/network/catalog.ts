/** The networks there are: their records, their names, their subnets. What they are made of on this machine is not decided here. */

import { randomBytes } from 'node:crypto';
import { EngineError } from '../errors.js';
import type { Store, Table } from '../state/types.js';
import { overlaps, type Prefix, parsePrefix } from './address.js';
import { machineRoutes } from './machine-routes.js';
import type { MachineNames } from './names.js';
import { refuseSharedParent } from './parents.js';
import type { PoolClaims } from './pool-claims.js';
import { makeRecord, PREDEFINED, predefinedRecord, type Surroundings, withConfig } from './records.js';
import type { NetworkRecord, NetworkRequest } from './types.js';

export class Catalog {
  readonly #table: Table<NetworkRecord>;
  readonly #names: MachineNames;
  readonly #claims: PoolClaims;
  #telling: Promise<unknown> = Promise.resolve();

  constructor(store: Store, names: MachineNames, claims: PoolClaims) {
    this.#table = store.table<NetworkRecord>('networks');
    this.#names = names;
    this.#claims = claims;
  }

  list(): NetworkRecord[] {
    return this.#table.all().map(({ value }) => value);
  }

  /** By id, name or unique start of the id. Throws `not-found`, or `invalid` when several begin so. */
  get(name: string): NetworkRecord {
    const found = this.find(name);
    if (found === undefined) throw new EngineError('not-found', `network ${name} not found`);
    return found;
  }

  find(name: string): NetworkRecord | undefined {
    const exact = this.#table.get(name) ?? this.#named(name);
    if (exact !== undefined || !/^[0-9a-f]+$/.test(name)) return exact;
    const matches = this.list().filter(({ id }) => id.startsWith(name));
    if (matches.length > 1)
      throw new EngineError(
        'invalid',
        `network ${name} is ambiguous (${matches.length} matches found based on ID prefix)`,
      );
    return matches[0];
  }

  #named(name: string): NetworkRecord | undefined {
    return this.list().find((network) => network.name === name);
  }

  /** The predefined networks. The default bridge moves to another subnet when this machine uses its old one for something else. */
  async open(isUp: (network: NetworkRecord) => boolean): Promise<void> {
    await this.#claims.choose(async (others) => {
      const foreign = [...(await machineRoutes()), ...others];
      await Promise.all(PREDEFINED.map((name) => this.#provide(name, foreign, isUp)));
      return { result: undefined, subnets: this.#subnets() };
    });
  }

  async #provide(name: (typeof PREDEFINED)[number], foreign: readonly Prefix[], isUp: (n: NetworkRecord) => boolean) {
    const present = this.#named(name);
    const collides =
      present !== undefined &&
      !isUp(present) &&
      prefixesOf(present).some((own) => foreign.some((prefix) => overlaps(prefix, own)));
    if (present !== undefined && !collides) return;
    const own = this.list().filter(({ id }) => id !== present?.id);
    const record = predefinedRecord(name, present ?? newIdentity(), this.#around(own, foreign));
    await this.#table.put(record.id, record);
  }

  /** Throws `conflict` on a name in use, else as `makeRecord`. */
  async create(request: NetworkRequest): Promise<NetworkRecord> {
    return this.#claims.choose(async (others) => {
      const foreign = [...(await machineRoutes()), ...others];
      if (this.#named(request.name) !== undefined && !isPredefined(request.name))
        throw new EngineError('conflict', `network with name ${request.name} already exists`);
      const whole = withConfig(request, (name) => this.#named(name));
      const record = makeRecord(whole, newIdentity(), this.#around(this.list(), foreign));
      this.#refuseBridge(record);
      refuseSharedParent(record, this.list());
      await this.#table.put(record.id, record);
      return { result: record, subnets: this.#subnets() };
    });
  }

  #refuseBridge({ id, bridge }: NetworkRecord): void {
    const other = this.list().find((network) => bridge !== '' && network.bridge === bridge);
    if (other === undefined) return;
    throw new EngineError(
      'forbidden',
      `cannot create network ${id} (${bridge}): conflicts with network ${other.id} (${bridge}): networks have same bridge name`,
    );
  }

  /** Notes that the engine has made its parent link. */
  async madeParent(network: NetworkRecord): Promise<void> {
    await this.#table.put(network.id, { ...network, ownsParent: true });
  }

  /** Its subnet is anybody's soon after: nobody waits for telling so. */
  async remove(id: string): Promise<void> {
    await this.#table.remove(id);
    const told = this.#claims.choose(async () => ({ result: undefined, subnets: this.#subnets() }));
    this.#telling = Promise.all([this.#telling, told.catch(() => undefined)]);
  }

  /** Resolves when the other engines have been told of all that is gone. */
  async settled(): Promise<void> {
    await this.#telling;
  }

  #around(networks: readonly NetworkRecord[], foreign: readonly Prefix[]): Surroundings {
    return { names: this.#names, own: networks.flatMap(prefixesOf), foreign };
  }

  #subnets(): string[] {
    return this.list().flatMap(({ ipam }) => ipam.map(({ subnet }) => subnet));
  }
}

function isPredefined(name: string): boolean {
  return (PREDEFINED as readonly string[]).includes(name);
}

function newIdentity(): { id: string; created: string } {
  return { id: randomBytes(32).toString('hex'), created: new Date().toISOString() };
}

function prefixesOf(network: NetworkRecord): Prefix[] {
  return network.ipam.flatMap(({ subnet }) => parsePrefix(subnet) ?? []);
}
