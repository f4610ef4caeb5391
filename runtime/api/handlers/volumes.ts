/** Volumes: create, list, inspect, remove, prune. */
import type { Engine } from '../../engine/engine.js';
import type { VolumeRecord } from '../../engine/types.js';
import { filterVolumes, pruneVolumes, volumeListFilters, volumePruneFilters } from '../../engine/volume-list.js';
import { createVolume, getVolume, removeVolume, volumeData } from '../../engine/volumes.js';
import { object, string, stringMap } from '../decode.js';
import { readShape } from '../request.js';
import { type Answer, type Call, created, noContent, ok, type Route } from '../routes.js';
import { prunesAnonymousOnly } from '../versions/volumes.js';

const createBody = object({ Name: string, Driver: string, DriverOpts: stringMap, Labels: stringMap });

export function volumeRoutes(engine: Engine): Route[] {
  return [
    { method: 'GET', path: '/volumes', handle: (call) => list(engine, call) },
    { method: 'GET', path: '/volumes/:name', handle: (call) => inspect(engine, call) },
    { method: 'POST', path: '/volumes/create', handle: (call) => create(engine, call) },
    { method: 'DELETE', path: '/volumes/:name', handle: (call) => remove(engine, call) },
    { method: 'POST', path: '/volumes/prune', handle: (call) => prune(engine, call) },
  ];
}

export function encodeVolume(engine: Engine, volume: VolumeRecord) {
  return {
    CreatedAt: volume.created,
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: volumeData(engine, volume.name),
    Name: volume.name,
    Options: volume.options,
    Scope: 'local',
  };
}

function list(engine: Engine, call: Call): Answer {
  const found = filterVolumes(engine, call.query.filters(volumeListFilters));
  return ok({ Volumes: found.map((volume) => encodeVolume(engine, volume)), Warnings: null });
}

function inspect(engine: Engine, call: Call): Answer {
  return ok(encodeVolume(engine, getVolume(engine, call.params.name!)));
}

async function create(engine: Engine, call: Call): Promise<Answer> {
  const body = await readShape(call, createBody, 'VolumeCreateOptions');
  const { Name: name, Driver: driver, DriverOpts: options = null, Labels: labels = null } = body;
  return created(encodeVolume(engine, await createVolume(engine, { name, driver, options, labels })));
}

async function remove(engine: Engine, call: Call): Promise<Answer> {
  await removeVolume(engine, call.params.name!, call.query.bool('force'));
  return noContent;
}

async function prune(engine: Engine, call: Call): Promise<Answer> {
  const filters = call.query.filters(volumePruneFilters);
  const anonymousOnly = prunesAnonymousOnly(call.version, filters.bool('all', false));
  const { names, reclaimedBytes } = await pruneVolumes(engine, filters, anonymousOnly);
  return ok({ VolumesDeleted: names, SpaceReclaimed: reclaimedBytes });
}
