/** Volumes: create, list, inspect, remove, prune. */
import type { Engine } from '../../engine/engine.js';
import { type Filters, parseGoBool } from '../../engine/filters.js';
import type { VolumeRecord } from '../../engine/types.js';
import { filterVolumes, pruneVolumes, volumeListFilters, volumePruneFilters } from '../../engine/volume-list.js';
import { createVolume, getVolume, removeVolume, volumeData } from '../../engine/volumes.js';
import { EngineError } from '../../errors.js';
import { any, object, string, stringMap } from '../decode.js';
import { readShape } from '../request.js';
import { type Answer, type Call, created, noContent, ok, type Route } from '../routes.js';
import { prunesAnonymousOnly } from '../versions/volumes.js';
import { notSwarmManager } from './absent.js';

const createBody = object(
  { Name: string, Driver: string, DriverOpts: stringMap, Labels: stringMap, ClusterVolumeSpec: any },
  'volume.CreateOptions',
);

export function volumeRoutes(engine: Engine): Route[] {
  return [
    { method: 'GET', path: '/volumes', handle: (call) => list(engine, call) },
    { method: 'GET', path: '/volumes/:name*', handle: (call) => inspect(engine, call) },
    { method: 'POST', path: '/volumes/create', handle: (call) => create(engine, call) },
    { method: 'PUT', path: '/volumes/:name*', handle: update },
    { method: 'DELETE', path: '/volumes/:name*', handle: (call) => remove(engine, call) },
    { method: 'POST', path: '/volumes/prune', handle: (call) => prune(engine, call) },
  ];
}

export function encodeVolume(engine: Engine, volume: VolumeRecord) {
  return {
    // To the second, as Docker's.
    CreatedAt: volume.created.replace(/\.\d+/, ''),
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: volumeData(engine, volume.name),
    Name: volume.name,
    Options: volume.options,
    Scope: 'local',
  };
}

function listFilters(call: Call): Filters {
  try {
    return call.query.filters(volumeListFilters);
  } catch (cause) {
    const { message } = cause as Error;
    if (message !== 'invalid filter') throw cause;
    throw new EngineError('invalid', `error reading volume filters: ${message}`, { cause });
  }
}

/** Named volumes too. */
function takesAll(filters: Filters): boolean {
  const [text, ...more] = filters.get('all');
  if (text === undefined) return false;
  if (more.length > 0)
    throw new EngineError('invalid', `invalid filter 'all=[${[text, ...more].join(' ')}]': only one value is expected`);
  const value = parseGoBool(text);
  if (value === undefined)
    throw new EngineError(
      'invalid',
      `invalid filter 'all': strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  return value;
}

function list(engine: Engine, call: Call): Answer {
  const found = filterVolumes(engine, listFilters(call));
  return ok({ Volumes: found.map((volume) => encodeVolume(engine, volume)), Warnings: null });
}

function inspect(engine: Engine, call: Call): Answer {
  return ok(encodeVolume(engine, getVolume(engine, call.params.name!)));
}

async function create(engine: Engine, call: Call): Promise<Answer> {
  const body = await readShape(call, createBody, 'CreateOptions');
  if (body.ClusterVolumeSpec !== undefined) throw new EngineError('unavailable', notSwarmManager);
  const { Name: name, Driver: driver, DriverOpts: options = null, Labels: labels = null } = body;
  return created(encodeVolume(engine, await createVolume(engine, { name, driver, options, labels })));
}

/** Only a swarm's volumes can be updated. */
function update(): never {
  throw new EngineError('unavailable', 'volume update only valid for cluster volumes, but swarm is unavailable');
}

async function remove(engine: Engine, call: Call): Promise<Answer> {
  await removeVolume(engine, call.params.name!, call.query.bool('force'));
  return noContent;
}

async function prune(engine: Engine, call: Call): Promise<Answer> {
  const filters = call.query.filters(volumePruneFilters);
  const anonymousOnly = prunesAnonymousOnly(call.version, takesAll(filters));
  const { names, reclaimedBytes } = await pruneVolumes(engine, filters, anonymousOnly);
  return ok({ VolumesDeleted: names, SpaceReclaimed: reclaimedBytes });
}
