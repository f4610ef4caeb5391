/** The network room as the engine sees it: records, endpoints, bridges, names and ports behind one interface. */

import { randomBytes } from 'node:crypto';
import { EngineError } from '../errors.js';
import type { InterfaceSpec, PublishedPortSpec } from '../launch/spec.js';
import type { Launcher } from '../launch/types.js';
import type { Store } from '../state/types.js';
import { AddressBook } from './address-book.js';
import { BridgeKeeper } from './bridge-keeper.js';
import { markedBridges, removeBridge } from './bridges.js';
import { Catalog } from './catalog.js';
import { sweepDeadBridges } from './dead-engines.js';
import { EndpointTable } from './endpoints.js';
import { NameService } from './name-service.js';
import { type MachineNames, machineNames, macOf, parseMac } from './names.js';
import type { InstallPrograms } from './nft-program.js';
import { ensureParent, isChild, isRouted, removeParent } from './parents.js';
import { PoolClaims } from './pool-claims.js';
import { PublishedPorts } from './published-ports.js';
import { composeResolvConf } from './resolv-conf.js';
import { hostResolvers } from './resolvers.js';
import type {
  Endpoint,
  EndpointRequest,
  HeldEndpoint,
  NetworkRecord,
  NetworkRequest,
  Networks,
  PortRequest,
} from './types.js';
import { gatewayOf, hasNames, type InterfaceComposer, Wiring } from './wiring.js';

export interface NetworksOptions {
  readonly store: Store;
  readonly launcher: Launcher;
  readonly paths: { readonly runtime: string };
  /** How the launch room says an interface as operations (`launch/interface-ops`). */
  readonly interfaceOps: InterfaceComposer;
  /** Installs Debian packages, or throws with the command to type, which `why` begins. */
  readonly install: InstallPrograms;
  /** One line for the engine's log. */
  readonly say?: (line: string) => void;
  /** Where the engines of this machine tell each other their subnets. */
  readonly claimsFolder?: string;
}

/** Nothing happens before `open()`. */
export function openNetworks(options: NetworksOptions): Networks {
  return new EngineNetworks(options);
}

class EngineNetworks implements Networks {
  readonly #launcher: Launcher;
  readonly #names: MachineNames;
  readonly #say: (line: string) => void;
  readonly #claims: PoolClaims;
  readonly #catalog: Catalog;
  readonly #keeper: BridgeKeeper;
  readonly #nameService: NameService;
  readonly #wiring: Wiring;
  readonly #table = new EndpointTable();
  readonly #addresses = new AddressBook();
  readonly #ports: PublishedPorts;

  constructor({ store, launcher, paths, interfaceOps, install, say, claimsFolder }: NetworksOptions) {
    this.#launcher = launcher;
    this.#say = say ?? (() => undefined);
    this.#names = machineNames(paths.runtime);
    const shared =
      launcher.machine.rootless === undefined && process.getuid?.() === 0
        ? '/run/devenv-pools'
        : `${paths.runtime}/pools`;
    this.#claims = new PoolClaims(claimsFolder ?? shared, this.#names.hash);
    this.#catalog = new Catalog(store, this.#names, this.#claims);
    this.#nameService = new NameService(this.#table, (id) => this.#catalog.find(id));
    this.#keeper = new BridgeKeeper({
      launcher,
      names: this.#names,
      install,
      say: this.#say,
      isUsed: (id) => this.#table.ofNetwork(id).length > 0,
      answererFor: (network) => this.#nameService.answererFor(network),
    });
    const { catalog, table, keeper } = { catalog: this.#catalog, table: this.#table, keeper: this.#keeper };
    this.#wiring = new Wiring({ launcher, names: this.#names, interfaceOps, catalog, table, keeper });
    this.#ports = new PublishedPorts({ launcher, catalog, table, firewall: keeper.firewall, say: this.#say });
  }

  async open(): Promise<void> {
    const bridges = await markedBridges(this.#names, this.#launcher.machine);
    const openCatalog = () => this.#catalog.open((network) => bridges.get(network.bridge) === network.id);
    // What dead engines left may be all that keeps a subnet from the default bridge.
    await openCatalog().catch(async (error) => {
      if ((await sweepDeadBridges(this.#launcher)) === 0) throw error;
      await openCatalog();
    });
    void sweepDeadBridges(this.#launcher).catch(() => undefined);
    await Promise.all([...bridges].map(([bridge, id]) => this.#findAgain(bridge, id)));
  }

  /** A bridge of an earlier engine: its network goes on, or it is nobody's. */
  async #findAgain(bridge: string, networkId: string): Promise<void> {
    const network = this.#catalog.list().find((known) => known.id === networkId || known.bridge === bridge);
    if (network === undefined) return removeBridge(this.#launcher, bridge);
    await this.#keeper.ensureUp(network).catch((error) => this.#say(`Network ${network.name}: ${messageOf(error)}`));
    this.#keeper.release(network.id);
  }

  async close(): Promise<void> {
    await this.#keeper.close();
    await this.#catalog.settled();
    await this.#claims.withdraw();
  }

  list(): NetworkRecord[] {
    return this.#catalog.list();
  }

  get(name: string): NetworkRecord {
    return this.#catalog.get(name);
  }

  find(name: string): NetworkRecord | undefined {
    return this.#catalog.find(name);
  }

  async create(request: NetworkRequest): Promise<{ network: NetworkRecord; warning: string }> {
    const network = await this.#catalog.create(request);
    try {
      await this.#provide(network);
    } catch (error) {
      await this.#catalog.remove(network.id);
      throw error;
    }
    this.#keeper.release(network.id);
    return { network, warning: '' };
  }

  /** What it stands on in the kernel. */
  async #provide(network: NetworkRecord): Promise<void> {
    if (network.driver === 'bridge') await this.#keeper.ensureMade(network);
    if (isChild(network.driver) && (await ensureParent(this.#launcher, network)))
      await this.#catalog.madeParent(network);
  }

  async remove(id: string): Promise<void> {
    const network = this.#catalog.get(id);
    if (network.predefined)
      throw new EngineError('forbidden', `${network.name} is a pre-defined network and cannot be removed`);
    const [active] = this.#table.ofNetwork(network.id);
    if (active !== undefined)
      throw new EngineError(
        'forbidden',
        `error while removing network: network ${network.name} has active endpoints (name:"${active.containerName}" id:"${active.endpointId.slice(0, 12)}")`,
      );
    const user = this.#catalog.list().find(({ configFrom }) => network.configOnly && configFrom === network.name);
    if (user !== undefined)
      throw new EngineError(
        'forbidden',
        `error while removing network: configuration network ${JSON.stringify(network.name)} is in use`,
      );
    await this.#catalog.remove(network.id);
    this.#addresses.forget(network.id);
    await this.#keeper.takeDown(network.id);
    await this.#dropParent(network);
  }

  /** Goes with the last network on it that the engine made it for. */
  async #dropParent(network: NetworkRecord): Promise<void> {
    const heir = this.#catalog.list().find(({ parent }) => parent !== undefined && parent === network.parent);
    if (network.ownsParent !== true) return;
    if (heir === undefined) await removeParent(this.#launcher, network);
    else await this.#catalog.madeParent(heir);
  }

  endpoints(networkId: string): Endpoint[] {
    return this.#table.ofNetwork(networkId);
  }

  endpointsOf(containerId: string): Endpoint[] {
    return this.#table.ofContainer(containerId);
  }

  async attach(request: EndpointRequest): Promise<Endpoint> {
    const network = this.#catalog.get(request.networkId);
    if (network.configOnly === true)
      throw new EngineError('forbidden', 'cannot create endpoint on configuration-only network');
    await this.detach(request.containerId, network.id);
    const mac = request.macAddress ? parseMac(request.macAddress) : undefined;
    if (request.macAddress && mac === undefined)
      throw new EngineError('invalid', `invalid MAC address: ${request.macAddress}`);
    const addresses = this.#addresses.take(network, request);
    const endpoint: Endpoint = {
      networkId: network.id,
      endpointId: randomBytes(32).toString('hex'),
      containerId: request.containerId,
      containerName: request.containerName,
      interfaceName: request.interfaceName,
      macAddress: macAddressOn(network, mac, addresses.ipv4),
      ...addresses,
      ...gatewaysOn(network),
      dnsNames: network.predefined ? [] : dnsNames(request),
    };
    this.#hold(network, { endpoint, request });
    try {
      if (network.driver === 'bridge') await this.#keeper.ensureUp(network);
      if (isChild(network.driver)) await this.#provide(network);
    } catch (error) {
      await this.detach(request.containerId, network.id);
      throw error;
    }
    return endpoint;
  }

  #hold(network: NetworkRecord, held: HeldEndpoint): void {
    this.#table.add({ ...held, request: { ...held.request, networkId: network.id } });
    if (held.request.dns !== undefined) this.#nameService.setServers(held.request.containerId, held.request.dns);
  }

  interfaceSpec(endpoint: Endpoint): InterfaceSpec {
    return this.#wiring.spec(endpoint);
  }

  plug(endpoint: Endpoint, pid: number): Promise<void> {
    return this.#wiring.plug(endpoint, pid);
  }

  unplug(endpoint: Endpoint, pid: number): Promise<void> {
    return this.#wiring.unplug(endpoint, pid);
  }

  async detach(containerId: string, networkId?: string): Promise<void> {
    const wanted = networkId === undefined ? undefined : this.#catalog.find(networkId)?.id;
    for (const { endpoint } of this.#table.heldBy(containerId)) {
      if (networkId !== undefined && endpoint.networkId !== wanted) continue;
      this.#table.remove(containerId, endpoint.networkId);
      const network = this.#catalog.find(endpoint.networkId);
      if (network === undefined) continue;
      this.#addresses.free(network, endpoint.ipv4);
      this.#addresses.free(network, endpoint.ipv6);
      this.#keeper.release(network.id);
    }
    if (this.#table.heldBy(containerId).length > 0) return;
    this.#nameService.setServers(containerId, []);
    this.#ports.release(containerId);
  }

  adopt(endpoint: Endpoint, request: EndpointRequest): void {
    const network = this.#catalog.find(endpoint.networkId);
    if (network === undefined) return;
    this.#addresses.adopt(network, endpoint.ipv4);
    this.#addresses.adopt(network, endpoint.ipv6);
    this.#hold(network, { endpoint, request });
    if (network.driver !== 'bridge') return;
    this.#keeper.ensureUp(network).catch((error) => this.#say(`Network ${network.name}: ${messageOf(error)}`));
  }

  renamed(containerId: string, name: string): readonly HeldEndpoint[] {
    const wishes = this.#table.heldBy(containerId).map(({ request }) => ({ ...request, containerName: name }));
    return this.answerTo(containerId, wishes);
  }

  answerTo(containerId: string, requests: readonly EndpointRequest[]): readonly HeldEndpoint[] {
    for (const request of requests) {
      const network = this.#catalog.find(request.networkId);
      const held = network && this.#table.get(containerId, network.id);
      if (network === undefined || held === undefined) continue;
      const names = network.predefined ? [] : dnsNames(request);
      const endpoint = { ...held.endpoint, containerName: request.containerName, dnsNames: names };
      this.#table.add({ endpoint, request: { ...request, networkId: network.id } });
    }
    return this.#table.heldBy(containerId);
  }

  choosePorts(requests: readonly PortRequest[], endpoint: Endpoint): Promise<PublishedPortSpec[]> {
    return this.#ports.choose(requests, endpoint);
  }

  async publish(containerId: string, ports: readonly PublishedPortSpec[], endpoint: Endpoint): Promise<void> {
    this.#ports.publish(containerId, ports, endpoint);
  }

  unpublish(containerId: string): Promise<void> {
    return this.#ports.unpublish(containerId);
  }

  republish(from: string, to: string, ports: readonly PublishedPortSpec[], endpoint: Endpoint): Promise<void> {
    return this.#ports.republish(from, to, ports, endpoint);
  }

  portHolder(protocol: 'tcp' | 'udp', hostIp: string, port: number): Promise<string | undefined> {
    return this.#ports.holder(protocol, hostIp, port);
  }

  async resolvConf(wish: Parameters<Networks['resolvConf']>[0]): Promise<string> {
    const named = wish.endpoints.find((endpoint) => hasNames(this.#catalog, endpoint) && endpoint.ipv4 !== undefined);
    const other = wish.endpoints.find((endpoint) => hasNames(this.#catalog, endpoint));
    const chosen = named ?? other ?? wish.endpoints[0];
    const network = chosen === undefined ? undefined : this.#catalog.find(chosen.networkId);
    const answers = network !== undefined && this.#keeper.hasResolver(network.id);
    if (chosen !== undefined && wish.dns.length > 0) this.#nameService.setServers(chosen.containerId, wish.dns);
    return composeResolvConf({
      named: other !== undefined && answers,
      hostNetwork: wish.hostNetwork,
      hasIPv4: named !== undefined,
      gateway: answers ? (gatewayOf(network, 4) ?? gatewayOf(network, 6)) : undefined,
      dns: wish.dns,
      dnsSearch: wish.dnsSearch,
      dnsOptions: wish.dnsOptions,
      host: await hostResolvers(),
    });
  }

  hostGateway(endpoints: readonly Endpoint[] = []): string {
    for (const { networkId } of endpoints) {
      const network = this.#catalog.find(networkId);
      const gateway = network === undefined ? undefined : (gatewayOf(network, 4) ?? gatewayOf(network, 6));
      if (gateway !== undefined) return gateway;
    }
    return gatewayOf(this.#catalog.get('bridge'), 4) ?? '';
  }
}

/** An ipvlan's interfaces have their parent's; on a network of the machine's own, addresses of other machines' containers are near. */
function macAddressOn({ driver }: NetworkRecord, asked: string | undefined, ipv4: string | undefined): string {
  if (driver === 'bridge') return asked ?? macOf(ipv4);
  return driver === 'macvlan' ? (asked ?? macOf(undefined)) : '';
}

function gatewaysOn(network: NetworkRecord): Pick<Endpoint, 'gateway' | 'gateway6'> {
  if (network.internal || isRouted(network)) return { gateway: undefined, gateway6: undefined };
  return { gateway: gatewayOf(network, 4), gateway6: gatewayOf(network, 6) };
}

/** Docker's order: name, aliases, short id, hostname; each once. */
function dnsNames({ containerName, aliases, containerId, hostname }: EndpointRequest): string[] {
  return [...new Set([containerName, ...aliases, containerId.slice(0, 12), hostname])].filter((name) => name !== '');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
