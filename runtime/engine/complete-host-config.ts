/** Fills in what a client left out of a HostConfig, as Docker's daemon does on create. Pure. */

import { DEFAULT_HOST_CONFIG, DEFAULT_SHM_BYTES, type HostConfig } from './host-config.js';
import { impliedSecurityOptions } from './security.js';
import { strictHostConfig } from './strict.js';

export function completeHostConfig(given: Partial<HostConfig>, cgroupVersion: 1 | 2): HostConfig {
  const host = strictHostConfig({ ...DEFAULT_HOST_CONFIG, ...given });
  const paths = host.Privileged ? { MaskedPaths: null, ReadonlyPaths: null } : {};
  return {
    ...host,
    NetworkMode: ['', 'default'].includes(host.NetworkMode) ? 'bridge' : host.NetworkMode,
    IpcMode: host.IpcMode || 'private',
    CgroupnsMode: host.CgroupnsMode || (cgroupVersion === 2 && !host.Privileged ? 'private' : 'host'),
    ShmSize: host.ShmSize === 0 ? DEFAULT_SHM_BYTES : host.ShmSize,
    Runtime: host.Runtime || 'runc',
    LogConfig: { Type: host.LogConfig.Type || 'json-file', Config: host.LogConfig.Config },
    RestartPolicy: { ...host.RestartPolicy, Name: host.RestartPolicy.Name || 'no' },
    MemorySwap: host.Memory > 0 && host.MemorySwap === 0 ? host.Memory * 2 : host.MemorySwap,
    MemorySwappiness: host.MemorySwappiness === -1 ? null : host.MemorySwappiness,
    OomKillDisable: host.OomKillDisable ?? (cgroupVersion === 1 ? false : null),
    PidsLimit: host.PidsLimit !== null && host.PidsLimit <= 0 ? null : host.PidsLimit,
    SecurityOpt: impliedSecurityOptions(host),
    ...paths,
  };
}
