/** HostConfig's limits in the kernel's terms. */
import { EngineError } from '../errors.js';
import { allDeviceRules, defaultDeviceRules } from '../launch/defaults.js';
import type { DeviceLimit, DeviceWeight, ResourceSpec } from '../launch/spec.js';
import type { HostConfig } from './host-config.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Docker's: memory and swap default to twice the memory; NanoCpus becomes a quota of a period of 100 ms. */
export function resourcesOf(
  host: HostConfig,
  deviceRules: readonly string[] = [],
  blkioLimits: readonly DeviceLimit[] = [],
  blkioWeights: readonly DeviceWeight[] = [],
): ResourceSpec {
  const r: Partial<Mutable<ResourceSpec>> = {};
  if (host.Memory > 0) r.memoryBytes = host.Memory;
  if (host.Memory > 0 || host.MemorySwap !== 0)
    r.memorySwapBytes = host.MemorySwap === 0 ? host.Memory * 2 : host.MemorySwap;
  if (host.MemoryReservation > 0) r.memoryReservationBytes = host.MemoryReservation;
  if (host.MemorySwappiness !== null && host.MemorySwappiness >= 0) r.memorySwappiness = host.MemorySwappiness;
  if (host.OomKillDisable === true) r.oomKillDisable = true;
  if (host.CpuShares > 0) r.cpuShares = host.CpuShares;
  if (host.NanoCpus > 0) {
    r.cpuPeriodUs = 100_000;
    r.cpuQuotaUs = Math.round((host.NanoCpus * 100_000) / 1e9);
  }
  if (host.CpuPeriod > 0) r.cpuPeriodUs = host.CpuPeriod;
  if (host.CpuQuota !== 0) r.cpuQuotaUs = host.CpuQuota;
  if (host.CpuRealtimePeriod !== 0) r.cpuRealtimePeriodUs = host.CpuRealtimePeriod;
  if (host.CpuRealtimeRuntime !== 0) r.cpuRealtimeRuntimeUs = host.CpuRealtimeRuntime;
  if (host.CpusetCpus !== '') r.cpusetCpus = host.CpusetCpus;
  if (host.CpusetMems !== '') r.cpusetMems = host.CpusetMems;
  if (host.PidsLimit !== null) r.pidsLimit = Math.max(host.PidsLimit, 0);
  if (host.BlkioWeight > 0) r.blkioWeight = host.BlkioWeight;
  if (blkioLimits.length > 0) r.blkioLimits = blkioLimits;
  if (blkioWeights.length > 0) r.blkioWeights = blkioWeights;
  const rules = host.Privileged
    ? allDeviceRules
    : [...defaultDeviceRules, ...deviceRules, ...(host.DeviceCgroupRules ?? [])];
  return { ...r, deviceRules: rules };
}

const MINIMUM_MEMORY = 6 * 1024 * 1024;

/** How many there are to give. */
export interface MachineSize {
  readonly cpus: number;
  /** Of memory (NUMA). */
  readonly nodes: number;
}

/** What is wrong with limits, in the sentences of Docker's daemon. Throws `invalid`. */
export function checkResources(host: HostConfig, machine: MachineSize): void {
  checkMemory(host);
  checkCpu(host, machine);
  if (host.BlkioWeight !== 0 && (host.BlkioWeight < 10 || host.BlkioWeight > 1000))
    wrong(`Range of blkio weight is from 10 to 1000`);
  if (host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000)
    wrong(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  if (host.ShmSize < 0) wrong('SHM size can not be less than 0');
}

function checkMemory(host: HostConfig): void {
  if (host.Memory < 0 || (host.Memory > 0 && host.Memory < MINIMUM_MEMORY))
    wrong('Minimum memory limit allowed is 6MB');
  if (host.Memory > 0 && host.MemorySwap > 0 && host.MemorySwap < host.Memory)
    wrong('Minimum memoryswap limit should be larger than memory limit, see usage');
  if (host.Memory === 0 && host.MemorySwap > 0)
    wrong('You should always set the Memory limit when using Memoryswap limit, see usage');
  if (host.MemorySwappiness !== null && (host.MemorySwappiness < -1 || host.MemorySwappiness > 100))
    wrong(`Invalid value: ${host.MemorySwappiness}, valid memory swappiness range is 0-100`);
  if (host.MemoryReservation > 0 && host.MemoryReservation < MINIMUM_MEMORY)
    wrong('Minimum memory reservation allowed is 6MB');
  if (host.Memory > 0 && host.MemoryReservation > 0 && host.Memory < host.MemoryReservation)
    wrong('Minimum memory limit can not be less than memory reservation limit, see usage');
}

function checkCpu(host: HostConfig, { cpus, nodes }: MachineSize): void {
  if (host.NanoCpus > 0 && host.CpuPeriod > 0)
    wrong('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  if (host.NanoCpus > 0 && host.CpuQuota > 0) wrong('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  if (host.NanoCpus < 0 || host.NanoCpus > cpus * 1e9)
    wrong(`range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  if (host.CpuPeriod !== 0 && (host.CpuPeriod < 1000 || host.CpuPeriod > 1_000_000))
    wrong('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  if (host.CpuQuota > 0 && host.CpuQuota < 1000) wrong('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  if (host.CpuRealtimePeriod !== 0 && host.CpuRealtimeRuntime > host.CpuRealtimePeriod)
    wrong('cpu real-time runtime cannot be higher than cpu real-time period');
  if (host.CpuShares < 0) wrong(`invalid CPU shares (${host.CpuShares}): value must be a positive integer`);
  checkSet(host.CpusetCpus, cpus, 'CPUs', 'cpuset cpus');
  checkSet(host.CpusetMems, nodes, 'memory nodes', 'cpuset mems');
}

function checkSet(text: string, available: number, what: string, key: string): void {
  if (text === '') return;
  if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text)) wrong(`Invalid value ${text} for ${key}: invalid format: ${text}`);
  const highest = Math.max(...text.split(/[,-]/).map(Number));
  if (highest >= available)
    wrong(
      `Requested ${what} are not available - requested ${text}, available: ${available > 1 ? `0-${available - 1}` : '0'}`,
    );
}

function wrong(sentence: string): never {
  throw new EngineError('invalid', sentence);
}
