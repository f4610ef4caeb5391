/** Which volumes a list or a prune means. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from './engine.js';
import type { Filters } from './filters.js';
import type { VolumeRecord } from './types.js';
import { listVolumes, removeVolume, volumeData, volumeUsers } from './volumes.js';

export const volumeListFilters = ['dangling', 'driver', 'label', 'name'] as const;
export const volumePruneFilters = ['all', 'label', 'label!'] as const;

/** By name. `name` matches any part of it, as Docker's. */
export function filterVolumes(engine: Engine, filters: Filters): VolumeRecord[] {
  const drivers = filters.get('driver');
  const dangling = filters.get('dangling').length > 0 ? filters.bool('dangling', true) : undefined;
  return listVolumes(engine)
    .filter(({ name }) => filters.matchesPart('name', name))
    .filter(({ driver }) => drivers.length === 0 || drivers.includes(driver))
    .filter(({ labels }) => filters.matchesLabels('label', labels ?? {}))
    .filter(({ name }) => dangling === undefined || (volumeUsers(engine, name).length === 0) === dangling)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Bytes of the files of a folder, each file once whatever links it has; as Docker counts, not as the disk does. */
async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const found = await Promise.all(names.map((name) => lstat(join(folder, name)).catch(() => undefined)));
  const files = found.filter((one) => one !== undefined && !one.isDirectory());
  const bytes = new Map(files.map((one) => [`${one!.dev}:${one!.ino}`, one!.size]));
  return [...bytes.values()].reduce((sum, size) => sum + size, 0);
}

export function volumeBytes(engine: Engine, name: string): Promise<number> {
  return sizeOf(volumeData(engine, name));
}

/** Removes volumes that no container refers to: anonymous ones, or all of them when `anonymousOnly` is false. */
export async function pruneVolumes(
  engine: Engine,
  filters: Filters,
  anonymousOnly: boolean,
): Promise<{ readonly names: string[]; readonly reclaimedBytes: number }> {
  const unused = listVolumes(engine)
    .filter(({ anonymous }) => anonymous || !anonymousOnly)
    .filter(({ name }) => volumeUsers(engine, name).length === 0)
    .filter(
      ({ labels }) => filters.matchesLabels('label', labels ?? {}) && filters.lacksLabels('label!', labels ?? {}),
    );
  let reclaimedBytes = 0;
  for (const { name } of unused) {
    reclaimedBytes += await volumeBytes(engine, name);
    await removeVolume(engine, name, false);
  }
  engine.events.publish('volume', 'prune', '', { reclaimed: String(reclaimedBytes) });
  return { names: unused.map(({ name }) => name), reclaimedBytes };
}
