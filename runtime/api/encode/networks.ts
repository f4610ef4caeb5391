import type { Endpoint, IpamPool, NetworkRecord } from '../../engine/network-list.js';
import type { IpamConfig, NetworkContainer, NetworkInspect } from '../wire.js';

function encodePool(pool: Partial<IpamPool>): IpamConfig {
  return {
    ...(pool.subnet ? { Subnet: pool.subnet } : {}),
    ...(pool.ipRange ? { IPRange: pool.ipRange } : {}),
    ...(pool.gateway ? { Gateway: pool.gateway } : {}),
    ...(pool.auxAddresses && Object.keys(pool.auxAddresses).length > 0
      ? { AuxiliaryAddresses: pool.auxAddresses }
      : {}),
  };
}

function encodeEndpoint(endpoint: Endpoint): NetworkContainer {
  return {
    Name: endpoint.containerName,
    EndpointID: endpoint.endpointId,
    MacAddress: endpoint.macAddress,
    IPv4Address: endpoint.ipv4 ? `${endpoint.ipv4}/${endpoint.ipv4PrefixLength}` : '',
    IPv6Address: endpoint.ipv6 ? `${endpoint.ipv6}/${endpoint.ipv6PrefixLength}` : '',
  };
}

/** What was asked for as it was asked, then what a family got by itself; IPv4 first in both, as Docker's. */
function shownPools({ asked = [], ipam }: NetworkRecord): Partial<IpamPool>[] {
  const families = [4, 6].map((family) => (pool: Partial<IpamPool>) => pool.subnet?.includes(':') === (family === 6));
  const given = families.map((isOf) => asked.filter(isOf));
  const picked = families.map((isOf, index) => (given[index]!.length > 0 ? [] : ipam.filter(isOf)));
  return [...given, ...picked].flat();
}

/** Those of the host and none have no addresses, and a configuration may leave them open. */
function hasPools({ driver, asked = [] }: NetworkRecord): boolean {
  return driver !== 'host' && (driver !== 'null' || asked.length > 0);
}

/** The key order is Docker's. The list leaves `endpoints` out. */
export function encodeNetwork(network: NetworkRecord, endpoints: readonly Endpoint[]): NetworkInspect {
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: 'local',
    Driver: network.driver,
    EnableIPv4: network.enableIPv4,
    EnableIPv6: network.enableIPv6,
    IPAM: {
      Driver: 'default',
      Options: network.predefined ? null : network.ipamOptions,
      Config: hasPools(network) ? shownPools(network).map(encodePool) : null,
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: network.configFrom ?? '' },
    ConfigOnly: network.configOnly === true,
    Containers: Object.fromEntries(endpoints.map((endpoint) => [endpoint.containerId, encodeEndpoint(endpoint)])),
    Options: network.options,
    Labels: network.labels,
  };
}
