/** Networks: create, list, inspect, connect, disconnect, remove, prune. */
import type { Engine } from '../../engine/engine.js';
import { parseGoBool } from '../../engine/filters.js';
import { connectNetwork, disconnectNetwork } from '../../engine/network-connect.js';
import type { NetworkRequest } from '../../engine/network-list.js';
import {
  listNetworks,
  networkListFilters,
  networkPruneFilters,
  networkUsers,
  pruneNetworks,
  removeNetwork,
  tellNetwork,
} from '../../engine/network-list.js';
import type { EndpointSettings } from '../../engine/types.js';
import { EngineError } from '../../errors.js';
import { bool, list, object, type Shaped, string, stringMap } from '../decode.js';
import { encodeNetwork } from '../encode/networks.js';
import { readShape } from '../request.js';
import { type Answer, type Call, created, noContent, ok, type Route } from '../routes.js';
import { endpoint } from './container-bodies.js';

const ipamConfig = object({
  Subnet: string,
  IPRange: string,
  Gateway: string,
  AuxiliaryAddresses: stringMap,
});

const createBody = object(
  {
    Name: string,
    Driver: string,
    Scope: string,
    EnableIPv4: bool,
    EnableIPv6: bool,
    Internal: bool,
    Attachable: bool,
    Ingress: bool,
    ConfigOnly: bool,
    ConfigFrom: object({ Network: string }, 'network.ConfigReference'),
    IPAM: object(
      { Driver: string, Options: stringMap, Config: list(ipamConfig, '[]network.IPAMConfig') },
      'network.IPAM',
    ),
    Options: stringMap,
    Labels: stringMap,
  },
  'network.CreateRequest',
);

const connectBody = object({ Container: string, EndpointConfig: endpoint });
const disconnectBody = object({ Container: string, Force: bool });

export function networkRoutes(engine: Engine): Route[] {
  return [
    { method: 'GET', path: '/networks', handle: (call) => all(engine, call) },
    { method: 'GET', path: '/networks/', handle: (call) => all(engine, call) },
    { method: 'GET', path: '/networks/:id*', handle: (call) => inspect(engine, call) },
    { method: 'POST', path: '/networks/create', handle: (call) => create(engine, call) },
    { method: 'POST', path: '/networks/:id*/connect', handle: (call) => connect(engine, call) },
    { method: 'POST', path: '/networks/:id*/disconnect', handle: (call) => disconnect(engine, call) },
    { method: 'DELETE', path: '/networks/:id*', handle: (call) => remove(engine, call) },
    { method: 'POST', path: '/networks/prune', handle: (call) => prune(engine, call) },
  ];
}

function all(engine: Engine, call: Call): Answer {
  const networks = listNetworks(engine, call.query.filters(networkListFilters));
  return ok(networks.map((network) => encodeNetwork(network, [])));
}

function inspect(engine: Engine, call: Call): Answer {
  const id = call.params.id!;
  const verbose = call.query.text('verbose');
  if (verbose !== '' && parseGoBool(verbose) === undefined)
    throw new EngineError(
      'invalid',
      `invalid value for verbose: ${verbose}: strconv.ParseBool: parsing ${JSON.stringify(verbose)}: invalid syntax`,
    );
  const scope = call.query.text('scope');
  if (scope !== '' && scope !== 'local') throw new EngineError('not-found', `network ${id} not found`);
  const network = engine.foundations.networks.get(id);
  return ok(encodeNetwork(network, networkUsers(engine, network)));
}

function toRequest(body: Shaped<typeof createBody>): NetworkRequest {
  const pools = (body.IPAM?.Config ?? []).map((pool) => ({
    ...(pool.Subnet ? { subnet: pool.Subnet } : {}),
    ...(pool.Gateway ? { gateway: pool.Gateway } : {}),
    ...(pool.IPRange ? { ipRange: pool.IPRange } : {}),
    ...(pool.AuxiliaryAddresses ? { auxAddresses: pool.AuxiliaryAddresses } : {}),
  }));
  return {
    name: body.Name ?? '',
    driver: body.Driver || 'bridge',
    internal: body.Internal ?? false,
    attachable: body.Attachable ?? false,
    ...(body.EnableIPv4 === undefined ? {} : { enableIPv4: body.EnableIPv4 }),
    enableIPv6: body.EnableIPv6 ?? false,
    ipam: pools,
    ipamOptions: body.IPAM?.Options ?? null,
    options: body.Options ?? {},
    labels: body.Labels ?? {},
    ...(body.ConfigOnly === true ? { configOnly: true } : {}),
    ...(body.ConfigFrom?.Network ? { configFrom: body.ConfigFrom.Network } : {}),
  };
}

/** What needs a swarm, or a plugin. */
function refuseElsewhere({ Scope, IPAM, Ingress }: Shaped<typeof createBody>): void {
  if (Ingress === true) throw new EngineError('forbidden', 'Ingress network can only be global scope network');
  if (Scope === 'swarm')
    throw new EngineError('forbidden', 'cannot create a swarm scoped network when swarm is not active');
  if (IPAM?.Driver === 'null') throw new EngineError('invalid', 'ipv4 pool is empty');
  if (IPAM?.Driver && IPAM.Driver !== 'default')
    throw new EngineError('not-found', `plugin ${JSON.stringify(IPAM.Driver)} not found`);
}

async function create(engine: Engine, call: Call): Promise<Answer> {
  const body = await readShape(call, createBody, 'CreateRequest');
  if ((body.Name ?? '').trim() === '') throw new EngineError('invalid', 'invalid name: name is empty');
  refuseElsewhere(body);
  const { network, warning } = await engine.foundations.networks.create(toRequest(body));
  tellNetwork(engine, 'create', network);
  return created({ Id: network.id, Warning: warning });
}

function toSettings(body: Shaped<typeof endpoint> | undefined): EndpointSettings {
  const { IPAMConfig: address } = body ?? {};
  return {
    IPAMConfig: address ?? null,
    Links: body?.Links ?? null,
    Aliases: body?.Aliases ?? null,
    MacAddress: body?.MacAddress ?? '',
    DriverOpts: body?.DriverOpts ?? null,
    GwPriority: body?.GwPriority ?? 0,
  };
}

async function connect(engine: Engine, call: Call): Promise<Answer> {
  const body = await readShape(call, connectBody, 'ConnectOptions');
  await connectNetwork(engine, call.params.id!, body.Container ?? '', toSettings(body.EndpointConfig));
  return { status: 200 };
}

async function disconnect(engine: Engine, call: Call): Promise<Answer> {
  const body = await readShape(call, disconnectBody, 'DisconnectOptions');
  await disconnectNetwork(engine, call.params.id!, body.Container ?? '', body.Force ?? false);
  return { status: 200 };
}

async function remove(engine: Engine, call: Call): Promise<Answer> {
  await removeNetwork(engine, call.params.id!);
  return noContent;
}

async function prune(engine: Engine, call: Call): Promise<Answer> {
  const deleted = await pruneNetworks(engine, call.query.filters(networkPruneFilters));
  engine.events.publish('network', 'prune', '', { reclaimed: '0' });
  return ok({ NetworksDeleted: deleted.length > 0 ? deleted : null });
}
