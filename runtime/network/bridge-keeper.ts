/** The bridges that are up with what belongs to them: resolver, packet filter, forwarding. One is up while somebody needs it. */

import type { Launcher } from '../launch/types.js';
import { keepRouterAdvertisements, makeBridge, outboundMtu, removeBridge } from './bridges.js';
import { type Answerer, DnsServer } from './dns-server.js';
import { Firewall } from './firewall.js';
import type { FirewallNetwork } from './firewall-rules.js';
import { ForwardPolicy } from './forward-policy.js';
import { bridgePrefix, type MachineNames } from './names.js';
import type { InstallPrograms } from './nft-program.js';
import { bridgeOptions } from './options.js';
import { type Resolver, SharedResolver } from './shared-resolver.js';
import type { NetworkRecord } from './types.js';

/** How long an unused bridge stays: the next container often comes soon, and a bridge costs milliseconds. */
const LINGER_MS = 10_000;

interface UpBridge {
  readonly network: NetworkRecord;
  readonly dns: Resolver;
  link: Promise<void>;
  ready: Promise<void>;
  /** A person's own bridge of that name is not removed. */
  ours: boolean;
  made: boolean;
  mtu: number;
  resolverPort: number | undefined;
}

export interface BridgeKeeperOptions {
  readonly launcher: Launcher;
  readonly names: MachineNames;
  readonly install: InstallPrograms;
  readonly say: (line: string) => void;
  readonly isUsed: (networkId: string) => boolean;
  readonly answererFor: (network: NetworkRecord) => Answerer;
}

export class BridgeKeeper {
  readonly firewall: Firewall;
  readonly #options: BridgeKeeperOptions;
  readonly #forward: ForwardPolicy;
  readonly #shared: SharedResolver | undefined;
  readonly #up = new Map<string, UpBridge>();
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #lingering = new Map<string, NodeJS.Timeout>();
  #background: Promise<unknown> = Promise.resolve();

  constructor(options: BridgeKeeperOptions) {
    this.#options = options;
    this.firewall = new Firewall(options.launcher, options.names.table, options.install);
    const { rootless } = options.launcher.machine;
    this.#shared = rootless && new SharedResolver(rootless.resolverSockets);
    this.#forward = new ForwardPolicy(options.launcher, bridgePrefix(options.names));
  }

  /** Resolves when containers can be put on it; throws what stood in the way. */
  async ensureUp(network: NetworkRecord): Promise<void> {
    await (await this.#begin(network)).ready;
  }

  /** Resolves when the kernel has the bridge; its resolver and rules follow by themselves. */
  async ensureMade(network: NetworkRecord): Promise<void> {
    await (await this.#begin(network)).link;
  }

  async #begin(network: NetworkRecord): Promise<UpBridge> {
    clearTimeout(this.#lingering.get(network.id));
    this.#lingering.delete(network.id);
    await this.#leaving.get(network.id);
    const present = this.#up.get(network.id);
    if (present !== undefined) return present;
    const bridge: UpBridge = {
      network,
      dns: this.#resolverFor(network),
      link: Promise.resolve(),
      ready: Promise.resolve(),
      ours: true,
      made: false,
      mtu: 1500,
      resolverPort: undefined,
    };
    this.#up.set(network.id, bridge);
    bridge.link = this.#makeLink(bridge);
    bridge.ready = bridge.link.then(() => this.#serve(bridge));
    bridge.ready.catch(() => this.#giveUp(bridge));
    return bridge;
  }

  #resolverFor(network: NetworkRecord): Resolver {
    const answer = this.#options.answererFor(network);
    return this.#shared?.forNetwork(network.ipam, answer) ?? new DnsServer(answer);
  }

  /** Takes it down after a while, unless it is used again by then. */
  release(networkId: string): void {
    if (!this.#up.has(networkId) || this.#lingering.has(networkId) || this.#options.isUsed(networkId)) return;
    const timer = setTimeout(() => {
      this.#lingering.delete(networkId);
      if (!this.#options.isUsed(networkId)) this.takeDown(networkId).catch(() => undefined);
    }, LINGER_MS);
    timer.unref();
    this.#lingering.set(networkId, timer);
  }

  takeDown(networkId: string): Promise<void> {
    clearTimeout(this.#lingering.get(networkId));
    this.#lingering.delete(networkId);
    const bridge = this.#up.get(networkId);
    if (bridge === undefined) return this.#leaving.get(networkId) ?? Promise.resolve();
    this.#up.delete(networkId);
    const leaving = this.#bringDown(bridge).finally(() => this.#leaving.delete(networkId));
    this.#leaving.set(networkId, leaving);
    return leaving;
  }

  mtu(networkId: string): number {
    return this.#up.get(networkId)?.mtu ?? 1500;
  }

  hasResolver(networkId: string): boolean {
    return this.#up.get(networkId)?.resolverPort !== undefined;
  }

  /** What is used stays for the next engine; everything else goes. */
  async close(): Promise<void> {
    for (const timer of this.#lingering.values()) clearTimeout(timer);
    await Promise.all(
      [...this.#up.values()].map(async (bridge) => {
        await bridge.ready.catch(() => undefined);
        if (this.#options.isUsed(bridge.network.id)) await bridge.dns.close();
        else await this.takeDown(bridge.network.id);
      }),
    );
    await this.#background.catch(() => undefined);
    await this.#shared?.close();
    await this.firewall.settled();
  }

  async #makeLink(bridge: UpBridge): Promise<void> {
    const { launcher, names } = this.#options;
    const { network } = bridge;
    const asked = network.predefined ? undefined : bridgeOptions(network.options).mtu;
    bridge.mtu = asked ?? (await outboundMtu());
    if (network.enableIPv6) await keepRouterAdvertisements();
    bridge.ours = await makeBridge(launcher, names, network, bridge.mtu);
    bridge.made = true;
  }

  async #serve(bridge: UpBridge): Promise<void> {
    const { network } = bridge;
    await this.#startResolver(bridge);
    await this.firewall.setNetworks(this.#rules());
    this.#background = this.#background.then(() => this.#forward.open(network.bridge)).catch(() => undefined);
  }

  async #startResolver(bridge: UpBridge): Promise<void> {
    const address = bridge.network.ipam.find(({ gateway }) => gateway !== undefined)?.gateway;
    if (address === undefined) return;
    try {
      bridge.resolverPort = await bridge.dns.listen(address);
    } catch (error) {
      this.#options.say(`The resolver of network ${bridge.network.name} cannot listen on ${address}: ${error}`);
    }
  }

  #giveUp(bridge: UpBridge): void {
    if (this.#up.get(bridge.network.id) === bridge) this.takeDown(bridge.network.id).catch(() => undefined);
  }

  /** Resolves when the kernel has it no more; the rules of a bridge that is gone match nothing and follow by themselves. */
  async #bringDown(bridge: UpBridge): Promise<void> {
    await bridge.ready.catch(() => undefined);
    await bridge.dns.close();
    if (!bridge.made) return;
    if (bridge.ours) await removeBridge(this.#options.launcher, bridge.network.bridge);
    this.#background = this.#background.then(() => this.#forgetRules(bridge.network)).catch(() => undefined);
  }

  async #forgetRules({ name, bridge }: NetworkRecord): Promise<void> {
    await this.firewall
      .setNetworks(this.#rules())
      .catch((error) => this.#options.say(`The rules of network ${name}, which is gone, stay: ${error}`));
    await this.#forward.close(bridge);
  }

  #rules(): FirewallNetwork[] {
    return [...this.#up.values()]
      .filter(({ made }) => made)
      .map(({ network, resolverPort }) => {
        const gateway = network.ipam.find((pool) => pool.gateway !== undefined)?.gateway;
        const answers = resolverPort !== undefined && gateway !== undefined;
        return {
          bridge: network.bridge,
          pools: network.ipam,
          internal: network.internal,
          masquerade: masqueraded(network),
          hostAddress: bridgeOptions(network.options).hostAddress,
          ...(answers ? { resolver: { address: gateway, port: resolverPort } } : {}),
        };
      });
  }
}

function masqueraded(network: NetworkRecord): (4 | 6)[] {
  const { masquerade, gatewayMode } = bridgeOptions(network.options);
  return ([4, 6] as const).filter((family) => masquerade && gatewayMode[family] !== 'routed');
}
