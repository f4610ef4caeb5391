import { EngineError } from '../errors.js';
import type { Image, RemovedImage } from '../images/types.js';
import type { Engine } from './engine.js';
import type { Filters } from './filters.js';
import { containersByImage, createdNs } from './image-list.js';
import { forgetImage, layerRoots } from './images.js';

export const imagePruneFilters = ['dangling', 'label', 'label!', 'until'] as const;

/** By each of its names, as an image of several repositories is refused by its id. What somebody has begun to use stays. */
async function removeByNames(engine: Engine, image: Image): Promise<RemovedImage[]> {
  const names = [...image.tags, ...image.repoDigests];
  const removed: RemovedImage[] = [];
  for (const name of names.length > 0 ? names : [image.id]) {
    try {
      removed.push(...(await forgetImage(engine, name, { force: false, noPrune: false })));
    } catch (error) {
      // The digest of a repository goes with its last tag.
      if (!(error instanceof EngineError && ['conflict', 'not-found'].includes(error.kind))) throw error;
    }
  }
  return removed;
}

/** Removes images that no container stands on: those without a name, or all of them with `dangling=false`. */
export async function pruneImages(
  engine: Engine,
  filters: Filters,
): Promise<{ readonly removed: RemovedImage[]; readonly reclaimedBytes: number }> {
  const { images } = engine.foundations;
  const danglingOnly = filters.bool('dangling', true);
  const until = filters.until('system');
  const used = containersByImage(engine);
  const removed: RemovedImage[] = [];
  for (const image of images.list()) {
    const { Labels } = image.config;
    if (used.has(image.id) || (danglingOnly && image.tags.length > 0)) continue;
    // who has just made it is about to give it a name
    if (image.tags.length === 0 && images.isHeld(image.id)) continue;
    if (!filters.matchesLabels('label', Labels) || !filters.lacksLabels('label!', Labels)) continue;
    if (until !== undefined && createdNs(image) > until) continue;
    removed.push(...(await removeByNames(engine, image)));
  }
  const { reclaimedBytes } = await images.collect(await layerRoots(engine));
  engine.events.publish('image', 'prune', '', { reclaimed: String(reclaimedBytes) });
  return { removed, reclaimedBytes };
}
