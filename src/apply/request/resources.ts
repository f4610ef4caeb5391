import { parseBytes } from '../../model/bytes.js';
import type { Service } from '../../model/project.js';

type Values = Readonly<Record<string, unknown>>;
interface Limits {
  readonly cpus?: string | number;
  readonly memory?: string | number;
  readonly pids?: number;
}

const bytes = (value: unknown) => parseBytes(value as string | number | undefined);
const number = (value: unknown) => (value === undefined ? undefined : Number(value));

/** Limits of the service; `deploy.resources` beats the older keys (Compose Specification, "deploy.resources"). */
export function resources(service: Service): Record<string, unknown> {
  const deployed = (service.deploy as { resources?: { limits?: Limits; reservations?: Limits & Values } } | undefined)
    ?.resources;
  const cpus = number(deployed?.limits?.cpus ?? service.cpus);
  return {
    Memory: bytes(deployed?.limits?.memory ?? service.mem_limit),
    MemoryReservation: bytes(deployed?.reservations?.memory ?? service.mem_reservation),
    MemorySwap: bytes(service.memswap_limit),
    MemorySwappiness: number(service.mem_swappiness),
    NanoCpus: cpus === undefined ? undefined : Math.round(cpus * 1e9),
    CpuShares: number(service.cpu_shares),
    CpuQuota: number(service.cpu_quota),
    CpuPeriod: number(service.cpu_period),
    CpuRealtimePeriod: number(service.cpu_rt_period),
    CpuRealtimeRuntime: number(service.cpu_rt_runtime),
    CpusetCpus: service.cpuset,
    CgroupParent: service.cgroup_parent,
    PidsLimit: number(deployed?.limits?.pids ?? service.pids_limit),
    OomKillDisable: service.oom_kill_disable,
    OomScoreAdj: number(service.oom_score_adj),
    Ulimits: ulimits(service.ulimits as Values | undefined),
    Devices: devices(service.devices as readonly (string | Values)[] | undefined),
    DeviceCgroupRules: service.device_cgroup_rules,
    DeviceRequests: deviceRequests(service, deployed?.reservations),
    ...blockIo(service.blkio_config as Values | undefined),
  };
}

function ulimits(limits: Values | undefined): unknown[] | undefined {
  return (
    limits &&
    Object.entries(limits).map(([Name, limit]) => {
      if (limit === null || typeof limit !== 'object') return { Name, Soft: Number(limit), Hard: Number(limit) };
      const { soft, hard } = limit as { soft?: number; hard?: number };
      return { Name, Soft: Number(soft ?? hard), Hard: Number(hard ?? soft) };
    })
  );
}

function devices(entries: readonly (string | Values)[] | undefined): unknown[] | undefined {
  return entries?.map((entry) => {
    if (typeof entry !== 'string') {
      return {
        PathOnHost: entry.source,
        PathInContainer: entry.target ?? entry.source,
        CgroupPermissions: entry.permissions ?? 'rwm',
      };
    }
    const [source, target, permissions] = entry.split(':');
    return { PathOnHost: source, PathInContainer: target ?? source, CgroupPermissions: permissions ?? 'rwm' };
  });
}

/** `gpus` and `deploy.resources.reservations.devices`. */
function deviceRequests(service: Service, reservations: Values | undefined): unknown[] | undefined {
  const gpus = service.gpus;
  const asked = [
    ...(Array.isArray(gpus) ? gpus.map((gpu: Values) => ({ capabilities: ['gpu'], ...gpu })) : []),
    ...((reservations?.devices as readonly Values[] | undefined) ?? []),
  ];
  if (asked.length === 0) return undefined;
  return asked.map((device: Values) => ({
    Driver: device.driver ?? '',
    Count: device.count === 'all' ? -1 : Number(device.count ?? (device.device_ids ? 0 : -1)),
    DeviceIDs: device.device_ids,
    Capabilities: [device.capabilities],
    Options: device.options,
  }));
}

function blockIo(config: Values | undefined): Record<string, unknown> {
  if (!config) return {};
  const rates = (key: string) =>
    (config[key] as readonly { path: string; rate: string | number }[] | undefined)?.map((one) => ({
      Path: one.path,
      Rate: bytes(one.rate),
    }));
  return {
    BlkioWeight: number(config.weight),
    BlkioWeightDevice: (config.weight_device as readonly { path: string; weight: number }[] | undefined)?.map(
      (one) => ({
        Path: one.path,
        Weight: Number(one.weight),
      }),
    ),
    BlkioDeviceReadBps: rates('device_read_bps'),
    BlkioDeviceWriteBps: rates('device_write_bps'),
    BlkioDeviceReadIOps: rates('device_read_iops'),
    BlkioDeviceWriteIOps: rates('device_write_iops'),
  };
}
