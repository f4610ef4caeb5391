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
  roots: () => readonly ChainId[],
): Promise<{ reclaimedBytes: number }> {
  const { snapshots, layers, blobs } = context;
  const doomed = findUnused(context, roots());
  const reclaimedBytes = doomed.chains.reduce((sum, chainId) => sum + snapshots.sizeBytes(chainId), 0);
  // All of it is taken back in the turn in which it was looked for: whoever comes later finds it gone, and nobody can have
  // counted on it meanwhile.
  await Promise.all([
    ...doomed.chains.map((chainId) => snapshots.remove(chainId)),
    ...doomed.diffIds.map((diffId) => layers.forget(diffId)),
    ...doomed.blobs.map((digest) => blobs.remove(digest)),
  ]);
  return { reclaimedBytes };
}

interface Unused {
  readonly chains: readonly ChainId[];
  /** Of the records of layers. */
  readonly diffIds: readonly Digest[];
  readonly blobs: readonly Digest[];
}

function findUnused(context: CollectContext, roots: readonly ChainId[]): Unused {
  const { snapshots, layers, blobs, catalog } = context;
  const chains = reachableChains(context, roots);
  const wanted = new Set(catalog.records().flatMap((record) => record.diffIds));
  const held = context.held();
  const diffIds = layers.list().flatMap(({ diffId, record }) => {
    return chains.has(record.chainId) || wanted.has(diffId) || held.has(diffId) ? [] : [diffId];
  });
  const needed = neededBlobs(context, new Set(diffIds));
  return {
    chains: snapshots.list().filter((chainId) => !chains.has(chainId)),
    diffIds,
    blobs: blobs.list().filter((digest) => !needed.has(digest)),
  };
}

function reachableChains({ catalog, snapshots, held }: CollectContext, roots: readonly ChainId[]): Set<ChainId> {
  const reached = new Set<ChainId>();
  const now = held();
  const heldIds = snapshots.list().filter((chainId) => now.has(chainId));
  for (const start of [...catalog.records().flatMap((record) => record.chainIds), ...roots, ...heldIds]) {
    for (let id: ChainId | undefined = start; id !== undefined && !reached.has(id); id = snapshots.parent(id)) {
      reached.add(id);
    }
  }
  return reached;
}

function neededBlobs({ catalog, layers, held }: CollectContext, forgotten: ReadonlySet<Digest>): Set<Digest> {
  const needed = new Set<Digest>(held() as ReadonlySet<Digest>);
  for (const { id, manifestDigest, attestations = [] } of catalog.records()) {
    needed.add(id);
    needed.add(manifestDigest);
    for (const { digest } of attestations) needed.add(digest);
  }
  for (const { diffId, record } of layers.list())
    if (record.blob && !forgotten.has(diffId)) needed.add(record.blob.digest);
  return needed;
}
