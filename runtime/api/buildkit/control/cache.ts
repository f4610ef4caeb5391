/** What builds keep: steps that were done, cache mounts, and mirrors of clients' folders. */
import { layerRoots } from '../../../engine/images.js';
import type { PruneRequest, UsageRecord } from '../proto/messages.js';
import type { ControlParts } from './control.js';
import { timestamp } from './time.js';

type CacheParts = Pick<ControlParts, 'engine' | 'folders'>;

/** As long as those of BuildKit. */
const shortId = (id: string) => id.slice(0, 25);

/** Records as `docker buildx du` lists them. Filters are `type==source.local`, `id==…`, several in one with commas. */
export async function diskUsage({ engine, folders }: CacheParts, filters: readonly string[]): Promise<UsageRecord[]> {
  const builder = await engine.foundations.builder();
  const steps = (await builder.entries()).map(
    (step): UsageRecord => ({
      ID: shortId(step.id),
      Mutable: step.type === 'exec.cachemount',
      InUse: step.inUse,
      Size: step.sizeBytes,
      CreatedAt: timestamp(Date.parse(step.created)),
      ...(step.usedMs > 0 ? { LastUsedAt: timestamp(step.usedMs) } : {}),
      UsageCount: 1,
      Description: step.description,
      RecordType: step.type,
      Shared: step.shared,
      Parents: [],
    }),
  );
  const mirrors = (await folders.list()).map(
    (folder): UsageRecord => ({
      ID: folder.id,
      Mutable: true,
      InUse: folder.inUse,
      Size: folder.sizeBytes,
      CreatedAt: timestamp(folder.usedMs),
      LastUsedAt: timestamp(folder.usedMs),
      UsageCount: 1,
      Description: 'local source',
      RecordType: 'source.local',
      Shared: false,
      Parents: [],
    }),
  );
  return [...steps, ...mirrors].filter(
    (record) => filters.length === 0 || filters.some((text) => text === '' || matches(record, text)),
  );
}

const fields: Readonly<Record<string, (record: UsageRecord) => string>> = {
  id: ({ ID }) => ID,
  type: ({ RecordType }) => RecordType,
  description: ({ Description }) => Description,
  inuse: ({ InUse }) => String(InUse),
  mutable: ({ Mutable }) => String(Mutable),
  shared: ({ Shared }) => String(Shared),
};

/** containerd's filters: `field==value`, `!=`, `~=` for a pattern; a field alone asks whether it is set. All of a text must hold. */
function matches(record: UsageRecord, text: string): boolean {
  return text.split(',').every((part) => {
    const found = /^([a-z]+)(?:(==|!=|~=)(.*))?$/.exec(part.trim());
    const field = found?.[1] && fields[found[1]];
    if (!found || !field) return false;
    const value = field(record);
    const [, , operator, given = ''] = found;
    const wanted = given.replace(/^"(.*)"$/, '$1');
    if (operator === undefined) return value !== '' && value !== 'false';
    if (operator === '~=') return new RegExp(wanted).test(value);
    return (value === wanted) === (operator === '==');
  });
}

/** Resolves with what went. Without `all`, cached steps whose layers an image holds stay: they cost nothing. */
export async function pruneCache(parts: CacheParts, request: PruneRequest): Promise<UsageRecord[]> {
  const { engine, folders } = parts;
  const records = await diskUsage(parts, request.filter);
  const builder = await engine.foundations.builder();
  const oldest = request.keepDuration > 0 ? Date.now() - request.keepDuration / 1e6 : Number.POSITIVE_INFINITY;
  const used = ({ LastUsedAt, CreatedAt }: UsageRecord) => ((LastUsedAt ?? CreatedAt)?.seconds ?? 0) * 1000;
  const idle = records.filter((record) => !record.InUse && used(record) < oldest && (request.all || !record.Shared));
  const keepBytes = Math.max(request.reservedSpace, request.maxUsedSpace);
  const gone = overLimit(
    idle.sort((a, b) => used(b) - used(a)),
    keepBytes,
  );
  const ids = new Set(gone.map(({ ID }) => ID));
  const isAll = request.all && request.filter.length === 0 && keepBytes === 0 && request.keepDuration === 0;
  await builder.prune(isAll ? {} : { where: ({ id }) => ids.has(shortId(id)) });
  await folders.prune((id) => ids.has(id));
  await engine.foundations.images.collect(await layerRoots(engine));
  const reclaimed = gone.reduce((sum, { Size, Shared }) => sum + (Shared ? 0 : Size), 0);
  engine.events.publish('builder', 'prune', '', { reclaimed: String(reclaimed) });
  return gone;
}

/** Most lately used first; keeps those that fit. */
function overLimit(records: readonly UsageRecord[], keepBytes: number): UsageRecord[] {
  let bytes = 0;
  return records.filter(({ Size }) => {
    bytes += Size;
    return bytes > keepBytes || keepBytes === 0;
  });
}
