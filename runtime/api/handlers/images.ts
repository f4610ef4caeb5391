/** Images that are here: list, inspect, history, tag, remove, prune. */
import type { Engine } from '../../engine/engine.js';
import { imageListFilters, listImages } from '../../engine/image-list.js';
import { imagePruneFilters, pruneImages } from '../../engine/image-prune.js';
import { referenceOf, removeImage, tagImage } from '../../engine/images.js';
import { EngineError } from '../../errors.js';
import { encodeHistory, encodeInspect, encodeSummary } from '../encode/images.js';
import { type Answer, type Call, created, ok, type Route } from '../routes.js';
import { inspectIn, summaryIn } from '../versions/images.js';

export interface ImageRoutesOptions {
  readonly engine: Engine;
  readonly engineVersion: string;
}

export function imageRoutes({ engine, engineVersion }: ImageRoutesOptions): Route[] {
  return [
    { method: 'GET', path: '/images/json', handle: (call) => list(engine, call) },
    { method: 'GET', path: '/images/:name*/json', handle: (call) => inspect(engine, call, engineVersion) },
    { method: 'GET', path: '/images/:name*/history', handle: (call) => history(engine, call) },
    { method: 'POST', path: '/images/:name*/tag', handle: (call) => tag(engine, call) },
    { method: 'DELETE', path: '/images/:name*', handle: (call) => remove(engine, call) },
    { method: 'POST', path: '/images/prune', handle: (call) => prune(engine, call) },
  ];
}

function list(engine: Engine, call: Call): Answer {
  const listed = listImages(engine, call.query.filters(imageListFilters));
  const shared = call.query.bool('shared-size');
  return ok(listed.map((image) => summaryIn(call.version, encodeSummary(image, shared))));
}

function inspect(engine: Engine, call: Call, engineVersion: string): Answer {
  const { images, snapshots } = engine.foundations;
  const image = images.get(call.params.name!);
  const directories = snapshots.lowerDirectories(image.chainIds.at(-1));
  return ok(inspectIn(call.version, encodeInspect(image, directories, engineVersion)));
}

function history(engine: Engine, call: Call): Answer {
  const { images, snapshots } = engine.foundations;
  const image = images.get(call.params.name!);
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
  if (reference.digest) throw new EngineError('invalid', 'refusing to create a tag with a digest reference');
  await tagImage(engine, call.params.name!, reference);
  return created(undefined);
}

async function remove(engine: Engine, call: Call): Promise<Answer> {
  const name = call.params.name!;
  if (name.trim() === '') throw new EngineError('invalid', 'image name cannot be blank');
  const removed = await removeImage(engine, name, {
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
