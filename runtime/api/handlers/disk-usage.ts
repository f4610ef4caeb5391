/** `GET /system/df`: what fills the disk. */
import type { CacheEntry } from '../../engine/build-context.js';
import type { Engine } from '../../engine/engine.js';
import { Filters } from '../../engine/filters.js';
import { layersBytes, listImages } from '../../engine/image-list.js';
import { volumeBytes } from '../../engine/volume-list.js';
import { listVolumes, volumeUsers } from '../../engine/volumes.js';
import { EngineError } from '../../errors.js';
import { encodeSummary } from '../encode/images.js';
import { type Answer, type Call, ok, type Route } from '../routes.js';
import { summaryIn } from '../versions/images.js';
import { diskUsageIn, knowsUsageTypes } from '../versions/system.js';
import { summariesOf } from './containers.js';
import { encodeVolume } from './volumes.js';

const kinds = ['container', 'image', 'volume', 'build-cache'] as const;
type Kind = (typeof kinds)[number];

export function diskUsageRoutes(engine: Engine): Route[] {
  return [{ method: 'GET', path: '/system/df', handle: (call) => diskUsage(engine, call) }];
}

function wantedKinds(call: Call): ReadonlySet<Kind> {
  const asked = knowsUsageTypes(call.version) ? call.query.all('type') : [];
  for (const kind of asked)
    if (!kinds.includes(kind as Kind)) throw new EngineError('invalid', `unknown object type: ${kind}`);
  return new Set(asked.length > 0 ? (asked as Kind[]) : kinds);
}

async function diskUsage(engine: Engine, call: Call): Promise<Answer> {
  const wanted = wantedKinds(call);
  const images = wanted.has('image')
    ? listImages(engine, new Filters({})).map((image) => summaryIn(call.version, encodeSummary(image, true)))
    : null;
  const containers = wanted.has('container') ? await summariesOf(engine, engine.containers.all(), true) : null;
  const cache = wanted.has('build-cache') ? await (await engine.foundations.builder()).entries() : [];
  const cacheBytes = cache.reduce((sum, { sizeBytes, shared }) => sum + (shared ? 0 : sizeBytes), 0);
  return ok(
    diskUsageIn(
      call.version,
      {
        LayersSize: wanted.has('image') ? layersBytes(engine) : 0,
        Images: images,
        Containers: containers,
        Volumes: wanted.has('volume') ? await volumes(engine) : null,
        BuildCache: wanted.has('build-cache') ? buildCache(cache) : null,
      },
      cacheBytes,
    ),
  );
}

function volumes(engine: Engine): Promise<unknown[]> {
  return Promise.all(
    listVolumes(engine).map(async (volume) => ({
      ...encodeVolume(engine, volume),
      UsageData: {
        RefCount: volumeUsers(engine, volume.name).length,
        Size: await volumeBytes(engine, volume.name),
      },
    })),
  );
}

/** One record a step or cache mount; those whose layer an image has too count nothing in what clients add up. */
function buildCache(entries: readonly CacheEntry[]): unknown[] {
  return entries.map(({ id, type, description, inUse, sizeBytes, created, usedMs, shared }) => ({
    ID: id,
    Type: type,
    Description: description,
    InUse: inUse,
    Shared: shared,
    Size: sizeBytes,
    CreatedAt: created,
    LastUsedAt: usedMs > 0 ? new Date(usedMs).toISOString() : null,
    UsageCount: 1,
  }));
}
