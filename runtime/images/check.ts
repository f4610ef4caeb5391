/** Looks at all that the store holds: is every blob what its name says, every layer what its image says, every name of something? */
import type { ChainId, Digest, Snapshots } from '../snapshots/types.js';
import type { Blobs } from './blobs.js';
import type { Catalog, ImageRecord } from './catalog.js';
import { compareLayer } from './check-layer.js';
import type { Layers } from './layers.js';
import type { CheckProblem, CheckReport } from './types.js';

export interface CheckContext {
  readonly blobs: Blobs;
  readonly catalog: Catalog;
  readonly layers: Layers;
  readonly snapshots: Snapshots;
}

export interface CheckOptions {
  /** Takes away what is damaged, so that the next pull or build brings it again. */
  readonly repair: boolean;
  /** Layers that containers and builds stand on: never taken away. */
  readonly roots: readonly ChainId[];
}

/** Reads every byte of the store, one thing after the other. What goes away meanwhile is no damage. */
export async function checkStore(context: CheckContext, options: CheckOptions): Promise<CheckReport> {
  const { blobs, catalog, layers, snapshots } = context;
  const counts = { blobs: blobs.list().length, layers: snapshots.list().length, images: catalog.records().length };
  const ofBlobs = await damagedBlobs(blobs);
  const damage = [...ofBlobs, ...layersOf(context, ofBlobs), ...(await damagedLayers(layers, snapshots))];
  const broken = catalog.records().flatMap((image) => brokenImage(context, image, damage));
  const found = [...damage, ...broken];
  const problems = options.repair ? await repair(context, options, found) : found.map((one) => one.problem);
  return { ...counts, problems };
}

interface Found {
  readonly problem: CheckProblem;
  /** What a repair takes away. */
  readonly blob?: Digest;
  readonly chainId?: ChainId;
  readonly image?: ImageRecord;
}

async function damagedBlobs(blobs: Blobs): Promise<Found[]> {
  const found: Found[] = [];
  for (const digest of blobs.list()) {
    const actual = await blobs.digestOnDisk(digest);
    if (actual === digest || !blobs.has(digest)) continue;
    const text = actual === undefined ? 'its file is gone or cannot be read' : `its content is ${actual}`;
    found.push({ problem: { kind: 'blob', id: digest, text, repaired: false }, blob: digest });
  }
  return found;
}

/** A folder gives other bytes than the tar that it came from: without its blob a layer cannot be handed on. */
function layersOf({ layers, snapshots }: CheckContext, ofBlobs: readonly Found[]): Found[] {
  const bad = new Set(ofBlobs.map(({ blob }) => blob));
  return layers.list().flatMap(({ record: { blob, chainId } }) => {
    if (!blob || !bad.has(blob.digest) || !snapshots.has(chainId)) return [];
    return {
      problem: { kind: 'layer', id: chainId, text: `its blob ${blob.digest} is damaged`, repaired: false },
      chainId,
    };
  });
}

async function damagedLayers(layers: Layers, snapshots: Snapshots): Promise<Found[]> {
  const found: Found[] = [];
  for (const { diffId, record } of layers.list()) {
    if (!snapshots.has(record.chainId)) continue;
    const text = await compareLayer(layers, snapshots, diffId, record);
    if (text === undefined || !snapshots.has(record.chainId)) continue;
    found.push({ problem: { kind: 'layer', id: record.chainId, text, repaired: false }, chainId: record.chainId });
  }
  return found;
}

/** An image whose parts are not all there, or not sound. */
function brokenImage({ blobs, snapshots }: CheckContext, image: ImageRecord, damage: readonly Found[]): Found[] {
  const bad = new Set(damage.flatMap(({ blob, chainId }) => [blob, chainId]));
  const missing = [
    ...(blobs.has(image.id) && !bad.has(image.id) ? [] : ['its configuration']),
    ...image.chainIds
      .filter((chainId) => !snapshots.has(chainId) || bad.has(chainId))
      .map((chainId) => `layer ${chainId}`),
  ];
  if (missing.length === 0) return [];
  const text = `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not here whole`;
  return [{ problem: { kind: 'image', id: image.id, text, repaired: false }, image }];
}

/** Top layers first: what lies below another layer cannot go before it. */
async function repair(
  context: CheckContext,
  { roots }: CheckOptions,
  found: readonly Found[],
): Promise<CheckProblem[]> {
  const { blobs, catalog, layers, snapshots } = context;
  const needed = new Set(roots.flatMap((root) => ancestors(snapshots, root)));
  const images = found.flatMap(({ image }) => image ?? []);
  const isFree = (chainId: ChainId) => !needed.has(chainId);
  for (const image of images.filter((one) => one.chainIds.every(isFree))) {
    for (const { key } of catalog.references(image.id)) await catalog.unname(key, image.id);
    await catalog.remove(image.id);
  }
  const doomed = new Set(found.flatMap(({ chainId }) => chainId ?? []));
  for (const chainId of snapshots.list()) {
    if (isFree(chainId) && ancestors(snapshots, chainId).some((one) => doomed.has(one)))
      await snapshots.remove(chainId);
  }
  for (const { blob } of found) if (blob) await blobs.remove(blob);
  for (const { diffId, record } of layers.list()) {
    if (!snapshots.has(record.chainId) && doomed.has(record.chainId)) await layers.forget(diffId);
  }
  return found.map(({ problem, chainId, image }) => {
    const isKept = chainId ? snapshots.has(chainId) : image ? catalog.byId(image.id) !== undefined : false;
    return isKept ? { ...problem, text: `${problem.text}; kept: a container or a build stands on it` } : gone(problem);
  });
}

const gone = (problem: CheckProblem): CheckProblem => ({ ...problem, repaired: true });

function ancestors(snapshots: Snapshots, chainId: ChainId): ChainId[] {
  const found: ChainId[] = [];
  for (let id: ChainId | undefined = chainId; id !== undefined; id = snapshots.parent(id)) found.push(id);
  return found;
}
