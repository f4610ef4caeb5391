/** What was asked for and does not mean what it seems to, said in the answer to create as Docker says it. Pure. */
import type { HostConfig } from './host-config.js';

export function createWarnings(host: HostConfig, cgroupVersion: 1 | 2): string[] {
  const warnings: string[] = [];
  if (host.OomKillDisable === true && cgroupVersion === 2)
    warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
  if (host.OomKillDisable === true && host.Memory === 0)
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  if (host.CpuPercent > 0) warnings.push('linux does not support CPU percent. Percent discarded.');
  if (host.NetworkMode === 'host' && Object.keys(host.PortBindings ?? {}).length > 0)
    warnings.push('Published ports are discarded when using host network mode');
  for (const address of host.Dns ?? [])
    if (/^127\./.test(address) && address !== '127.0.0.11')
      warnings.push(`Localhost DNS setting (--dns=${address}) may fail in containers.`);
  if ((host.Mounts ?? []).some((mount) => mount.Type === 'image'))
    warnings.push('Image mount is an experimental feature');
  return warnings;
}
