import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { EngineError } from '../errors.js';
import { chooseDriver } from './driver.js';
import type { Form } from './form.js';
import { makeInitLayer } from './init-layer.js';
import { chainOf, type LayerFolders, openLayerFolders } from './layers.js';
import { overlayForm } from './overlay-form.js';
import { registerFailure } from './sentences.js';
import { openSettling } from './settle.js';
import { openTrash, type Trash } from './trash.js';
import { treeForm } from './tree-form.js';
import type { ChainId, NewLayer, OpenSnapshots, PreparedRoot, Snapshots, SnapshotsOptions } from './types.js';

/** Opens (and makes) the folders of layers and roots under `home`, and throws away what a crash left half-made. */
export const openSnapshots: OpenSnapshots = async (options) => {
  const { home, launcher } = options;
  await mkdir(home, { recursive: true });
  const boot = await readBoot();
  const driver = await chooseDriver(options, boot);
  const form = driver.name === 'overlay2' ? overlayForm(options) : treeForm(options);
  const trash = await openTrash(join(home, 'trash'), launcher);
  const settling = openSettling(boot, launcher.sync && (() => launcher.sync!(home)));
  const layers = await openLayerFolders(join(home, form.place, 'layers'), trash, settling);
  const roots = join(home, form.place, 'roots');
  await mkdir(roots, { recursive: true });
  // Nobody waits for what is only a wish.
  void launcher.spread?.([join(home, form.place, 'layers'), roots]).catch(() => undefined);
  const below = (chainId: ChainId | undefined) => form.shown(chainOf(layers, chainId).map(layers.contentPath));
  const initLayer = await makeInitLayer(join(home, 'init'));
  const belowRoot = (key: string, chainId: ChainId | undefined) =>
    isContainerId(key) ? [initLayer, ...below(chainId)] : below(chainId);
  const layerPack = (chainId: ChainId) => form.pack(layers.contentPath(chainId), below(layers.get(chainId)?.parent));
  return {
    driver,
    has: (chainId) => layers.get(chainId) !== undefined,
    sizeBytes: (chainId) => layers.get(chainId)?.sizeBytes ?? 0,
    parent: (chainId) => layers.get(chainId)?.parent,
    list: layers.list,
    settle: settling.settle,
    userXattr: options.userXattr === true,
    remove: layers.remove,
    lowerDirectories: (chainId) => [...below(chainId)],
    layerTar: (chainId) => launcher.pack(layerPack(chainId)),
    layerGzip: (source, tell) =>
      launcher.packGzip(
        'file' in source
          ? { root: { kind: 'file', path: source.file }, path: '/', mode: 'plain' }
          : layerPack(source.chainId),
        tell,
      ),
    ...layerMaking({ layers, form, below }, options),
    ...rootKeeping({ directory: roots, form, below: belowRoot, trash }, options),
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

/** As moby has it, whatever a file system would take. */
const LAYERS_UPON_EACH_OTHER = 125;

type Layer = { readonly parent: ChainId | undefined; readonly chainId: ChainId };

interface LayerMaking {
  readonly layers: LayerFolders;
  readonly form: Form;
  readonly below: (chainId: ChainId | undefined) => readonly string[];
}

/** `apply` and `adopt`. */
function layerMaking(
  { layers, form, below }: LayerMaking,
  { launcher, userXattr, oneOwner }: SnapshotsOptions,
): Pick<Snapshots, 'apply' | 'adopt'> {
  const working = new Map<ChainId, Promise<void>>();

  function checkDepth(parent: ChainId | undefined): void {
    if (chainOf(layers, parent).length >= LAYERS_UPON_EACH_OTHER) throw new EngineError('system', 'max depth exceeded');
  }

  async function unpack(layer: NewLayer, tar: Readable | string): Promise<void> {
    const { parent, chainId, gzip, check, verified, limitBytes } = layer;
    const parents = below(parent);
    const staged = await layers.stage();
    try {
      await form.beginLayer(staged.contentPath, parents);
      const root = { kind: 'directory', path: staged.contentPath } as const;
      const owner = oneOwner ? { owner: { uid: 0, gid: 0 } } : {};
      const how = { inflate: gzip, digest: check !== undefined, limitBytes, ...owner };
      const written = await launcher.unpack(
        { root, path: '/', mode: form.unpackMode, parents, userXattr, ...how },
        tar,
      );
      if (written.tar) check?.(written.tar);
      await verified;
      await staged.publish({ parent, chainId, sizeBytes: written.bytes });
    } catch (error) {
      await staged.abandon();
      throw registerFailure(error);
    }
  }

  async function move(layer: Layer, upper: string): Promise<void> {
    const sizeBytes = await form.bytes(upper, below(layer.parent));
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
  async function once({ chainId, parent }: Layer, work: () => Promise<void>): Promise<'worked' | 'waited'> {
    if (layers.get(chainId)) return 'waited';
    const running = working.get(chainId);
    if (running) {
      await running;
      return 'waited';
    }
    checkDepth(parent);
    const started = work().finally(() => working.delete(chainId));
    working.set(chainId, started);
    await started;
    return 'worked';
  }

  return {
    async apply(layer, tar) {
      const done = once(layer, () => unpack(layer, tar));
      // A stream that nobody reads would hold up whoever writes it.
      if ((await done) === 'waited' && typeof tar !== 'string') tar.resume();
      return { sizeBytes: layers.get(layer.chainId)?.sizeBytes ?? 0 };
    },
    async adopt(layer, upper) {
      await once(layer, () => move(layer, upper));
    },
  };
}

type RootKeeping = Pick<Snapshots, 'prepare' | 'get' | 'discard' | 'diffTar' | 'changes' | 'upperBytes'>;

interface RootPlaces {
  readonly directory: string;
  readonly form: Form;
  readonly below: (key: string, chainId: ChainId | undefined) => readonly string[];
  readonly trash: Trash;
}

/** Writable roots: `DIRECTORY/KEY/{diff,work,merged}`. */
function rootKeeping({ directory, form, below, trash }: RootPlaces, { launcher }: SnapshotsOptions): RootKeeping {
  const folder = (key: string) => join(directory, safeKey(key));
  const upper = (key: string) => join(folder(key), 'diff');

  function get(key: string, chainId: ChainId | undefined): PreparedRoot {
    const root = folder(key);
    const before = below(key, chainId);
    return {
      kind: 'overlay',
      lower: form.lower(before),
      below: before,
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
      const made = [root.work, root.mountpoint].map((path) => mkdir(path, { recursive: true, mode: 0o755 }));
      // All of them to their end: nothing may be made behind whoever clears a failure away.
      const ends = await Promise.allSettled([form.makeUpper(root.upper, root.below), ...made]);
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
      return root;
    },
    async discard(key, beside = []) {
      await Promise.all([folder(key), ...beside].map(trash.discard));
    },
    diffTar: (key, chainId) => launcher.pack(form.pack(upper(key), below(key, chainId))),
    changes: (key, chainId) => form.changes(upper(key), below(key, chainId)),
    upperBytes: (key, chainId) => form.bytes(upper(key), below(key, chainId)),
  };
}

function safeKey(key: string): string {
  if (/^[A-Za-z0-9][\w.-]*$/.test(key)) return key;
  throw new EngineError('invalid', `invalid snapshot key: ${key}`);
}
