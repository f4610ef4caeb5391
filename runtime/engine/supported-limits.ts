/** Limits that were asked for and this kernel has not: taken out of the wish and said, as Docker's daemon does on create. */
import { access } from 'node:fs/promises';
import { cgroupDirectory, hasController } from '../launch/cgroup.js';
import type { Engine } from './engine.js';
import type { HostConfig } from './host-config.js';

interface Limit {
  readonly asked: (host: HostConfig) => boolean;
  readonly controller: string;
  /** On v1, below the controller's root; undefined: the controller itself must be there. */
  readonly file: string | undefined;
  readonly warning: string;
  readonly without: Partial<HostConfig>;
}

const discarded = (what: string, verb: string) =>
  `Your kernel does not support ${what} or the cgroup is not mounted. ${verb}.`;

const hasSome = (list: readonly unknown[] | null) => list !== null && list.length > 0;

function throttle(key: `BlkioDevice${'Read' | 'Write'}${'Bps' | 'IOps'}`, file: string, words: string): Limit {
  return {
    asked: (host) => hasSome(host[key]),
    controller: 'blkio',
    file: `blkio.throttle.${file}`,
    warning: discarded(words, `Block I/O ${words} discarded`),
    without: { [key]: [] },
  };
}

const limits: readonly Limit[] = [
  {
    asked: (host) => host.Memory > 0,
    controller: 'memory',
    file: undefined,
    warning: discarded('memory limit capabilities', 'Limitation discarded'),
    without: { Memory: 0, MemorySwap: -1 },
  },
  {
    asked: (host) => host.Memory > 0 && host.MemorySwap !== -1,
    controller: 'memory',
    file: 'memory.memsw.limit_in_bytes',
    warning: discarded('swap limit capabilities', 'Memory limited without swap'),
    without: { MemorySwap: -1 },
  },
  {
    asked: (host) => host.MemorySwappiness !== null,
    controller: 'memory',
    file: 'memory.swappiness',
    warning: discarded('memory swappiness capabilities', 'Memory swappiness discarded'),
    without: { MemorySwappiness: null },
  },
  {
    asked: (host) => host.PidsLimit !== null,
    controller: 'pids',
    file: undefined,
    warning: discarded('PIDs limit capabilities', 'PIDs limit discarded'),
    without: { PidsLimit: null },
  },
  {
    asked: (host) => host.CpuQuota > 0 || host.NanoCpus > 0,
    controller: 'cpu',
    file: 'cpu.cfs_quota_us',
    warning: discarded('CPU CFS quota', 'CPU quota discarded'),
    without: { CpuQuota: 0, CpuPeriod: 0, NanoCpus: 0 },
  },
  {
    asked: (host) => host.CpuRealtimePeriod > 0,
    controller: 'cpu',
    file: 'cpu.rt_period_us',
    warning: discarded('CPU realtime period', 'CPU realtime period discarded'),
    without: { CpuRealtimePeriod: 0 },
  },
  {
    asked: (host) => host.CpuRealtimeRuntime > 0,
    controller: 'cpu',
    file: 'cpu.rt_runtime_us',
    warning: discarded('CPU realtime runtime', 'CPU realtime runtime discarded'),
    without: { CpuRealtimeRuntime: 0 },
  },
  {
    asked: (host) => host.CpusetCpus !== '' || host.CpusetMems !== '',
    controller: 'cpuset',
    file: undefined,
    warning: discarded('cpuset', 'Cpuset discarded'),
    without: { CpusetCpus: '', CpusetMems: '' },
  },
  {
    asked: (host) => host.BlkioWeight > 0,
    controller: 'blkio',
    file: 'blkio.weight',
    warning: discarded('Block I/O weight', 'Weight discarded'),
    without: { BlkioWeight: 0 },
  },
  {
    asked: (host) => hasSome(host.BlkioWeightDevice),
    controller: 'blkio',
    file: 'blkio.weight_device',
    warning: discarded('Block I/O weight_device', 'Weight-device discarded'),
    without: { BlkioWeightDevice: [] },
  },
  throttle('BlkioDeviceReadBps', 'read_bps_device', 'BPS Block I/O read limit'),
  throttle('BlkioDeviceWriteBps', 'write_bps_device', 'BPS Block I/O write limit'),
  throttle('BlkioDeviceReadIOps', 'read_iops_device', 'IOPS Block read limit'),
  throttle('BlkioDeviceWriteIOps', 'write_iops_device', 'IOPS Block write limit'),
];

async function isMissing(engine: Engine, limit: Limit): Promise<boolean> {
  const layout = engine.cgroups;
  const directory = cgroupDirectory(layout, '', limit.controller);
  if (directory === undefined || !hasController(layout, limit.controller)) return true;
  if (layout.version === 2 || limit.file === undefined) return false;
  return access(`${directory}/${limit.file}`).then(
    () => false,
    () => true,
  );
}

/** The wish without what the kernel has not, and a sentence for each of those. */
export async function supportedLimits(
  engine: Engine,
  host: HostConfig,
): Promise<{ host: HostConfig; warnings: string[] }> {
  const asked = limits.filter((limit) => limit.asked(host));
  const missing = await Promise.all(asked.map((limit) => isMissing(engine, limit)));
  const gone = asked.filter((_, index) => missing[index]);
  return {
    host: Object.assign({}, host, ...gone.map((limit) => limit.without)),
    warnings: gone.map((limit) => limit.warning),
  };
}
