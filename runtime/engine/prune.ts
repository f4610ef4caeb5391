/** Removes what is not used: stopped containers and volumes. */
import { EngineError } from '../errors.js';
import type { Container } from './container.js';
import { diskBytes } from './disk-usage.js';
import type { Engine } from './engine.js';
import type { Filters } from './filters.js';
import { removeContainer } from './remove.js';
import { nowNs, parseTime } from './time.js';
import { parseTimestamp } from './timestamp.js';
import type { VolumeRecord } from './types.js';
import { listVolumes, removeVolume, volumeData, volumeUsers } from './volumes.js';

/** Throws `invalid` for an `until` that is no time. */
export async function pruneContainers(engine: Engine, filters: Filters) {
  const until = untilOf(filters);
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const container of engine.containers.all()) {
    if (!isPrunable(container, filters, until)) continue;
    const bytes = await engine.foundations.snapshots.upperBytes(container.id).catch(() => 0);
    try {
      await removeContainer(engine, container, { force: false, volumes: false });
    } catch (error) {
      if (error instanceof EngineError) continue;
      throw error;
    }
    deleted.push(container.id);
    reclaimed += bytes;
  }
  engine.events.publish('container', 'prune', '', { reclaimed: String(reclaimed) });
  return { deleted, reclaimedBytes: reclaimed };
}

function untilOf(filters: Filters): bigint | undefined {
  const [text = ''] = filters.get('until');
  return parseTimestamp(text, nowNs());
}

function isPrunable(container: Container, filters: Filters, until: bigint | undefined): boolean {
  const { record } = container;
  if (container.isRunning || container.removing) return false;
  if (until !== undefined && parseTime(record.created) > until) return false;
  return filters.matchesLabels('label', record.config.Labels) && filters.lacksLabels('label!', record.config.Labels);
}

/** Anonymous ones, or with the filter `all` named ones too. */
export async function pruneVolumes(engine: Engine, filters: Filters) {
  const all = filters.bool('all', false);
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const volume of listVolumes(engine)) {
    if (!isUnused(engine, volume, filters) || !(all || volume.anonymous)) continue;
    const bytes = await diskBytes(engine, volumeData(engine, volume.name));
    await removeVolume(engine, volume.name, false);
    deleted.push(volume.name);
    reclaimed += bytes;
  }
  engine.events.publish('volume', 'prune', '', { reclaimed: String(reclaimed) });
  return { deleted, reclaimedBytes: reclaimed };
}

function isUnused(engine: Engine, volume: VolumeRecord, filters: Filters): boolean {
  const labels = volume.labels ?? {};
  return (
    volumeUsers(engine, volume.name).length === 0 &&
    filters.matchesLabels('label', labels) &&
    filters.lacksLabels('label!', labels)
  );
}
