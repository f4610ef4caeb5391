/** What was asked for and this kernel or this mode cannot do, said in the answer to create as Docker says it. */
import { access } from 'node:fs/promises';
import { cgroupDirectory } from '../launch/cgroup.js';
import type { Engine } from './engine.js';
import type { HostConfig } from './host-config.js';

interface Limit {
  readonly asked: (host: HostConfig) => boolean;
  readonly controller: string;
  /** On v1, below the controller's root; undefined: the controller itself must be there. */
  readonly file: string | undefined;
  readonly warning: string;
}

const limits: readonly Limit[] = [
  {
    asked: (host) => host.Memory > 0,
    controller: 'memory',
    file: undefined,
    warning:
      'Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.',
  },
  {
    asked: (host) => host.Memory > 0 && host.MemorySwap !== -1,
    controller: 'memory',
    file: 'memory.memsw.limit_in_bytes',
    warning:
      'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
  },
  {
    asked: (host) => host.PidsLimit !== null,
    controller: 'pids',
    file: undefined,
    warning: 'Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.',
  },
  {
    asked: (host) => host.CpuQuota > 0 || host.NanoCpus > 0,
    controller: 'cpu',
    file: 'cpu.cfs_quota_us',
    warning: 'Your kernel does not support CPU CFS quota or the cgroup is not mounted. CPU quota discarded.',
  },
  {
    asked: (host) => host.CpusetCpus !== '' || host.CpusetMems !== '',
    controller: 'cpuset',
    file: undefined,
    warning: 'Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded.',
  },
  {
    asked: (host) => host.BlkioWeight > 0,
    controller: 'blkio',
    file: 'blkio.weight',
    warning: 'Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.',
  },
];

async function isMissing(engine: Engine, limit: Limit): Promise<boolean> {
  const layout = engine.cgroups;
  const directory = cgroupDirectory(layout, '', limit.controller);
  if (directory === undefined) return true;
  if (layout.version === 2 || limit.file === undefined) return false;
  return access(`${directory}/${limit.file}`).then(
    () => false,
    () => true,
  );
}

export async function createWarnings(engine: Engine, host: HostConfig): Promise<string[]> {
  const asked = limits.filter((limit) => limit.asked(host));
  const missing = await Promise.all(asked.map((limit) => isMissing(engine, limit)));
  const warnings = asked.filter((_, index) => missing[index]).map((limit) => limit.warning);
  if (host.OomKillDisable === true && engine.cgroups.version === 2)
    warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
  if (host.OomKillDisable === true && host.Memory === 0)
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  if (host.NetworkMode === 'host' && Object.keys(host.PortBindings ?? {}).length > 0)
    warnings.push('Published ports are discarded when using host network mode');
  for (const address of host.Dns ?? [])
    if (/^127\./.test(address) && address !== '127.0.0.11')
      warnings.push(`Localhost DNS setting (--dns=${address}) may fail in containers.`);
  return warnings;
}
