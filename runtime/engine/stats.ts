/** What a container uses right now, in the shape of Docker's stats (v1 and v2 of control groups). */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { type CgroupLayout, cgroupDirectories } from '../launch/cgroup.js';
import { cgroupPids, readCgroup } from './cgroup-files.js';
import type { Container } from './container.js';
import { containerPids } from './container-pids.js';
import type { Engine } from './engine.js';
import { figuresOf } from './process-figures.js';
import { now } from './time.js';

export interface CpuStats {
  readonly cpu_usage: {
    /** Nanoseconds. */
    readonly total_usage: number;
    readonly percpu_usage?: readonly number[];
    readonly usage_in_kernelmode: number;
    readonly usage_in_usermode: number;
  };
  /** Nanoseconds of all processors together since the machine started. */
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
  readonly throttling_data: {
    readonly periods: number;
    readonly throttled_periods: number;
    readonly throttled_time: number;
  };
}

type Counters = Readonly<Record<string, number>>;

export interface BlkioEntry {
  readonly major: number;
  readonly minor: number;
  readonly op: string;
  readonly value: number;
}

export interface Sample {
  readonly read: string;
  readonly pids: { readonly current?: number; readonly limit?: number };
  readonly cpu: CpuStats;
  readonly memory: {
    readonly usage?: number;
    readonly max_usage?: number;
    readonly stats?: Counters;
    readonly limit?: number;
  };
  readonly blkio: { readonly bytes: readonly BlkioEntry[]; readonly operations: readonly BlkioEntry[] };
  readonly networks: Readonly<Record<string, Counters>> | undefined;
}

const NO_CPU: CpuStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

export const NO_SAMPLE: Sample = {
  read: '0001-01-01T00:00:00Z',
  pids: {},
  cpu: NO_CPU,
  memory: {},
  blkio: { bytes: [], operations: [] },
  networks: undefined,
};

const USER_HZ = 100;
const NS_PER_TICK = 1e9 / USER_HZ;

/** One reading; of a container that does not run, nothing. */
export async function sampleContainer(engine: Engine, container: Container): Promise<Sample> {
  const { running, state, networks } = container.record;
  if (!container.isRunning || running === undefined) return NO_SAMPLE;
  const layout = engine.cgroups;
  const path = running.cgroupPath;
  if (cgroupDirectories(layout, path).length === 0) return sampleProcesses(engine, container, path);
  const [cpu, memory, blkio, pids, links] = await Promise.all([
    readCpu(layout, path),
    readMemory(layout, path),
    readBlkio(layout, path),
    readPids(layout, path),
    Object.keys(networks).length === 0 ? undefined : readLinks(state.Pid),
  ]);
  return { read: now(), cpu, memory, blkio, pids, networks: links };
}

async function sampleProcesses(engine: Engine, container: Container, path: string): Promise<Sample> {
  const { state, networks } = container.record;
  const [used, limit, system, links] = await Promise.all([
    containerPids(engine, container, path).then(figuresOf),
    memoryLimit(undefined),
    readFile('/proc/stat', 'utf8').then(systemCpuNs),
    Object.keys(networks).length === 0 ? undefined : readLinks(state.Pid),
  ]);
  const [user, kernel] = [used.userTicks * NS_PER_TICK, used.kernelTicks * NS_PER_TICK];
  return {
    ...NO_SAMPLE,
    read: now(),
    pids: { current: used.processes },
    cpu: {
      ...NO_CPU,
      cpu_usage: { total_usage: user + kernel, usage_in_kernelmode: kernel, usage_in_usermode: user },
      system_cpu_usage: system,
      online_cpus: availableParallelism(),
    },
    memory: { usage: used.residentBytes, stats: {}, limit },
    networks: links,
  };
}

/** `key value` lines, as control groups write them. */
function parseCounters(text: string | undefined): Record<string, number> {
  const counters: Record<string, number> = {};
  for (const line of (text ?? '').split('\n')) {
    const [key, value] = line.split(' ');
    if (key !== undefined && key !== '' && value !== undefined) counters[key] = Number(value);
  }
  return counters;
}

/** Nanoseconds of all processors, of the first line of /proc/stat. */
function systemCpuNs(stat: string): number {
  const fields = (stat.split('\n', 1)[0] ?? '').trim().split(/\s+/).slice(1, 9).map(Number);
  return fields.reduce((sum, ticks) => sum + ticks, 0) * NS_PER_TICK;
}

async function readCpu(layout: CgroupLayout, path: string): Promise<CpuStats> {
  const read = (controller: string, file: string) => readCgroup(layout, path, controller, file);
  const system = readFile('/proc/stat', 'utf8').then(systemCpuNs);
  const stat = parseCounters(await read('cpu', 'cpu.stat'));
  const throttling_data = {
    periods: stat.nr_periods ?? 0,
    throttled_periods: stat.nr_throttled ?? 0,
    throttled_time: stat.throttled_time ?? (stat.throttled_usec ?? 0) * 1000,
  };
  const shared = { system_cpu_usage: await system, online_cpus: availableParallelism(), throttling_data };
  if (layout.version === 2)
    return {
      cpu_usage: {
        total_usage: (stat.usage_usec ?? 0) * 1000,
        usage_in_kernelmode: (stat.system_usec ?? 0) * 1000,
        usage_in_usermode: (stat.user_usec ?? 0) * 1000,
      },
      ...shared,
    };
  const [usage, perCpu, split] = await Promise.all([
    read('cpuacct', 'cpuacct.usage'),
    read('cpuacct', 'cpuacct.usage_percpu'),
    read('cpuacct', 'cpuacct.stat'),
  ]);
  const modes = parseCounters(split);
  return {
    cpu_usage: {
      total_usage: Number(usage ?? 0),
      percpu_usage: (perCpu ?? '').trim().split(/\s+/).filter(Boolean).map(Number),
      usage_in_kernelmode: (modes.system ?? 0) * NS_PER_TICK,
      usage_in_usermode: (modes.user ?? 0) * NS_PER_TICK,
    },
    ...shared,
  };
}

/** A limit above the machine's memory is none: then Docker shows the machine's. */
async function memoryLimit(text: string | undefined): Promise<number> {
  const total = Number(/^MemTotal:\s+(\d+)/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1] ?? 0) * 1024;
  const limit = text === undefined || text.trim() === 'max' ? total : Number(text);
  return Math.min(limit, total);
}

async function readMemory(layout: CgroupLayout, path: string): Promise<Sample['memory']> {
  const read = (file: string) => readCgroup(layout, path, 'memory', file);
  const isV2 = layout.version === 2;
  const [usage, peak, stat, limit] = await Promise.all([
    read(isV2 ? 'memory.current' : 'memory.usage_in_bytes'),
    isV2 ? undefined : read('memory.max_usage_in_bytes'),
    read('memory.stat'),
    read(isV2 ? 'memory.max' : 'memory.limit_in_bytes'),
  ]);
  if (usage === undefined) return {};
  return {
    usage: Number(usage),
    ...(peak === undefined ? {} : { max_usage: Number(peak) }),
    stats: parseCounters(stat),
    limit: await memoryLimit(limit),
  };
}

async function readPids(layout: CgroupLayout, path: string): Promise<Sample['pids']> {
  const [current, limit] = await Promise.all([
    readCgroup(layout, path, 'pids', 'pids.current'),
    readCgroup(layout, path, 'pids', 'pids.max'),
  ]);
  if (current === undefined) return { current: (await cgroupPids(layout, path)).length };
  const most = limit?.trim();
  return { current: Number(current), ...(most === undefined || most === 'max' ? {} : { limit: Number(most) }) };
}

async function readBlkio(layout: CgroupLayout, path: string): Promise<Sample['blkio']> {
  if (layout.version === 2) return parseIoStat((await readCgroup(layout, path, 'io', 'io.stat')) ?? '');
  const [bytes, operations] = await Promise.all(
    ['blkio.throttle.io_service_bytes_recursive', 'blkio.throttle.io_serviced_recursive'].map((file) =>
      readCgroup(layout, path, 'blkio', file),
    ),
  );
  return { bytes: parseBlkio(bytes ?? ''), operations: parseBlkio(operations ?? '') };
}

/** v1: `8:0 Read 4096`. */
function parseBlkio(text: string): BlkioEntry[] {
  return [...text.matchAll(/^(\d+):(\d+) (\w+) (\d+)$/gm)].map(([, major, minor, op, value]) => ({
    major: Number(major),
    minor: Number(minor),
    op: op!.toLowerCase(),
    value: Number(value),
  }));
}

/** v2: `8:0 rbytes=4096 wbytes=0 rios=1 …`. */
function parseIoStat(text: string): Sample['blkio'] {
  const bytes: BlkioEntry[] = [];
  const operations: BlkioEntry[] = [];
  for (const [, majorText, minorText, rest = ''] of text.matchAll(/^(\d+):(\d+) (.*)$/gm)) {
    const [major, minor] = [Number(majorText), Number(minorText)];
    const values = Object.fromEntries(rest.split(' ').map((pair) => pair.split('=') as [string, string]));
    bytes.push({ major, minor, op: 'read', value: Number(values.rbytes ?? 0) });
    bytes.push({ major, minor, op: 'write', value: Number(values.wbytes ?? 0) });
    operations.push({ major, minor, op: 'read', value: Number(values.rios ?? 0) });
    operations.push({ major, minor, op: 'write', value: Number(values.wios ?? 0) });
  }
  return { bytes, operations };
}

const COLUMNS = ['bytes', 'packets', 'errors', 'dropped'] as const;

/** Interfaces of a process' network, but loopback, out of /proc/PID/net/dev. */
function parseLinks(text: string): Record<string, Counters> {
  const links: Record<string, Counters> = {};
  for (const [, name, numbers = ''] of text.matchAll(/^\s*([^\s:]+):\s*(.*)$/gm)) {
    if (name === undefined || name === 'lo') continue;
    const values = numbers.trim().split(/\s+/).map(Number);
    const counters = (prefix: string, offset: number) =>
      COLUMNS.map((column, index) => [`${prefix}_${column}`, values[offset + index] ?? 0] as const);
    links[name] = Object.fromEntries([...counters('rx', 0), ...counters('tx', 8)]);
  }
  return links;
}

async function readLinks(pid: number): Promise<Record<string, Counters> | undefined> {
  const text = await readFile(`/proc/${pid}/net/dev`, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : parseLinks(text);
}
