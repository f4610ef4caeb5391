import { readFile } from 'node:fs/promises';
import type { Op } from './program.js';
import type { ResourceSpec } from './spec.js';

/** One v1 hierarchy; a named one (`systemd`) has no controllers. */
export interface Hierarchy {
  /** Options it is mounted with: `cpu`, `cpuacct` or `name=systemd`. */
  readonly controllers: readonly string[];
  readonly mountpoint: string;
}

/** How this machine's control groups are laid out. On a hybrid one (v1 controllers beside an empty v2) it is v1. */
export type CgroupLayout =
  | { readonly version: 1; readonly hierarchies: readonly Hierarchy[] }
  | { readonly version: 2; readonly mountpoint: string; readonly controllers: readonly string[] };

/** Reads where control groups are mounted. */
export async function detectCgroups(): Promise<CgroupLayout> {
  const layout = parseCgroups(await readFile('/proc/self/mountinfo', 'utf8'));
  if (layout.version === 1) return layout;
  return { ...layout, controllers: await controllersIn(layout.mountpoint) };
}

/** What a v2 group can hand down. */
export async function controllersIn(group: string): Promise<string[]> {
  const available = await readFile(`${group}/cgroup.controllers`, 'utf8').catch(() => '');
  return available.trim().split(' ').filter(Boolean);
}

/** From the text of mountinfo (proc_pid_mountinfo(5)); controllers of v2 are not in there. */
export function parseCgroups(mountinfo: string): CgroupLayout {
  const hierarchies: Hierarchy[] = [];
  let unified: string | undefined;
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ');
    const mountpoint = before?.split(' ')[4];
    const [type, , options] = after?.split(' ') ?? [];
    if (mountpoint === undefined) continue;
    if (type === 'cgroup2') unified ??= mountpoint;
    if (type === 'cgroup' && !hierarchies.some((known) => known.mountpoint === mountpoint))
      hierarchies.push({ controllers: controllersOf(options ?? ''), mountpoint });
  }
  if (
    hierarchies.some((hierarchy) => hierarchy.controllers.includes('memory') || hierarchy.controllers.includes('pids'))
  )
    return { version: 1, hierarchies };
  return { version: 2, mountpoint: unified ?? '/sys/fs/cgroup', controllers: [] };
}

const CONTROLLERS = new Set([
  ...['cpu', 'cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'blkio', 'pids'],
  ...['net_cls', 'net_prio', 'perf_event', 'hugetlb', 'rdma', 'misc'],
]);

function controllersOf(options: string): string[] {
  return options.split(',').filter((option) => CONTROLLERS.has(option) || option.startsWith('name='));
}

/** The folder of a group in the hierarchy of a controller; undefined when this machine has none. `path` as LaunchSpec.cgroupPath. */
export function cgroupDirectory(layout: CgroupLayout, path: string, controller: string): string | undefined {
  if (layout.version === 2) return `${layout.mountpoint}/${path}`;
  const hierarchy = layout.hierarchies.find((candidate) => candidate.controllers.includes(controller));
  return hierarchy && `${hierarchy.mountpoint}/${path}`;
}

/** By the name that v1 has for it. */
export function hasController(layout: CgroupLayout, controller: string): boolean {
  if (layout.version === 1) return layout.hierarchies.some(({ controllers }) => controllers.includes(controller));
  return layout.controllers.includes(controller === 'blkio' ? 'io' : controller);
}

/** All folders of a group. */
export function cgroupDirectories(layout: CgroupLayout, path: string): string[] {
  if (layout.version === 2) return [`${layout.mountpoint}/${path}`];
  return layout.hierarchies.map((hierarchy) => `${hierarchy.mountpoint}/${path}`);
}

/** Files that a process writes 0 to for joining a v1 group; none on v2, where processes are born in it. */
export function cgroupJoinFiles(layout: CgroupLayout, path: string): string[] {
  return layout.version === 2 ? [] : cgroupDirectories(layout, path).map((directory) => `${directory}/tasks`);
}

/** Makes a group in every hierarchy. On v2 the controllers are handed down level by level; one that cannot be is passed over. */
export function makeCgroupOps(layout: CgroupLayout, path: string): Op[] {
  if (layout.version === 1)
    return layout.hierarchies.map((hierarchy) => ({
      op: 'cgroup.make',
      base: hierarchy.mountpoint,
      path,
      inherited: hierarchy.controllers.includes('cpuset') ? ['cpuset.cpus', 'cpuset.mems'] : [],
    }));
  const parent = path.split('/').slice(0, -1).join('/');
  const ops: Op[] = parent === '' ? [] : [makeV2(layout.mountpoint, parent)];
  for (const level of parent === '' ? [layout.mountpoint] : [layout.mountpoint, `${layout.mountpoint}/${parent}`])
    for (const controller of HANDED_DOWN.filter((name) => layout.controllers.includes(name)))
      ops.push({ ...writeOp({ file: `${level}/cgroup.subtree_control`, value: `+${controller}` }), optional: true });
  return [...ops, makeV2(layout.mountpoint, path)];
}

const HANDED_DOWN = ['cpu', 'cpuset', 'memory', 'io', 'pids'];

const makeV2 = (base: string, path: string): Op => ({ op: 'cgroup.make', base, path, inherited: [] });

/** One value for one file of a group. `optional`: a kernel without it is passed over. */
export interface CgroupWrite {
  readonly file: string;
  readonly value: string;
  readonly optional?: boolean;
}

export function writeOp(write: CgroupWrite): Op {
  const op = { op: 'file.write', path: write.file, bytes: Buffer.from(write.value), create: false } as const;
  return write.optional === true ? { ...op, optional: true } : op;
}

/** Limits as writes in order, for a start as for an update of a running container; device rules are `deviceWrites`. */
export function resourceWrites(layout: CgroupLayout, path: string, resources: ResourceSpec): CgroupWrite[] {
  const values = layout.version === 1 ? valuesV1(resources) : valuesV2(resources);
  return values.flatMap(([controller, name, value, optional]) => {
    const directory = hasController(layout, controller) ? cgroupDirectory(layout, path, controller) : undefined;
    if (directory === undefined) return [];
    return [{ file: `${directory}/${name}`, value, ...(optional === true && { optional }) }];
  });
}

/** Device rules on v1, where a group starts with its parent's: nothing first, then line by line. */
export function deviceWrites(layout: CgroupLayout, path: string, rules: readonly string[]): CgroupWrite[] {
  const directory = layout.version === 1 ? cgroupDirectory(layout, path, 'devices') : undefined;
  if (directory === undefined || rules.some((rule) => rule.startsWith('a '))) return [];
  return [
    { file: `${directory}/devices.deny`, value: 'a' },
    ...rules.map((value) => ({ file: `${directory}/devices.allow`, value })),
  ];
}

type Value = readonly [controller: string, name: string, value: string, optional?: boolean];

function valuesV1(r: ResourceSpec): Value[] {
  const values: Value[] = [];
  const set = (controller: string, name: string, value: number | string | undefined, optional = false) => {
    if (value !== undefined) values.push([controller, name, String(value), optional]);
  };
  set('memory', 'memory.limit_in_bytes', r.memoryBytes);
  set('memory', 'memory.memsw.limit_in_bytes', r.memorySwapBytes, true);
  set('memory', 'memory.soft_limit_in_bytes', r.memoryReservationBytes);
  set('memory', 'memory.swappiness', r.memorySwappiness, true);
  if (r.oomKillDisable === true) set('memory', 'memory.oom_control', 1);
  set('cpu', 'cpu.shares', r.cpuShares);
  set('cpu', 'cpu.cfs_period_us', r.cpuPeriodUs);
  set('cpu', 'cpu.cfs_quota_us', r.cpuQuotaUs);
  set('cpu', 'cpu.rt_period_us', r.cpuRealtimePeriodUs);
  set('cpu', 'cpu.rt_runtime_us', r.cpuRealtimeRuntimeUs);
  set('cpuset', 'cpuset.cpus', r.cpusetCpus);
  set('cpuset', 'cpuset.mems', r.cpusetMems);
  set('pids', 'pids.max', r.pidsLimit === undefined || r.pidsLimit > 0 ? r.pidsLimit : 'max');
  set('blkio', 'blkio.bfq.weight', r.blkioWeight, true);
  set('blkio', 'blkio.weight', r.blkioWeight, true);
  for (const { device, weight } of r.blkioWeights ?? [])
    for (const file of ['blkio.bfq.weight_device', 'blkio.weight_device'])
      set('blkio', file, `${device} ${weight}`, true);
  for (const limit of r.blkioLimits ?? [])
    set('blkio', `blkio.throttle.${limit.kind}_device`, `${limit.device} ${limit.rate}`);
  return values;
}

const V2_LIMITS = { read_bps: 'rbps', write_bps: 'wbps', read_iops: 'riops', write_iops: 'wiops' } as const;

/** Converted as the OCI runtimes do (runc, "cgroup v2": shares 2..262144 → weight 1..10000). */
function valuesV2(r: ResourceSpec): Value[] {
  const values: Value[] = [];
  const set = (controller: string, name: string, value: number | string | undefined, optional = false) => {
    if (value !== undefined) values.push([controller, name, String(value), optional]);
  };
  const limit = (bytes: number) => (bytes < 0 ? 'max' : bytes);
  if (r.memorySwapBytes !== undefined)
    set(
      'memory',
      'memory.swap.max',
      r.memorySwapBytes < 0 ? 'max' : Math.max(0, r.memorySwapBytes - (r.memoryBytes ?? 0)),
      true,
    );
  if (r.memoryBytes !== undefined) set('memory', 'memory.max', limit(r.memoryBytes));
  if (r.memoryReservationBytes !== undefined) set('memory', 'memory.low', limit(r.memoryReservationBytes));
  if (r.cpuShares !== undefined && r.cpuShares > 0)
    set('cpu', 'cpu.weight', 1 + Math.floor(((Math.max(2, r.cpuShares) - 2) * 9999) / 262142));
  if (r.cpuQuotaUs !== undefined || r.cpuPeriodUs !== undefined)
    set(
      'cpu',
      'cpu.max',
      `${r.cpuQuotaUs !== undefined && r.cpuQuotaUs > 0 ? r.cpuQuotaUs : 'max'} ${r.cpuPeriodUs ?? 100_000}`,
    );
  set('cpuset', 'cpuset.cpus', r.cpusetCpus);
  set('cpuset', 'cpuset.mems', r.cpusetMems);
  set('pids', 'pids.max', r.pidsLimit === undefined || r.pidsLimit > 0 ? r.pidsLimit : 'max');
  if (r.blkioWeight !== undefined) {
    set('io', 'io.bfq.weight', r.blkioWeight, true);
    set('io', 'io.weight', 1 + Math.floor(((r.blkioWeight - 10) * 9999) / 990), true);
  }
  for (const { device, weight } of r.blkioWeights ?? []) set('io', 'io.bfq.weight', `${device} ${weight}`);
  for (const limit of r.blkioLimits ?? [])
    set('io', 'io.max', `${limit.device} ${V2_LIMITS[limit.kind]}=${limit.rate}`);
  return values;
}
