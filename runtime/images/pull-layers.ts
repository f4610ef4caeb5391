import type { Snapshots } from '../snapshots/types.js';
import type { Blobs } from './blobs.js';
import { chainIdsOf, shortId } from './digest.js';
import type { Fetch, Fetches } from './fetches.js';
import type { Layers, UnpackedLayer } from './layers.js';
import { limiter } from './limiter.js';
import type { Descriptor } from './manifest.js';
import type { Repository } from './registry/repository.js';
import type { Digest, ProgressEvent } from './types.js';

export interface LayerPull {
  readonly repository: Repository;
  /** Lowest first, beside their uncompressed digests. */
  readonly layers: readonly Descriptor[];
  readonly diffIds: readonly Digest[];
  /** `registry/repository`, to know next time where these blobs are. */
  readonly remote: string;
  readonly emit: (event: ProgressEvent) => void;
  readonly signal: AbortSignal | undefined;
}

interface LayerContext {
  readonly blobs: Blobs;
  readonly layers: Layers;
  readonly snapshots: Snapshots;
  readonly fetches: Fetches;
}

const PARALLEL = 4;
const TELL_EVERY_MS = 100;

/** Fetches what is missing, several at a time, and unpacks each as soon as the one below it is there, while it arrives. */
export async function pullLayers(context: LayerContext, pull: LayerPull): Promise<void> {
  const chainIds = chainIdsOf(pull.diffIds);
  const present = countPresent(chainIds, context.snapshots);
  pull.layers.forEach((layer, index) => {
    pull.emit({ id: shortId(layer.digest), status: index < present ? 'Already exists' : 'Pulling fs layer' });
  });
  const missing = pull.layers.map((descriptor, index) => ({ descriptor, index })).slice(present);
  const fetching = startFetches(
    context,
    pull,
    missing.map(({ descriptor }) => descriptor),
  );
  try {
    for (const { descriptor, index } of missing) {
      pull.signal?.throwIfAborted();
      const layer = {
        parent: chainIds[index - 1],
        diffId: pull.diffIds[index]!,
        blob: descriptor,
        remote: pull.remote,
      };
      await unpackFetched(context, fetching, layer);
      pull.emit({ id: shortId(descriptor.digest), status: 'Pull complete' });
    }
    await fetching.done();
  } finally {
    await fetching.release();
  }
}

/** A blob that was here from earlier may have been damaged since: then it is fetched like any other. */
async function unpackFetched({ layers, blobs }: LayerContext, fetching: Fetching, layer: UnpackedLayer): Promise<void> {
  const { digest } = layer.blob;
  const wasHere = blobs.has(digest);
  try {
    await layers.unpack(layer, await fetching.content(layer.blob));
  } catch (error) {
    if (!wasHere || (await blobs.digestOnDisk(digest)) === digest) throw error;
    await blobs.remove(digest);
    fetching.begin(layer.blob);
    await layers.unpack(layer, await fetching.content(layer.blob));
  }
}

function countPresent(chainIds: readonly Digest[], snapshots: Snapshots): number {
  const missing = chainIds.findIndex((chainId) => !snapshots.has(chainId));
  return missing < 0 ? chainIds.length : missing;
}

interface Fetching {
  begin(descriptor: Descriptor): void;
  /** The blob's bytes, from the first on, while they come. */
  content(descriptor: Descriptor): Promise<import('node:stream').Readable>;
  done(): Promise<void>;
  release(): Promise<void>;
}

function startFetches(context: LayerContext, pull: LayerPull, wanted: readonly Descriptor[]): Fetching {
  const { blobs, fetches } = context;
  const begun = new Map<Digest, Promise<Fetch>>();
  const free = limiter(PARALLEL);
  let released = false;

  async function fetchOne(descriptor: Descriptor): Promise<Fetch> {
    const id = shortId(descriptor.digest);
    const done = await free();
    try {
      if (released) throw new Error('given up');
      const tell = everyMs((current) => pull.emit({ id, status: 'Downloading', current, total: descriptor.size }));
      const fetch = await fetches.start(descriptor, pull.repository, tell);
      fetch.done.then(
        () => pull.emit({ id, status: 'Download complete' }),
        () => undefined,
      );
      fetch.done.finally(done).catch(() => undefined);
      return fetch;
    } catch (error) {
      done();
      throw error;
    }
  }

  function begin(descriptor: Descriptor): void {
    if (blobs.has(descriptor.digest) || begun.has(descriptor.digest)) return;
    const fetch = fetchOne(descriptor);
    fetch.catch(() => undefined);
    begun.set(descriptor.digest, fetch);
  }

  wanted.forEach(begin);
  const abort = () => void release();
  pull.signal?.addEventListener('abort', abort, { once: true });

  async function release(): Promise<void> {
    released = true;
    pull.signal?.removeEventListener('abort', abort);
    const ends = [...begun.values()].map((fetch) => fetch.then((one) => one.release()).catch(() => undefined));
    await Promise.all(ends);
  }

  return {
    begin,
    async content(descriptor) {
      const id = shortId(descriptor.digest);
      const tell = everyMs((current) => pull.emit({ id, status: 'Extracting', current, total: descriptor.size }));
      const fetch = await begun.get(descriptor.digest);
      if (!fetch || blobs.has(descriptor.digest)) return blobs.open(descriptor.digest);
      return fetch.file.read(tell);
    },
    async done() {
      for (const fetch of begun.values()) await (await fetch).done;
    },
    release,
  };
}

/** The first call, and then one in a while. */
function everyMs(tell: (value: number) => void): (value: number) => void {
  let last = 0;
  return (value) => {
    const now = Date.now();
    if (now - last < TELL_EVERY_MS) return;
    last = now;
    tell(value);
  };
}
