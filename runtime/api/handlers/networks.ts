/** Networks: create, list, inspect, connect, disconnect, remove, prune. */
import type { Engine } from '../../engine/engine.js';
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
import { networkIn } from '../versions/networks.js';
import { endpoint } from './container-bodies.js';

const ipamConfig = object({
  Subnet: string,
  IPRange: string,
  Gateway: string,
  AuxiliaryAddresses: stringMap,
  AuxAddress: stringMap,
});

const createBody = object({
  Name: string,
  Driver: string,
  Scope: string,
  EnableIPv4: bool,
  EnableIPv6: bool,
  Internal: bool,
  Attachable: bool,
  Ingress: bool,
  ConfigOnly: bool,
  IPAM: object({ Driver: string, Options: stringMap, Config: list(ipamConfig) }),
  Options: stringMap,
  Labels: stringMap,
});

const connectBody = object({ Container: string, EndpointConfig: endpoint });
const disconnectBody = object({ Container: string, Force: bool });

export function networkRoutes(engine: Engine): Route[] {
  return [
    { method: 'GET', path: '/networks', handle: (call) => all(engine, call) },
    { method: 'GET', path: '/networks/', handle: (call) => all(engine, call) },
    { method: 'GET', path: '/networks/:id', handle: (call) => inspect(engine, call) },
    { method: 'POST', path: '/networks/create', handle: (call) => create(engine, call) },
    { method: 'POST', path: '/networks/:id/connect', handle: (call) => connect(engine, call) },
    { method: 'POST', path: '/networks/:id/disconnect', handle: (call) => disconnect(engine, call) },
    { method: 'DELETE', path: '/networks/:id', handle: (call) => remove(engine, call) },
    { method: 'POST', path: '/networks/prune', handle: (call) => prune(engine, call) },
  ];
}

function all(engine: Engine, call: Call): Answer {
  const networks = listNetworks(engine, call.query.filters(networkListFilters));
  return ok(networks.map((network) => networkIn(call.version, encodeNetwork(network, []))));
}

function inspect(engine: Engine, call: Call): Answer {
  const network = engine.foundations.networks.get(call.params.id!);
  return ok(networkIn(call.version, encodeNetwork(network, networkUsers(engine, network))));
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
    ipamOptions: body.IPAM?.Options ?? {},
    options: body.Options ?? {},
    labels: body.Labels ?? {},
  };
}

async function create(engine: Engine, call: Call): Promise<Answer> {
  const body = await readShape(call, createBody, 'CreateRequest');
  if ((body.Name ?? '').trim() === '') throw new EngineError('invalid', 'invalid name: name is empty');
  if (body.Scope === 'swarm' || body.Ingress || body.Driver === 'overlay')
    throw new EngineError(
      'unavailable',
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    );
  if (body.IPAM?.Driver && body.IPAM.Driver !== 'default')
    throw new EngineError('not-found', `error looking up IPAM plugin "${body.IPAM.Driver}": plugin not found`);
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
  const body = await readShape(call, connectBody, 'ConnectRequest');
  await connectNetwork(engine, call.params.id!, body.Container ?? '', toSettings(body.EndpointConfig));
  return { status: 200 };
}

async function disconnect(engine: Engine, call: Call): Promise<Answer> {
  const body = await readShape(call, disconnectBody, 'DisconnectRequest');
  await disconnectNetwork(engine, call.params.id!, body.Container ?? '', body.Force ?? false);
  return { status: 200 };
}

async function remove(engine: Engine, call: Call): Promise<Answer> {
  await removeNetwork(engine, call.params.id!);
  return noContent;
}

async function prune(engine: Engine, call: Call): Promise<Answer> {
  const deleted = await pruneNetworks(engine, call.query.filters(networkPruneFilters));
  if (deleted.length > 0) engine.events.publish('network', 'prune', '', { reclaimed: '0' });
  return ok({ NetworksDeleted: deleted.length > 0 ? deleted : null });
}
