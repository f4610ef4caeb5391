/** `stats`: what containers use, once or again and again. */
import type { ContainerStats, CpuStats } from '../engine/answers.js';
import type { EngineClient } from '../engine/client.js';
import { containerStatsLines, listContainers } from '../engine/containers.js';
import { isStatus } from '../engine/errors.js';
import { chooseContainers } from './containers.js';
import { Interrupts } from './interrupt.js';
import type { Session } from './session.js';

/** The fields of `docker stats --format`. */
export interface StatsRow {
  readonly ID: string;
  readonly Container: string;
  readonly Name: string;
  readonly CPUPerc: string;
  readonly MemUsage: string;
  readonly MemPerc: string;
  readonly NetIO: string;
  readonly BlockIO: string;
  readonly PIDs: string;
}

interface Watched {
  readonly id: string;
  readonly name: string;
}

export interface StatsRequest {
  /** Services of the project, or names of any containers. */
  readonly of: { readonly services: readonly string[] } | { readonly containers: readonly string[] };
  readonly all: boolean;
  readonly stream: boolean;
  readonly truncate: boolean;
}

/** `show` gets all rows, with `first` false when they take the place of the last ones. */
export async function showStats(
  session: Session,
  request: StatsRequest,
  show: (rows: readonly StatsRow[], first: boolean) => Promise<void>,
): Promise<void> {
  const engine = await session.engine();
  const watched = await containersOf(session, engine, request);
  if (!request.stream) return show(await Promise.all(watched.map((one) => sampleOf(engine, one, request))), true);
  const abort = new AbortController();
  const interrupts = new Interrupts(() => abort.abort());
  const rows = new Map<string, StatsRow>(watched.map((one) => [one.id, emptyRow(one, request.truncate)]));
  let first = true;
  try {
    const streams = watched.map((one) => follow(engine, one, request, abort.signal, rows));
    const ended = Promise.all(streams).then(() => true);
    for (let over = false; !over && !abort.signal.aborted; ) {
      over = await Promise.race([ended, pause(1000, abort.signal)]);
      await show([...rows.values()], first);
      first = false;
    }
  } finally {
    abort.abort();
    interrupts.stop();
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<false> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve(false);
    });
  });

async function containersOf(session: Session, engine: EngineClient, { of, all }: StatsRequest): Promise<Watched[]> {
  if ('services' in of) {
    const { containers } = await chooseContainers(session, { services: of.services });
    return containers.filter((one) => all || one.state === 'running' || one.state === 'paused');
  }
  const found = await listContainers(engine, {}, all || of.containers.length > 0);
  const named = found.map(({ Id, Names }) => ({ id: Id, name: (Names[0] ?? '').replace(/^\//, '') }));
  if (of.containers.length === 0) return named;
  return of.containers.map(
    (word) => named.find(({ id, name }) => name === word || id.startsWith(word)) ?? { id: word, name: word },
  );
}

/** The second sample: of the first the engine cannot say what was used since the one before. */
async function sampleOf(engine: EngineClient, one: Watched, { truncate }: StatsRequest): Promise<StatsRow> {
  for await (const stats of containerStatsLines(engine, one.id, false)) return rowOf(one, stats, truncate);
  return emptyRow(one, truncate);
}

async function follow(
  engine: EngineClient,
  one: Watched,
  { truncate }: StatsRequest,
  signal: AbortSignal,
  rows: Map<string, StatsRow>,
): Promise<void> {
  try {
    for await (const stats of containerStatsLines(engine, one.id, true, signal))
      rows.set(one.id, rowOf(one, stats, truncate));
    rows.delete(one.id);
  } catch (error) {
    if (signal.aborted) return;
    if (!isStatus(error, 404)) throw error;
    rows.delete(one.id); // it was removed in the meantime
  }
}

const emptyRow = (one: Watched, truncate: boolean): StatsRow => ({
  ID: truncate ? one.id.slice(0, 12) : one.id,
  Container: one.name,
  Name: one.name,
  CPUPerc: '--',
  MemUsage: '-- / --',
  MemPerc: '--',
  NetIO: '--',
  BlockIO: '--',
  PIDs: '--',
});

function rowOf(one: Watched, stats: ContainerStats, truncate: boolean): StatsRow {
  const memory = stats.memory_stats ?? {};
  const cache = memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0;
  const used = Math.max(0, (memory.usage ?? 0) - (cache < (memory.usage ?? 0) ? cache : 0));
  const networks = Object.values(stats.networks ?? {});
  const blocks = stats.blkio_stats?.io_service_bytes_recursive ?? [];
  const io = (op: string) => sum(blocks.map((entry) => (entry.op.toLowerCase() === op ? entry.value : 0)));
  return {
    ...emptyRow(one, truncate),
    CPUPerc: `${cpuPercent(stats.cpu_stats, stats.precpu_stats).toFixed(2)}%`,
    MemUsage: `${binary(used)} / ${binary(memory.limit ?? 0)}`,
    MemPerc: `${(memory.limit ? (used / memory.limit) * 100 : 0).toFixed(2)}%`,
    NetIO: `${decimal(sum(networks.map((one) => one.rx_bytes)))} / ${decimal(sum(networks.map((one) => one.tx_bytes)))}`,
    BlockIO: `${decimal(io('read'))} / ${decimal(io('write'))}`,
    PIDs: String(stats.pids_stats?.current ?? 0),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** Of one processor, so that four busy ones are 400 (Engine API, ContainerStats). */
function cpuPercent(now: CpuStats, before: CpuStats): number {
  const used = (now.cpu_usage?.total_usage ?? 0) - (before.cpu_usage?.total_usage ?? 0);
  const system = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  return system > 0 && used > 0 ? (used / system) * (now.online_cpus ?? 1) * 100 : 0;
}

const scaled = (bytes: number, step: number, units: readonly string[]): string => {
  let size = bytes;
  let unit = 0;
  for (; size >= step && unit < units.length - 1; unit += 1) size /= step;
  return `${Number(size.toPrecision(4))}${units[unit]}`;
};
const binary = (bytes: number): string => scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
const decimal = (bytes: number): string => scaled(bytes, 1000, ['B', 'kB', 'MB', 'GB', 'TB']);
