import type { Endpoint, HeldEndpoint } from './types.js';

/** Who is on which network right now, found by container, network, name and address. */
export class EndpointTable {
  readonly #byNetwork = new Map<string, Map<string, HeldEndpoint>>();
  readonly #byContainer = new Map<string, Map<string, HeldEndpoint>>();
  readonly #byName = new Map<string, Set<HeldEndpoint>>();
  readonly #byAddress = new Map<string, HeldEndpoint>();

  add(held: HeldEndpoint): void {
    const { networkId, containerId, ipv4, ipv6 } = held.endpoint;
    this.remove(containerId, networkId);
    inner(this.#byNetwork, networkId).set(containerId, held);
    inner(this.#byContainer, containerId).set(networkId, held);
    for (const address of [ipv4, ipv6]) if (address) this.#byAddress.set(`${networkId} ${address}`, held);
    for (const name of held.endpoint.dnsNames) this.#index(nameKey(networkId, name), held);
  }

  remove(containerId: string, networkId: string): HeldEndpoint | undefined {
    const held = this.#byContainer.get(containerId)?.get(networkId);
    if (held === undefined) return undefined;
    drop(this.#byContainer, containerId, networkId);
    drop(this.#byNetwork, networkId, containerId);
    const { ipv4, ipv6, dnsNames } = held.endpoint;
    for (const address of [ipv4, ipv6]) if (address) this.#byAddress.delete(`${networkId} ${address}`);
    for (const name of dnsNames) this.#unindex(nameKey(networkId, name), held);
    return held;
  }

  get(containerId: string, networkId: string): HeldEndpoint | undefined {
    return this.#byContainer.get(containerId)?.get(networkId);
  }

  ofNetwork(networkId: string): Endpoint[] {
    return endpoints(this.#byNetwork.get(networkId));
  }

  /** In the order in which they were added. */
  ofContainer(containerId: string): Endpoint[] {
    return endpoints(this.#byContainer.get(containerId));
  }

  heldBy(containerId: string): HeldEndpoint[] {
    return [...(this.#byContainer.get(containerId)?.values() ?? [])];
  }

  /** Case does not matter in names (RFC 4343). */
  named(networkId: string, name: string): Endpoint[] {
    return [...(this.#byName.get(nameKey(networkId, name)) ?? [])].map(({ endpoint }) => endpoint);
  }

  at(networkId: string, address: string): HeldEndpoint | undefined {
    return this.#byAddress.get(`${networkId} ${address}`);
  }

  #index(key: string, held: HeldEndpoint): void {
    const set = this.#byName.get(key);
    if (set === undefined) this.#byName.set(key, new Set([held]));
    else set.add(held);
  }

  #unindex(key: string, held: HeldEndpoint): void {
    const set = this.#byName.get(key);
    set?.delete(held);
    if (set?.size === 0) this.#byName.delete(key);
  }
}

function nameKey(networkId: string, name: string): string {
  return `${networkId} ${name.toLowerCase()}`;
}

function inner(outer: Map<string, Map<string, HeldEndpoint>>, key: string): Map<string, HeldEndpoint> {
  const found = outer.get(key) ?? new Map<string, HeldEndpoint>();
  outer.set(key, found);
  return found;
}

function drop(outer: Map<string, Map<string, HeldEndpoint>>, key: string, innerKey: string): void {
  const found = outer.get(key);
  found?.delete(innerKey);
  if (found?.size === 0) outer.delete(key);
}

function endpoints(held: Map<string, HeldEndpoint> | undefined): Endpoint[] {
  return [...(held?.values() ?? [])].map(({ endpoint }) => endpoint);
}
