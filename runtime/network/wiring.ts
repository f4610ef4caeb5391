/** What an endpoint is to the launcher, and wiring it into a container that runs already. */

import type { NetworkOp } from '../launch/interface-ops.js';
import type { InterfaceSpec } from '../launch/spec.js';
import type { Launcher } from '../launch/types.js';
import type { BridgeKeeper } from './bridge-keeper.js';
import type { Catalog } from './catalog.js';
import type { EndpointTable } from './endpoints.js';
import { gatewayEndpoint } from './gateway-choice.js';
import { runOps } from './link-ops.js';
import { type MachineNames, vethName } from './names.js';
import { bridgeOptions } from './options.js';
import { isRouted, linkAbove } from './parents.js';
import { RESOLVER_ADDRESS } from './resolvers.js';
import type { Endpoint, EndpointRequest, HeldEndpoint, NetworkRecord } from './types.js';

/** `host` acts where the bridge is, `inside` in the container's network namespace. */
export type InterfaceComposer = (spec: InterfaceSpec, pid?: number) => { host: NetworkOp[]; inside: NetworkOp[] };

interface WiringParts {
  readonly launcher: Launcher;
  readonly names: MachineNames;
  readonly interfaceOps: InterfaceComposer;
  readonly catalog: Catalog;
  readonly table: EndpointTable;
  readonly keeper: BridgeKeeper;
}

export class Wiring {
  readonly #parts: WiringParts;

  constructor(parts: WiringParts) {
    this.#parts = parts;
  }

  spec(endpoint: Endpoint): InterfaceSpec {
    const { catalog, table, keeper, names } = this.#parts;
    const network = catalog.get(endpoint.networkId);
    const above = linkAbove(network);
    return {
      hostName: vethName(names),
      name: endpoint.interfaceName,
      bridge: network.bridge,
      ...(above === undefined ? {} : { above }),
      macAddress: endpoint.macAddress,
      addresses: addressesOf(endpoint),
      ...asked(table.get(endpoint.containerId, network.id)?.request),
      mtu: above === undefined ? keeper.mtu(network.id) : 0,
      isolated: above === undefined && !bridgeOptions(network.options).interContainer,
      ...this.#routes(endpoint, table.heldBy(endpoint.containerId)),
    };
  }

  async plug(endpoint: Endpoint, pid: number): Promise<void> {
    const { host, inside } = this.#parts.interfaceOps(this.spec(endpoint), pid);
    await runOps(this.#parts.launcher, [...host, enter(pid), ...inside.map(takeOver)]);
  }

  /** The default route and the resolver's move to what is left; where they are already, nothing happens. */
  async unplug(endpoint: Endpoint, pid: number): Promise<void> {
    const { launcher, table } = this.#parts;
    const gone: NetworkOp = { op: 'link.delete', name: endpoint.interfaceName };
    const rest = table.heldBy(endpoint.containerId).filter((held) => held.endpoint.networkId !== endpoint.networkId);
    const routes = rest.flatMap((held) => this.#routeOps(held.endpoint, rest));
    await runOps(launcher, [enter(pid), gone, ...routes.map(passIfPresent)]);
  }

  #routeOps(endpoint: Endpoint, among: readonly HeldEndpoint[]): NetworkOp[] {
    const bare = { hostName: '', bridge: '', macAddress: '', addresses: [], mtu: 0 };
    const spec = { ...bare, name: endpoint.interfaceName, ...this.#routes(endpoint, among) };
    const { inside } = this.#parts.interfaceOps(spec);
    return inside.filter((op) => op.op === 'route.add' || (op.op === 'net.sysctl' && op.path.startsWith('ipv4/')));
  }

  /** Which of a container's routes lead over this endpoint: each leads over one of them. */
  #routes(
    endpoint: Endpoint,
    among: readonly HeldEndpoint[],
  ): Pick<InterfaceSpec, 'gateway' | 'gateway6' | 'resolver'> {
    const { catalog } = this.#parts;
    const leads = (family: 4 | 6) =>
      gatewayEndpoint(among, family, (id) => catalog.find(id)?.name ?? '')?.endpoint.endpointId === endpoint.endpointId;
    const via = gatewayOf(catalog.get(endpoint.networkId), 4);
    const asks = among.find((held) => held.endpoint.ipv4 !== undefined && hasNames(catalog, held.endpoint));
    const resolves = asks?.endpoint.endpointId === endpoint.endpointId && via !== undefined;
    const network = catalog.get(endpoint.networkId);
    if (isRouted(network) && !network.internal) return onLink(endpoint, among);
    return {
      ...(endpoint.gateway !== undefined && leads(4) ? { gateway: endpoint.gateway } : {}),
      ...(endpoint.gateway6 !== undefined && leads(6) ? { gateway6: endpoint.gateway6 } : {}),
      ...(resolves ? { resolver: { address: RESOLVER_ADDRESS, via, source: endpoint.ipv4 ?? '' } } : {}),
    };
  }
}

/** Where the link itself leads out, it does unless another network has a gateway. */
function onLink({ ipv4, ipv6 }: Endpoint, among: readonly HeldEndpoint[]): Pick<InterfaceSpec, 'gateway' | 'gateway6'> {
  const hasOther = (key: 'gateway' | 'gateway6') => among.some(({ endpoint }) => endpoint[key] !== undefined);
  return {
    ...(ipv4 === undefined || hasOther('gateway') ? {} : { gateway: '' }),
    ...(ipv6 === undefined || hasOther('gateway6') ? {} : { gateway6: '' }),
  };
}

function asked(request: EndpointRequest | undefined): Pick<InterfaceSpec, 'linkLocal' | 'sysctls'> {
  const { linkLocal, sysctls } = request ?? {};
  return { ...(linkLocal ? { linkLocal } : {}), ...(sysctls ? { sysctls } : {}) };
}

/** Names are known on bridges that somebody made, not on Docker's default one. */
export function hasNames(catalog: Catalog, endpoint: Endpoint): boolean {
  const network = catalog.find(endpoint.networkId);
  return network !== undefined && network.driver === 'bridge' && !network.predefined;
}

export function gatewayOf(network: NetworkRecord, family: 4 | 6): string | undefined {
  return network.ipam.find(({ gateway }) => gateway !== undefined && gateway.includes(':') === (family === 6))?.gateway;
}

function addressesOf(endpoint: Endpoint): string[] {
  return [
    ...(endpoint.ipv4 === undefined ? [] : [`${endpoint.ipv4}/${endpoint.ipv4PrefixLength}`]),
    ...(endpoint.ipv6 === undefined ? [] : [`${endpoint.ipv6}/${endpoint.ipv6PrefixLength}`]),
  ];
}

function enter(pid: number): NetworkOp {
  return { op: 'netns.enter', path: `/proc/${pid}/ns/net` };
}

/** A new network that leads out takes the default route from the one that had it. */
function takeOver(op: NetworkOp): NetworkOp {
  return op.op === 'route.add' && op.to.endsWith('/0') ? { ...op, op: 'route.replace' } : passIfPresent(op);
}

/** In a running container another network may have the route already. */
function passIfPresent(op: NetworkOp): NetworkOp {
  return op.op === 'route.add' ? { ...op, optional: true } : op;
}
