/** Images that are here: list, inspect, history, tag, remove, prune. */
import type { Engine } from '../../engine/engine.js';
import { Filters } from '../../engine/filters.js';
import { imageListFilters, listImages } from '../../engine/image-list.js';
import { imagePruneFilters, pruneImages } from '../../engine/image-prune.js';
import { type Image, imageUsers, referenceOf, removeImage, tagImage } from '../../engine/images.js';
import { EngineError } from '../../errors.js';
import { encodeHistory, encodeInspect, encodeManifests, encodeSummary } from '../encode/images.js';
import { expectPlatform, readPlatform } from '../platform.js';
import { type Answer, type Call, created, ok, type Route } from '../routes.js';
import { inspectIn, oldReferenceFilter, summaryIn } from '../versions/images.js';

export function imageRoutes(engine: Engine): Route[] {
  return [
    { method: 'GET', path: '/images/json', handle: (call) => list(engine, call) },
    { method: 'GET', path: '/images/:name*/json', handle: (call) => inspect(engine, call) },
    { method: 'GET', path: '/images/:name*/history', handle: (call) => history(engine, call) },
    { method: 'POST', path: '/images/:name*/tag', handle: (call) => tag(engine, call) },
    { method: 'DELETE', path: '/images/:name*', handle: (call) => remove(engine, call) },
    { method: 'POST', path: '/images/prune', handle: (call) => prune(engine, call) },
  ];
}

function list(engine: Engine, call: Call): Answer {
  const filters = call.query.filters(imageListFilters);
  const old = oldReferenceFilter(call.version, call.query.text('filter'));
  const listed = listImages(engine, old ? new Filters({ ...filters.values, reference: [old] }) : filters);
  const shared = call.query.bool('shared-size');
  const manifests = call.query.bool('manifests');
  return ok(
    listed.map((one) => {
      const summary = encodeSummary(one, shared);
      const name = one.image.tags[0] ?? one.image.id;
      return summaryIn(call.version, manifests ? { ...summary, Manifests: manifestsOf(engine, name) } : summary);
    }),
  );
}

/** Of every platform under a name. */
function manifestsOf(engine: Engine, name: string) {
  const { images } = engine.foundations;
  const users = imageUsers(engine);
  return encodeManifests(images.variants(name), images.manifest, (image) => users(image.id).map(({ id }) => id));
}

/** The image of the path, which has to be of the platform that is asked for. */
function imageOf(engine: Engine, call: Call): Image {
  const wanted = readPlatform(call);
  const name = call.params.name!;
  const image = engine.foundations.images.get(name, wanted);
  if (wanted) expectPlatform(name, image, wanted);
  return image;
}

function inspect(engine: Engine, call: Call): Answer {
  const { snapshots } = engine.foundations;
  if (call.query.bool('manifests') && call.query.has('platform'))
    throw new EngineError('invalid', 'conflicting options: manifests and platform options cannot both be set');
  const image = imageOf(engine, call);
  const directories = snapshots.lowerDirectories(image.chainIds.at(-1));
  const said = encodeInspect(image, directories, snapshots.driver.name);
  const manifests = call.query.bool('manifests') ? { Manifests: manifestsOf(engine, call.params.name!) } : {};
  return ok(inspectIn(call.version, { ...said, ...manifests }));
}

function history(engine: Engine, call: Call): Answer {
  const { snapshots } = engine.foundations;
  const image = imageOf(engine, call);
  return ok(
    encodeHistory(
      image,
      image.chainIds.map((chainId) => snapshots.sizeBytes(chainId)),
    ),
  );
}

async function tag(engine: Engine, call: Call): Promise<Answer> {
  const reference = referenceOf(call.query.text('repo'), call.query.text('tag'));
  if (!reference) throw new EngineError('invalid', 'invalid reference format');
  if (reference.digest) throw new EngineError('invalid', 'cannot import digest reference');
  await tagImage(engine, call.params.name!, reference);
  return created(undefined);
}

async function remove(engine: Engine, call: Call): Promise<Answer> {
  const name = call.params.name!;
  const wanted = readPlatform(call, 'platforms');
  if (name.trim() === '') throw new EngineError('invalid', 'image name cannot be blank');
  if (wanted) expectPlatform(name, engine.foundations.images.get(name, wanted), wanted);
  const removed = await removeImage(engine, name, {
    ...(wanted ? { platform: wanted } : {}),
    force: call.query.bool('force'),
    noPrune: call.query.bool('noprune'),
  });
  return ok(removed.map(({ untagged, deleted }) => (untagged ? { Untagged: untagged } : { Deleted: deleted })));
}

async function prune(engine: Engine, call: Call): Promise<Answer> {
  const pruned = await pruneImages(engine, call.query.filters(imagePruneFilters));
  const deleted = pruned.removed.map(({ untagged, deleted }) =>
    untagged ? { Untagged: untagged } : { Deleted: deleted },
  );
  return ok({ ImagesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: pruned.reclaimedBytes });
}
