/** `network …`. */
import {
  connectNetwork,
  createNetwork,
  disconnectNetwork,
  inspectNetwork,
  listNetworks,
  pruneNetworks,
  removeNetwork,
} from '../../engine/networks.js';
import type { Session } from '../session.js';
import { confirmed, forEachName, inspectEach } from './each.js';
import { filtersOf, labelsText, pairsOf } from './filters.js';

/** The fields of `docker network ls --format`. */
export interface NetworkRow {
  readonly ID: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly IPv6: string;
  readonly Internal: string;
  readonly CreatedAt: string;
  readonly Labels: string;
  readonly Label: (name: string) => string;
}

export async function listEngineNetworks(
  session: Session,
  filter: readonly string[] | undefined,
  truncate: boolean,
): Promise<NetworkRow[]> {
  const networks = await listNetworks(await session.engine(), filtersOf(filter));
  return networks
    .map(({ Id, Name, Driver, Scope, EnableIPv6, Internal, Created, Labels }) => ({
      ID: truncate ? Id.slice(0, 12) : Id,
      Name,
      Driver,
      Scope: Scope ?? 'local',
      IPv6: String(EnableIPv6 ?? false),
      Internal: String(Internal ?? false),
      CreatedAt: Created ?? '',
      Labels: labelsText(Labels),
      Label: (name: string) => Labels?.[name] ?? '',
    }))
    .sort((a, b) => (a.Name < b.Name ? -1 : 1));
}

/** The flags of `network create`. */
export interface NetworkWish {
  readonly name: string;
  readonly driver?: string | undefined;
  readonly subnet?: readonly string[] | undefined;
  readonly gateway?: readonly string[] | undefined;
  readonly 'ip-range'?: readonly string[] | undefined;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly ipv6?: boolean;
  readonly opt?: readonly string[] | undefined;
  readonly label?: readonly string[] | undefined;
}

/** Prints its id. */
export async function makeNetworkOf(session: Session, wish: NetworkWish): Promise<void> {
  const pools = (wish.subnet ?? []).map((Subnet, index) => ({
    Subnet,
    ...(wish.gateway?.[index] ? { Gateway: wish.gateway[index] } : {}),
    ...(wish['ip-range']?.[index] ? { IPRange: wish['ip-range'][index] } : {}),
  }));
  const id = await createNetwork(await session.engine(), {
    Name: wish.name,
    Driver: wish.driver ?? 'bridge',
    Internal: wish.internal ?? false,
    Attachable: wish.attachable ?? false,
    ...(wish.ipv6 ? { EnableIPv6: true } : {}),
    Options: pairsOf(wish.opt),
    Labels: pairsOf(wish.label),
    ...(pools.length ? { IPAM: { Driver: 'default', Config: pools } } : {}),
  });
  await session.terminal.data(`${id}\n`);
}

export const removeNetworks = (session: Session, names: readonly string[], force: boolean): Promise<number> =>
  forEachName(session, names, removeNetwork, { missingIsFine: force });

export const inspectNetworks = (session: Session, names: readonly string[], format: string | undefined) =>
  inspectEach(session, names, format, inspectNetwork);

export interface JoinRequest {
  readonly network: string;
  readonly container: string;
  readonly aliases: readonly string[];
  readonly ip: string | undefined;
  readonly ip6: string | undefined;
}

export function joinNetwork(session: Session, { network, container, aliases, ip, ip6 }: JoinRequest): Promise<number> {
  const addresses = { ...(ip ? { IPv4Address: ip } : {}), ...(ip6 ? { IPv6Address: ip6 } : {}) };
  const EndpointConfig = { Aliases: aliases, ...(ip || ip6 ? { IPAMConfig: addresses } : {}) };
  const body = { Container: container, EndpointConfig };
  return forEachName(session, [network], (engine) => connectNetwork(engine, network, body), { silent: true });
}

export const leaveNetwork = (session: Session, network: string, container: string, force: boolean): Promise<number> =>
  forEachName(session, [network], (engine) => disconnectNetwork(engine, network, container, force), { silent: true });

export async function pruneUnusedNetworks(
  session: Session,
  { force, filter }: { force: boolean; filter: readonly string[] | undefined },
): Promise<void> {
  const warning = 'This will remove all custom networks not used by at least one container.';
  if (!(await confirmed(session, warning, force))) return;
  const { NetworksDeleted } = await pruneNetworks(await session.engine(), filtersOf(filter));
  if (NetworksDeleted?.length) await session.terminal.data(`Deleted Networks:\n${NetworksDeleted.join('\n')}\n\n`);
}
