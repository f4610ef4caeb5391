/** `system df|prune|info|events`. */
import type { DiskUsage } from '../../engine/answers.js';
import { pruneContainers } from '../../engine/containers.js';
import { pruneImages } from '../../engine/images.js';
import { pruneNetworks } from '../../engine/networks.js';
import { diskUsage, engineInfo, pruneBuildCache, subscribeEvents } from '../../engine/system.js';
import { pruneVolumes } from '../../engine/volumes.js';
import { formatBytes } from '../../model/bytes.js';
import { renderTable } from '../../output/table.js';
import { compileTemplate } from '../../output/template/evaluate.js';
import { Interrupts } from '../interrupt.js';
import { toUnixTime } from '../logs.js';
import type { Session } from '../session.js';
import { confirmed, prunedText } from './each.js';
import { filtersOf } from './filters.js';

/** The fields of `docker system df --format`. */
export interface UsageRow {
  readonly Type: string;
  readonly TotalCount: string;
  readonly Active: string;
  readonly Size: string;
  readonly Reclaimable: string;
}

export async function listDiskUsage(session: Session): Promise<{ rows: UsageRow[]; details: () => string }> {
  const usage = await diskUsage(await session.engine());
  const images = usage.Images ?? [];
  const containers = usage.Containers ?? [];
  const volumes = usage.Volumes ?? [];
  const caches = usage.BuildCache ?? [];
  const used = (one: { UsageData?: { RefCount: number } | null }) => (one.UsageData?.RefCount ?? 0) > 0;
  const sum = <T>(list: readonly T[], size: (one: T) => number | undefined) =>
    list.reduce((total, one) => total + Math.max(0, size(one) ?? 0), 0);
  const running = containers.filter(({ State }) => State !== 'exited' && State !== 'created' && State !== 'dead');
  const activeImages = images.filter((one) => one.Containers > 0);
  const imagesInUse = sum(activeImages, (one) => one.Size - Math.max(0, one.SharedSize));
  const rows = [
    row('Images', images.length, activeImages.length, usage.LayersSize, Math.max(0, usage.LayersSize - imagesInUse)),
    row(
      'Containers',
      containers.length,
      running.length,
      sum(containers, (one) => one.SizeRw),
      sum(containers, (one) => (running.includes(one) ? 0 : one.SizeRw)),
    ),
    row(
      'Local Volumes',
      volumes.length,
      volumes.filter(used).length,
      sum(volumes, (one) => one.UsageData?.Size),
      sum(volumes, (one) => (used(one) ? 0 : one.UsageData?.Size)),
    ),
    row(
      'Build Cache',
      caches.length,
      caches.filter(({ InUse }) => InUse).length,
      sum(caches, ({ Size }) => Size),
      sum(caches, ({ Size, InUse, Shared }) => (InUse || Shared ? 0 : Size)),
    ),
  ];
  return { rows, details: () => detailsOf(usage) };
}

/** Each object with its size, as `docker system df -v`. */
function detailsOf({ Images, Containers, Volumes, BuildCache }: DiskUsage): string {
  const short = (id: string) => id.replace(/^sha256:/, '').slice(0, 12);
  const bytes = (size: number | undefined) => formatBytes(Math.max(0, size ?? 0));
  const images = (Images ?? []).map((one) => [
    one.RepoTags?.[0] ?? '<none>',
    short(one.Id),
    bytes(one.Size),
    bytes(one.SharedSize),
    bytes(one.Size - Math.max(0, one.SharedSize)),
    String(Math.max(0, one.Containers)),
  ]);
  const containers = (Containers ?? []).map((one) => [
    short(one.Id),
    one.Image,
    bytes(one.SizeRw),
    one.Status,
    one.Names.map((name) => name.replace(/^\//, '')).join(','),
  ]);
  const volumes = (Volumes ?? []).map((one) => [
    one.Name,
    String(one.UsageData?.RefCount ?? 0),
    bytes(one.UsageData?.Size),
  ]);
  const caches = (BuildCache ?? []).map((one) => [short(one.ID), one.Type, bytes(one.Size), String(one.InUse)]);
  return [
    `Images space usage:\n\n${renderTable(['IMAGE', 'IMAGE ID', 'SIZE', 'SHARED SIZE', 'UNIQUE SIZE', 'CONTAINERS'], images)}`,
    `Containers space usage:\n\n${renderTable(['CONTAINER ID', 'IMAGE', 'SIZE', 'STATUS', 'NAMES'], containers)}`,
    `Local Volumes space usage:\n\n${renderTable(['VOLUME NAME', 'LINKS', 'SIZE'], volumes)}`,
    `Build cache usage:\n\n${renderTable(['CACHE ID', 'CACHE TYPE', 'SIZE', 'IN USE'], caches)}`,
  ].join('\n');
}

function row(Type: string, total: number, active: number, size: number, free: number): UsageRow {
  const share = size > 0 && Type !== 'Build Cache' ? ` (${Math.floor((free / size) * 100)}%)` : '';
  return {
    Type,
    TotalCount: String(total),
    Active: String(active),
    Size: formatBytes(size),
    Reclaimable: `${formatBytes(free)}${share}`,
  };
}

export interface PruneRequest {
  readonly all: boolean;
  readonly volumes: boolean;
  readonly force: boolean;
  readonly filter: readonly string[] | undefined;
}

/** Stopped containers, unused networks, images and build cache; volumes when asked to. */
export async function pruneSystem(session: Session, request: PruneRequest): Promise<void> {
  const { all, volumes, force } = request;
  const parts = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
    all ? 'all build cache' : 'unused build cache',
  ];
  if (!(await confirmed(session, `This will remove:\n${parts.map((part) => `  - ${part}\n`).join('')}`, force))) return;
  const engine = await session.engine();
  const filters = filtersOf(request.filter);
  const containers = await pruneContainers(engine, filters);
  const networks = await pruneNetworks(engine, filters);
  const gone = volumes ? await pruneVolumes(engine, filters) : {};
  const images = await pruneImages(engine, { ...filters, dangling: [all ? 'false' : 'true'] });
  const cache = await pruneBuildCache(engine, all);
  const lists: [string, readonly string[]][] = [
    ['Deleted Containers', containers.ContainersDeleted ?? []],
    ['Deleted Networks', networks.NetworksDeleted ?? []],
    ['Deleted Volumes', gone.VolumesDeleted ?? []],
    [
      'Deleted Images',
      (images.ImagesDeleted ?? []).map((one) =>
        one.Untagged ? `untagged: ${one.Untagged}` : `deleted: ${one.Deleted}`,
      ),
    ],
    ['Deleted build cache objects', cache.CachesDeleted ?? []],
  ];
  for (const [title, list] of lists) if (list.length) await session.terminal.data(`${title}:\n${list.join('\n')}\n\n`);
  await session.terminal.data(prunedText('', [], [containers, gone, images, cache]));
}

/** Everything that the engine says of itself, a line each, or through a template. */
export async function showInfo(session: Session, format: string | undefined): Promise<void> {
  const info = await engineInfo(await session.engine());
  if (format === 'json') return session.terminal.data(`${JSON.stringify(info)}\n`);
  if (format) return session.terminal.data(`${compileTemplate(format)(info)}\n`);
  await session.terminal.data(infoLines(info, ''));
}

function infoLines(info: Readonly<Record<string, unknown>>, indent: string): string {
  return Object.entries(info)
    .map(([key, value]) => {
      if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) return '';
      if (Array.isArray(value)) {
        const plain = value.map((item) =>
          Array.isArray(item) ? item.join(': ') : typeof item === 'object' ? JSON.stringify(item) : String(item),
        );
        return plain.join(' ').length < 80
          ? `${indent}${key}: ${plain.join(' ')}\n`
          : `${indent}${key}:\n${plain.map((item) => `${indent} ${item}\n`).join('')}`;
      }
      if (typeof value !== 'object') return `${indent}${key}: ${value}\n`;
      const below = infoLines(value as Readonly<Record<string, unknown>>, `${indent} `);
      return below ? `${indent}${key}:\n${below}` : '';
    })
    .join('');
}

export interface SystemEventsRequest {
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly filter: readonly string[] | undefined;
  readonly format: string | undefined;
}

/** What happens in the engine, a line each, until Ctrl-C or `until`. */
export async function showEngineEvents(session: Session, request: SystemEventsRequest): Promise<void> {
  const engine = await session.engine();
  const abort = new AbortController();
  const interrupts = new Interrupts(() => abort.abort());
  const now = Date.now();
  const fill = request.format && request.format !== 'json' ? compileTemplate(request.format) : undefined;
  try {
    const events = await subscribeEvents(engine, filtersOf(request.filter), {
      signal: abort.signal,
      ...(request.since ? { since: toUnixTime(request.since, now) } : {}),
      ...(request.until ? { until: toUnixTime(request.until, now) } : {}),
    });
    for await (const event of events) {
      const { Type, Action, Actor, timeNano } = event;
      const words = Object.entries(Actor.Attributes)
        .sort()
        .map(([key, value]) => `${key}=${value}`)
        .join(', ');
      const line = `${new Date(timeNano / 1e6).toISOString()} ${Type} ${Action} ${Actor.ID} (${words})`;
      const text = fill ? fill(event) : request.format === 'json' ? JSON.stringify(event) : line;
      await session.terminal.data(`${text}\n`);
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    interrupts.stop();
  }
}
