import type { ChainId, Digest, Snapshots } from '../snapshots/types.js';
import type { Blobs } from './blobs.js';
import type { Catalog } from './catalog.js';
import type { Layers } from './layers.js';

export interface CollectContext {
  readonly blobs: Blobs;
  readonly catalog: Catalog;
  readonly layers: Layers;
  readonly snapshots: Snapshots;
  /** What running work needs, blobs and chains. */
  readonly held: () => ReadonlySet<string>;
}

/**
 * Removes layers and blobs that neither an image, a root, a layer below these, nor running work refers to. What it tells are
 * the bytes of layers: those are what `system df` counts, so that what it calls reclaimable is what a prune reclaims.
 */
export async function collectUnused(
  context: CollectContext,
  roots: readonly ChainId[],
): Promise<{ reclaimedBytes: number }> {
  const chains = reachableChains(context, roots);
  let reclaimedBytes = 0;
  const { snapshots, layers, blobs } = context;
  for (const chainId of snapshots.list()) {
    if (chains.has(chainId)) continue;
    reclaimedBytes += snapshots.sizeBytes(chainId);
    await snapshots.remove(chainId);
  }
  const wanted = new Set(context.catalog.records().flatMap((record) => record.diffIds));
  for (const { diffId, record } of layers.list()) {
    if (!chains.has(record.chainId) && !wanted.has(diffId)) await layers.forget(diffId);
  }
  const needed = neededBlobs(context);
  for (const digest of blobs.list()) if (!needed.has(digest)) await blobs.remove(digest);
  return { reclaimedBytes };
}

function reachableChains({ catalog, snapshots, held }: CollectContext, roots: readonly ChainId[]): Set<ChainId> {
  const reached = new Set<ChainId>();
  const heldIds = snapshots.list().filter((chainId) => held().has(chainId));
  for (const start of [...catalog.records().flatMap((record) => record.chainIds), ...roots, ...heldIds]) {
    for (let id: ChainId | undefined = start; id !== undefined && !reached.has(id); id = snapshots.parent(id)) {
      reached.add(id);
    }
  }
  return reached;
}

function neededBlobs({ catalog, layers, held }: CollectContext): Set<Digest> {
  const needed = new Set<Digest>(held() as ReadonlySet<Digest>);
  for (const { id, manifestDigest, attestations = [] } of catalog.records()) {
    needed.add(id);
    needed.add(manifestDigest);
    for (const { digest } of attestations) needed.add(digest);
  }
  for (const { record } of layers.list()) if (record.blob) needed.add(record.blob.digest);
  return needed;
}
