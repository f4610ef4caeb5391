import type { Endpoint, IpamPool, NetworkRecord } from '../../engine/network-list.js';
import type { IpamConfig, NetworkContainer, NetworkInspect } from '../wire.js';

function encodePool(pool: IpamPool): IpamConfig {
  return {
    Subnet: pool.subnet,
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

/** The key order is Docker's. The list leaves `endpoints` out. */
export function encodeNetwork(network: NetworkRecord, endpoints: readonly Endpoint[]): NetworkInspect {
  const hasOptions = Object.keys(network.ipamOptions).length > 0;
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
      Options: hasOptions ? network.ipamOptions : network.predefined ? null : {},
      Config: network.driver === 'bridge' ? network.ipam.map(encodePool) : null,
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: Object.fromEntries(endpoints.map((endpoint) => [endpoint.containerId, encodeEndpoint(endpoint)])),
    Options: network.options,
    Labels: network.labels,
  };
}
