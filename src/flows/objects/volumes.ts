/** `volume …`. */
import { createNamedVolume, inspectVolume, listVolumes, pruneVolumes, removeVolumeWith } from '../../engine/volumes.js';
import { formatBytes } from '../../model/bytes.js';
import type { Session } from '../session.js';
import { confirmed, forEachName, inspectEach, prunedText } from './each.js';
import { filtersOf, labelsText, pairsOf } from './filters.js';

/** The fields of `docker volume ls --format`. */
export interface EngineVolumeRow {
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly Mountpoint: string;
  readonly Labels: string;
  readonly Links: string;
  readonly Size: string;
  readonly Label: (name: string) => string;
}

export async function listEngineVolumes(
  session: Session,
  filter: readonly string[] | undefined,
): Promise<EngineVolumeRow[]> {
  const volumes = await listVolumes(await session.engine(), filtersOf(filter));
  return volumes
    .map(({ Name, Driver, Scope, Mountpoint, Labels, UsageData }) => ({
      Name,
      Driver,
      Scope: Scope ?? 'local',
      Mountpoint,
      Labels: labelsText(Labels),
      Links: UsageData ? String(UsageData.RefCount) : 'N/A',
      Size: UsageData ? formatBytes(UsageData.Size) : 'N/A',
      Label: (name: string) => Labels?.[name] ?? '',
    }))
    .sort((a, b) => (a.Name < b.Name ? -1 : 1));
}

export async function pruneUnusedVolumes(
  session: Session,
  { force, all, filter }: { force: boolean; all: boolean; filter: readonly string[] | undefined },
): Promise<void> {
  const which = all ? 'all local volumes' : 'anonymous local volumes';
  if (!(await confirmed(session, `This will remove ${which} not used by at least one container.`, force))) return;
  const filters = { ...filtersOf(filter), ...(all ? { all: ['true'] } : {}) };
  const answer = await pruneVolumes(await session.engine(), filters);
  await session.terminal.data(prunedText('Deleted Volumes', answer.VolumesDeleted ?? [], [answer]));
}

export interface VolumeWish {
  readonly name: string | undefined;
  readonly driver: string;
  readonly labels: readonly string[];
  readonly options: readonly string[];
}

export async function makeVolume(session: Session, { name, driver, labels, options }: VolumeWish): Promise<void> {
  const body = {
    ...(name ? { Name: name } : {}),
    Driver: driver,
    Labels: pairsOf(labels),
    DriverOpts: pairsOf(options),
  };
  await session.terminal.data(`${await createNamedVolume(await session.engine(), body)}\n`);
}

export const removeVolumes = (session: Session, names: readonly string[], force: boolean): Promise<number> =>
  forEachName(session, names, (engine, name) => removeVolumeWith(engine, name, force));

export const inspectVolumes = (session: Session, names: readonly string[], format: string | undefined) =>
  inspectEach(session, names, format, inspectVolume);
