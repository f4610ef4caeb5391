/** Ports of the machine that lead to containers: who has which, what the kernel forwards, what it is to forget. */
import { EngineError } from '../errors.js';
import type { NetworkOp } from '../launch/interface-ops.js';
import type { PublishedPortSpec } from '../launch/spec.js';
import type { Launcher } from '../launch/types.js';
import type { Catalog } from './catalog.js';
import type { EndpointTable } from './endpoints.js';
import type { Firewall } from './firewall.js';
import { runOps } from './link-ops.js';
import { machineHasIPv6 } from './machine-routes.js';
import { bridgeOptions } from './options.js';
import { findPortHolder } from './port-holder.js';
import { PortBook } from './ports.js';
import type { Endpoint, PortRequest } from './types.js';

interface Surroundings {
  readonly launcher: Launcher;
  readonly catalog: Catalog;
  readonly table: EndpointTable;
  readonly firewall: Firewall;
  /** One line for the engine's log. */
  readonly say: (line: string) => void;
}

/** Only the proxies' listening sockets are dealt out among: the kernel's map of ports knows one target each. */
const isForwarded = ({ balancedIn }: PublishedPortSpec) => balancedIn === undefined;

/** Contracts are those of `Networks` (types.ts). */
export class PublishedPorts {
  readonly #parts: Surroundings;
  readonly #book = new PortBook();
  /** What makes the kernel forget the datagrams of a container that is gone. */
  readonly #datagramFlows = new Map<string, readonly NetworkOp[]>();

  constructor(parts: Surroundings) {
    this.#parts = parts;
  }

  async choose(requests: readonly PortRequest[], endpoint: Endpoint): Promise<PublishedPortSpec[]> {
    const { containerId, containerName, endpointId, networkId, ipv4, ipv6 } = endpoint;
    this.#book.release(containerId);
    const binding = bridgeOptions(this.#parts.catalog.get(networkId).options).hostBinding;
    const all = (await machineHasIPv6()) ? ['0.0.0.0', '::'] : ['0.0.0.0'];
    const hostIps = binding === undefined || binding === '0.0.0.0' ? all : [binding];
    const chosen: PublishedPortSpec[] = [];
    try {
      for (const request of requests)
        chosen.push(...(await this.#book.choose(request, { owner: containerId, ipv4, ipv6, hostIps })));
    } catch (error) {
      this.#book.release(containerId);
      if (!(error instanceof EngineError)) throw error;
      const sentence = `driver failed programming external connectivity on endpoint ${containerName} (${endpointId}): ${error.message}`;
      throw new EngineError(error.kind, sentence, { cause: error });
    }
    return chosen;
  }

  publish(containerId: string, ports: readonly PublishedPortSpec[], endpoint: Endpoint): void {
    this.#book.reserve(containerId, ports);
    if (!this.#isReached(endpoint)) return;
    this.#noteDatagrams(containerId, ports);
    // Not waited for: until the kernel forwards by itself, the container's proxy does.
    void this.#setForwarded(containerId, ports.filter(isForwarded));
  }

  async unpublish(containerId: string): Promise<void> {
    this.release(containerId);
    await this.#setForwarded(containerId, []);
    const flows = this.#datagramFlows.get(containerId) ?? [];
    this.#datagramFlows.delete(containerId);
    if (flows.length > 0) await runOps(this.#parts.launcher, flows);
  }

  /** The numbers alone, for a container that publishes nothing yet. */
  release(containerId: string): void {
    this.#book.release(containerId);
  }

  async republish(from: string, to: string, ports: readonly PublishedPortSpec[], endpoint: Endpoint): Promise<void> {
    const { launcher, table, firewall } = this.#parts;
    if (this.#isReached(endpoint)) await firewall.movePorts(from, to, ports.filter(isForwarded));
    this.#book.release(from);
    this.#book.reserve(to, ports);
    this.#noteDatagrams(to, ports);
    this.#datagramFlows.delete(from);
    // A client's datagrams, and its next tries where nobody answered the first one, would go on to the old one.
    await runOps(launcher, table.ofContainer(from).flatMap(forgetFlows));
  }

  async holder(protocol: 'tcp' | 'udp', hostIp: string, port: number): Promise<string | undefined> {
    const owner = this.#book.holder(protocol, hostIp, port);
    const [endpoint] = owner === undefined ? [] : this.#parts.table.ofContainer(owner);
    if (endpoint !== undefined) return `container ${endpoint.containerName}`;
    return findPortHolder(protocol, hostIp, port);
  }

  /** Nothing outside reaches an internal network. */
  #isReached({ networkId }: Endpoint): boolean {
    return this.#parts.catalog.find(networkId)?.internal === false;
  }

  async #setForwarded(containerId: string, ports: readonly PublishedPortSpec[]): Promise<void> {
    const { firewall, say } = this.#parts;
    await firewall.setPorts(containerId, ports).catch((error) => say(messageOf(error)));
  }

  #noteDatagrams(containerId: string, ports: readonly PublishedPortSpec[]): void {
    const targets = new Set(ports.filter(({ protocol }) => protocol === 'udp').map((port) => port.containerIp));
    const flows = [...targets].map(forgetFlow);
    if (flows.length > 0) this.#datagramFlows.set(containerId, flows);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function forgetFlow(address: string): NetworkOp {
  return { op: 'conntrack.forget', address, optional: true };
}

function forgetFlows({ ipv4, ipv6 }: Endpoint): NetworkOp[] {
  return [ipv4, ipv6].flatMap((address) => (address === undefined ? [] : [forgetFlow(address)]));
}
