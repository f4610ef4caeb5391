/** The `local` volume driver: folders below `$DEVENV_HOME/volumes`, or whatever `type`, `o` and `device` mount there. */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import { checkVolumeName } from './bind-spec.js';
import type { Engine } from './engine.js';
import { now } from './time.js';
import type { VolumeRecord } from './types.js';

export interface VolumeRequest {
  /** Empty or undefined: an anonymous one. */
  readonly name: string | undefined;
  readonly driver: string | undefined;
  readonly options: Readonly<Record<string, string>> | null;
  readonly labels: Readonly<Record<string, string>> | null;
}

/** Label that tells anonymous volumes from others, as Docker's. */
const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

function volumeDirectory(engine: Engine, name: string): string {
  return join(engine.foundations.paths.home, 'volumes', name);
}

/** Where its files are. */
export function volumeData(engine: Engine, name: string): string {
  return join(volumeDirectory(engine, name), '_data');
}

export function listVolumes(engine: Engine): VolumeRecord[] {
  return engine.volumeRecords.all().map(({ value }) => value);
}

/** Throws `not-found`. */
export function getVolume(engine: Engine, name: string): VolumeRecord {
  const volume = engine.volumeRecords.get(name);
  if (volume === undefined) throw new EngineError('not-found', `get ${name}: no such volume`);
  return volume;
}

function checkDriver(name: string, driver: string | undefined): void {
  if (driver === undefined || driver === '' || driver === 'local') return;
  throw new EngineError(
    'not-found',
    `create ${name}: error looking up volume plugin ${driver}: plugin ${JSON.stringify(driver)} not found`,
  );
}

function checkOptions(name: string, options: Readonly<Record<string, string>> | null): void {
  const given = options ?? {};
  for (const key of Object.keys(given))
    if (!['type', 'o', 'device', 'size'].includes(key))
      throw new EngineError('invalid', `create ${name}: invalid option: ${JSON.stringify(key)}`);
  if (given.size !== undefined) refuseSize(name, given.size);
  const said = ['type', 'o', 'device'].filter((key) => given[key]);
  if (said.length === 0) return;
  for (const key of ['device', 'type'])
    if (!given[key])
      throw new EngineError('invalid', `create ${name}: missing required option: ${JSON.stringify(key)}`);
}

/** Docker's local driver limits sizes where the file system has project quotas; a tmpfs has its size in `o`. */
function refuseSize(name: string, size: string): never {
  const isSize = /^\d+(\.\d+)?\s?([kmgtp]?i?b?)$/i.test(size);
  const why = isSize ? 'quota size requested but no quota support' : `invalid size: '${size}'`;
  throw new EngineError('invalid', `create ${name}: ${why}`);
}

/** Makes a volume, or gives back the one that has the name. Throws `invalid`, `not-found` (driver), `conflict`. */
export async function createVolume(engine: Engine, request: VolumeRequest): Promise<VolumeRecord> {
  const isAnonymous = request.name === undefined || request.name === '';
  const name = isAnonymous ? randomBytes(32).toString('hex') : request.name!;
  checkDriver(name, request.driver);
  if (!isAnonymous) checkVolumeName(name);
  return engine.volumeLock.run(async () => {
    const existing = engine.volumeRecords.get(name);
    if (existing !== undefined) return existing;
    checkOptions(name, request.options);
    const volume: VolumeRecord = {
      name,
      driver: 'local',
      created: now(),
      labels: isAnonymous ? { ...request.labels, [ANONYMOUS_LABEL]: '' } : request.labels,
      options: request.options,
      anonymous: isAnonymous,
    };
    const written = engine.volumeRecords.put(name, volume);
    await Promise.all([makeFolder(engine, name), written]);
    engine.events.publish('volume', 'create', name, { driver: 'local' });
    return volume;
  });
}

/** An engine that was killed between a volume's record and its folder leaves the record alone. */
export async function healVolumes(engine: Engine): Promise<void> {
  const make = ({ name }: VolumeRecord) => mkdir(volumeData(engine, name), { recursive: true, mode: 0o755 });
  await Promise.allSettled(listVolumes(engine).map(make));
}

async function makeFolder(engine: Engine, name: string): Promise<void> {
  try {
    await mkdir(volumeData(engine, name), { recursive: true, mode: 0o755 });
  } catch (cause) {
    await engine.volumeRecords.remove(name);
    throw new EngineError('system', `create ${name}: ${(cause as Error).message}`, { cause });
  }
}

/** Ids of the containers that have it among their mounts. */
export function volumeUsers(engine: Engine, name: string): string[] {
  return engine.containers
    .all()
    .filter((container) => container.record.mounts.some((mount) => mount.Type === 'volume' && mount.Name === name))
    .map((container) => container.id);
}

/** Throws `conflict` while a container refers to it, `not-found` unless forced. */
export function removeVolume(engine: Engine, name: string, force: boolean): Promise<void> {
  return engine.volumeLock.run(async () => {
    if (engine.volumeRecords.get(name) === undefined) {
      if (force) return;
      getVolume(engine, name);
    }
    const users = volumeUsers(engine, name);
    if (users.length > 0) throw new EngineError('conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`);
    // Files first: a record without them is put right by the next engine, files without one would be the next volume's.
    await moveToTrash(engine, volumeDirectory(engine, name));
    await engine.volumeRecords.remove(name);
    engine.events.publish('volume', 'destroy', name, { driver: 'local' });
  });
}

/** Gone at once by a rename; its files are deleted in the background. */
async function moveToTrash(engine: Engine, directory: string): Promise<void> {
  const trash = join(engine.foundations.paths.home, 'trash');
  const target = join(trash, `volume-${randomBytes(8).toString('hex')}`);
  await mkdir(trash, { recursive: true });
  try {
    await rename(directory, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new EngineError('system', `unable to remove volume: ${(error as Error).message}`, { cause: error });
  }
  rm(target, { recursive: true, force: true }).catch(() => undefined);
}
