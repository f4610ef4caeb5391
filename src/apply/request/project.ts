/** Pure: networks and volumes of the config as bodies of NetworkCreate and VolumeCreate. */
import { composeLabel } from '../../model/labels.js';
import type { Project } from '../../model/project.js';

export function networkRequest(
  project: Project,
  key: string,
  configHash: string,
  version: string,
): Record<string, unknown> {
  const network = project.networks[key]!;
  return {
    Name: network.name,
    Driver: network.driver || 'bridge',
    Options: network.driver_opts,
    Internal: network.internal ?? false,
    Attachable: network.attachable ?? false,
    EnableIPv4: network.enable_ipv4,
    EnableIPv6: network.enable_ipv6,
    IPAM: network.ipam && {
      Driver: network.ipam.driver ?? 'default',
      Options: network.ipam.options,
      Config: network.ipam.config?.map((pool) => ({
        Subnet: pool.subnet,
        IPRange: pool.ip_range,
        Gateway: pool.gateway,
        AuxiliaryAddresses: pool.aux_addresses,
      })),
    },
    Labels: {
      ...network.labels,
      [composeLabel.network]: key,
      [composeLabel.project]: project.name,
      [composeLabel.version]: version,
      [composeLabel.configHash]: configHash,
    },
  };
}

export function volumeRequest(
  project: Project,
  key: string,
  configHash: string,
  version: string,
): Record<string, unknown> {
  const volume = project.volumes[key]!;
  return {
    Name: volume.name,
    Driver: volume.driver || 'local',
    DriverOpts: volume.driver_opts,
    Labels: {
      ...volume.labels,
      [composeLabel.volume]: key,
      [composeLabel.project]: project.name,
      [composeLabel.version]: version,
      [composeLabel.configHash]: configHash,
    },
  };
}
