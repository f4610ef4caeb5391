/** A request for a network becomes a record, or a refusal in Docker's words. Pure but for the new id and the time, which are passed in. */

import { EngineError } from '../errors.js';
import { type Prefix, parsePrefix } from './address.js';
import { pickPool, refuseOverlap, settlePool } from './ipam.js';
import { bridgeName, type MachineNames } from './names.js';
import { bridgeOptions } from './options.js';
import { isChild, isRouted, parentOf } from './parents.js';
import type { IpamPool, NetworkRecord, NetworkRequest } from './types.js';

/** What is already in use, so that a new network keeps off it. */
export interface Surroundings {
  readonly names: MachineNames;
  /** Subnets of this engine's networks: none may overlap them. */
  readonly own: readonly Prefix[];
  /** This machine's routes and other engines' subnets: kept off when the engine chooses, as Docker does. */
  readonly foreign: readonly Prefix[];
}

const DRIVERS: Readonly<Record<string, NetworkRecord['driver']>> = {
  '': 'bridge',
  default: 'bridge',
  bridge: 'bridge',
  macvlan: 'macvlan',
  ipvlan: 'ipvlan',
};

export const PREDEFINED = ['bridge', 'host', 'none'] as const;

/** Throws `forbidden`, `invalid` or `not-found`; a name in use is the caller's business. */
export function makeRecord(
  request: NetworkRequest,
  identity: { readonly id: string; readonly created: string },
  around: Surroundings,
): NetworkRecord {
  refuseName(request.name);
  if (request.configOnly === true) return configRecord(request, identity);
  const driver = driverOf(request.driver);
  const parent = isChild(driver) ? parentOf(driver, request.options, identity.id) : undefined;
  const options = bridgeOptions(isChild(driver) ? familyOptions(request.options) : request.options);
  const enableIPv4 = options.enableIPv4 ?? request.enableIPv4 !== false;
  const enableIPv6 = options.enableIPv6 ?? request.enableIPv6;
  const isIsolated = Object.values(options.gatewayMode).includes('isolated');
  if (isIsolated && !request.internal)
    throw new EngineError('system', "gateway mode 'isolated' can only be used for an internal network");
  if (!enableIPv4 && !enableIPv6) throw new EngineError('invalid', 'IPv4 or IPv6 must be enabled');
  return {
    ...identity,
    name: request.name,
    driver,
    internal: request.internal,
    attachable: request.attachable,
    enableIPv4,
    enableIPv6,
    ipam: makePools({ ...request, enableIPv6 }, enableIPv4, around),
    asked: request.ipam,
    ipamOptions: request.ipamOptions,
    options: request.options,
    labels: request.labels,
    bridge: driver === 'bridge' ? (options.bridgeName ?? bridgeName(around.names, identity.id)) : '',
    predefined: false,
    ...(parent === undefined ? {} : { parent }),
    ...(request.configFrom === undefined ? {} : { configFrom: request.configFrom }),
  };
}

/** Nobody can be on it, so it takes no addresses: its pools are those of the networks that are made from it. */
function configRecord(
  request: NetworkRequest,
  identity: { readonly id: string; readonly created: string },
): NetworkRecord {
  const { name, internal, attachable, enableIPv4 = true, enableIPv6, ipamOptions, options, labels } = request;
  return {
    ...identity,
    ...{ name, internal, attachable, enableIPv4, enableIPv6, ipamOptions, options, labels },
    driver: 'null',
    ipam: [],
    asked: request.ipam,
    bridge: '',
    predefined: false,
    configOnly: true,
  };
}

/** What of the bridge's options counts for other drivers too. */
function familyOptions(options: NetworkRecord['options']): NetworkRecord['options'] {
  return Object.fromEntries(Object.entries(options).filter(([key]) => /\.enable_ipv[46]$/.test(key)));
}

/** A request with what its configuration network says. Throws in Docker's words. */
export function withConfig(request: NetworkRequest, find: (name: string) => NetworkRecord | undefined): NetworkRequest {
  const { configFrom } = request;
  if (configFrom === undefined) return request;
  const wrong = (sentence: string) => new EngineError('forbidden', sentence);
  if (request.configOnly === true)
    throw wrong('a configuration network cannot depend on another configuration network');
  if (Object.keys(request.options).length > 0)
    throw wrong('network driver options are not supported if the network depends on a configuration network');
  if (request.ipam.length > 0 || Object.keys(request.labels).length > 0 || request.enableIPv6)
    throw wrong('user specified configurations are not supported if the network depends on a configuration network');
  const config = find(configFrom);
  if (config?.configOnly !== true)
    throw new EngineError('not-found', `configuration network ${JSON.stringify(configFrom)} does not exist`);
  const { enableIPv4, enableIPv6, ipamOptions, options, labels, asked: ipam = [] } = config;
  return { ...request, enableIPv4, enableIPv6, ipamOptions, options, labels, ipam };
}

function refuseName(name: string): void {
  if (name.trim() === '') throw new EngineError('invalid', 'invalid network name: name is empty');
  if ((PREDEFINED as readonly string[]).includes(name) || name === 'default')
    throw new EngineError('forbidden', `operation is not permitted on predefined ${name} network `);
}

function driverOf(name: string): NetworkRecord['driver'] {
  const driver = DRIVERS[name];
  if (driver !== undefined) return driver;
  if (name === 'host' || name === 'null')
    throw new EngineError('forbidden', `only one instance of "${name}" network is allowed`);
  if (name === 'overlay')
    throw new EngineError(
      'forbidden',
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    );
  throw new EngineError('not-found', `plugin "${name}" not found`);
}

function makePools(request: NetworkRequest, enableIPv4: boolean, around: Surroundings): IpamPool[] {
  const asked = request.ipam;
  for (const { subnet = '' } of asked)
    if (subnet === '')
      throw new EngineError('invalid', 'invalid network config:\ninvalid subnet : invalid CIDR block notation');
  const families = new Set(asked.map(familyOf));
  const missing = [...(enableIPv4 ? [4 as const] : []), ...(request.enableIPv6 ? [6 as const] : [])];
  const settled: IpamPool[] = [];
  const add = (pool: Partial<IpamPool>, family: 4 | 6) => {
    const own = [...around.own, ...settled.map(({ subnet }) => parsePrefix(subnet)!)];
    const made = settlePool(pool, hasGateway(request), () =>
      pickPool(family, [...own, ...around.foreign], around.names.ulaBase),
    );
    refuseOverlap(made, own);
    settled.push(made);
  };
  for (const pool of asked) if (familyOf(pool) === 4 ? enableIPv4 : request.enableIPv6) add(pool, familyOf(pool));
  for (const family of missing) if (!families.has(family)) add({}, family);
  for (const family of missing)
    if (!isChild(driverOf(request.driver)) && settled.filter((pool) => familyOf(pool) === family).length > 1)
      throw new EngineError('forbidden', "bridge driver doesn't support multiple subnets");
  return settled.sort((one, other) => familyOf(one) - familyOf(other));
}

/** Where nothing leads out by one, none is taken from the addresses (libnetwork, GwAllocChecker). */
function hasGateway({ driver, internal, options }: NetworkRequest): boolean {
  return !(driver === 'macvlan' || driver === 'ipvlan') || !(internal || isRouted({ driver, options }));
}

function familyOf(pool: Partial<IpamPool>): 4 | 6 {
  return [pool.subnet, pool.ipRange, pool.gateway].some((text) => text?.includes(':')) ? 6 : 4;
}

/** The three networks that are always there. */
export function predefinedRecord(
  name: (typeof PREDEFINED)[number],
  identity: { readonly id: string; readonly created: string },
  around: Surroundings,
): NetworkRecord {
  const plain = { ...identity, name, internal: false, attachable: false, enableIPv4: true, enableIPv6: false };
  const rest = { ipamOptions: {}, labels: {}, predefined: true };
  if (name !== 'bridge')
    return { ...plain, driver: name === 'host' ? 'host' : 'null', ipam: [], options: {}, bridge: '', ...rest };
  const bridge = bridgeName(around.names, identity.id);
  return {
    ...plain,
    driver: 'bridge',
    ipam: [settlePool({}, true, () => pickPool(4, [...around.own, ...around.foreign], around.names.ulaBase))],
    options: {
      'com.docker.network.bridge.default_bridge': 'true',
      'com.docker.network.bridge.enable_icc': 'true',
      'com.docker.network.bridge.enable_ip_masquerade': 'true',
      'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
      'com.docker.network.bridge.name': bridge,
      'com.docker.network.driver.mtu': '1500',
    },
    bridge,
    ...rest,
  };
}
