import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { EngineError } from '../errors.js';
import type { TarPack } from '../launch/types.js';
import { countBytes, listChanges } from './changes.js';
import { makeInitLayer } from './init-layer.js';
import { chainOf, type LayerFolders, openLayerFolders } from './layers.js';
import { registerFailure } from './sentences.js';
import { openSettling } from './settle.js';
import { openTrash, type Trash } from './trash.js';
import type { ChainId, NewLayer, OpenSnapshots, PreparedRoot, Snapshots, SnapshotsOptions } from './types.js';

/** Opens (and makes) the folders of layers and roots under `home`, and throws away what a crash left half-made. */
export const openSnapshots: OpenSnapshots = async (options) => {
  const trash = await openTrash(join(options.home, 'trash'), options.launcher);
  const { sync } = options.launcher;
  const settling = openSettling(await readBoot(), sync && (() => sync.call(options.launcher, options.home)));
  const layers = await openLayerFolders(join(options.home, 'layers'), trash, settling);
  await mkdir(join(options.home, 'roots'), { recursive: true });
  const lower = (chainId: ChainId | undefined) => chainOf(layers, chainId).map(layers.contentPath);
  const initLayer = await makeInitLayer(join(options.home, 'init'));
  return {
    has: (chainId) => layers.get(chainId) !== undefined,
    sizeBytes: (chainId) => layers.get(chainId)?.sizeBytes ?? 0,
    parent: (chainId) => layers.get(chainId)?.parent,
    list: layers.list,
    settle: settling.settle,
    remove: layers.remove,
    lowerDirectories: lower,
    layerTar: (chainId) => packLayer(layers.contentPath(chainId), options),
    layerGzip: (source, tell) =>
      options.launcher.packGzip(
        'file' in source
          ? { root: { kind: 'file', path: source.file }, path: '/', mode: 'plain' }
          : layerPack(layers.contentPath(source.chainId), options),
        tell,
      ),
    ...layerMaking(layers, options),
    ...rootKeeping(
      join(options.home, 'roots'),
      (key, chainId) => (isContainerId(key) ? [initLayer, ...lower(chainId)] : lower(chainId)),
      trash,
      options,
    ),
  };
};

/** Roots of containers are kept under their ids, those of build steps and the like under other names. */
const isContainerId = (key: string) => /^[0-9a-f]{64}$/.test(key);

/** A word for this boot of the machine; empty where the kernel does not say. */
function readBoot(): Promise<string> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
}

type Layer = { readonly parent: ChainId | undefined; readonly chainId: ChainId };

/** `apply` and `adopt`. */
function layerMaking(
  layers: LayerFolders,
  { launcher, userXattr, oneOwner }: SnapshotsOptions,
): Pick<Snapshots, 'apply' | 'adopt'> {
  const working = new Map<ChainId, Promise<void>>();

  async function unpack(layer: NewLayer, tar: Readable | string): Promise<void> {
    const { parent, chainId, gzip, check, limitBytes } = layer;
    const parents = chainOf(layers, layer.parent).map(layers.contentPath);
    const staged = await layers.stage();
    try {
      await mkdir(staged.contentPath, { mode: 0o755 });
      const root = { kind: 'directory', path: staged.contentPath } as const;
      const owner = oneOwner ? { owner: { uid: 0, gid: 0 } } : {};
      const how = { inflate: gzip, digest: check !== undefined, limitBytes, ...owner };
      const written = await launcher.unpack({ root, path: '/', mode: 'layer', parents, userXattr, ...how }, tar);
      if (written.tar) check?.(written.tar);
      await staged.publish({ parent, chainId, sizeBytes: written.bytes });
    } catch (error) {
      await staged.abandon();
      throw registerFailure(error);
    }
  }

  async function move(layer: Layer, upper: string): Promise<void> {
    chainOf(layers, layer.parent);
    const sizeBytes = await countBytes(upper);
    const staged = await layers.stage();
    try {
      await rename(upper, staged.contentPath);
      await staged.publish({ ...layer, sizeBytes });
    } catch (error) {
      await staged.abandon();
      throw registerFailure(error);
    }
  }

  /** Whoever comes first works; the others wait for it. */
  async function once(chainId: ChainId, work: () => Promise<void>): Promise<'worked' | 'waited'> {
    if (layers.get(chainId)) return 'waited';
    const running = working.get(chainId);
    if (running) {
      await running;
      return 'waited';
    }
    const started = work().finally(() => working.delete(chainId));
    working.set(chainId, started);
    await started;
    return 'worked';
  }

  return {
    async apply(layer, tar) {
      const done = once(layer.chainId, () => unpack(layer, tar));
      // A stream that nobody reads would hold up whoever writes it.
      if ((await done) === 'waited' && typeof tar !== 'string') tar.resume();
      return { sizeBytes: layers.get(layer.chainId)?.sizeBytes ?? 0 };
    },
    async adopt(layer, upper) {
      await once(layer.chainId, () => move(layer, upper));
    },
  };
}

type RootKeeping = Pick<Snapshots, 'prepare' | 'get' | 'discard' | 'diffTar' | 'changes' | 'upperBytes'>;

/** Writable roots: `DIRECTORY/KEY/{diff,work,merged}`. */
function rootKeeping(
  directory: string,
  lower: (key: string, chainId: ChainId | undefined) => string[],
  trash: Trash,
  options: SnapshotsOptions,
): RootKeeping {
  const folder = (key: string) => join(directory, safeKey(key));
  const upper = (key: string) => join(folder(key), 'diff');

  function get(key: string, chainId: ChainId | undefined): PreparedRoot {
    const root = folder(key);
    return {
      kind: 'overlay',
      lower: lower(key, chainId),
      upper: join(root, 'diff'),
      work: join(root, 'work'),
      mountpoint: join(root, 'merged'),
    };
  }

  return {
    get,
    async prepare(key, chainId) {
      const root = get(key, chainId);
      await mkdir(folder(key), { recursive: true, mode: 0o710 });
      const folders = [root.upper, root.work, root.mountpoint];
      await Promise.all(folders.map((path) => mkdir(path, { recursive: true, mode: 0o755 })));
      return root;
    },
    async discard(key, beside = []) {
      await Promise.all([folder(key), ...beside].map(trash.discard));
    },
    diffTar: (key) => packLayer(upper(key), options),
    changes: (key, chainId) => listChanges(upper(key), lower(key, chainId)),
    upperBytes: (key) => countBytes(upper(key)),
  };
}

function packLayer(path: string, { launcher, userXattr }: SnapshotsOptions): Readable {
  return launcher.pack(layerPack(path, { userXattr }));
}

function layerPack(path: string, { userXattr }: Pick<SnapshotsOptions, 'userXattr'>): TarPack {
  return { root: { kind: 'directory', path }, path: '/', mode: 'layer', userXattr };
}

function safeKey(key: string): string {
  if (/^[A-Za-z0-9][\w.-]*$/.test(key)) return key;
  throw new EngineError('invalid', `invalid snapshot key: ${key}`);
}
