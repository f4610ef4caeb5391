/** A builder over stores in memory and temporary folders: every layer is a whole folder, RUN is a function. */
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { openBuilder } from '../../../runtime/build/builder.js';
import type { BuildEvent, Builder, BuildOptions, Fetch, StepRequest } from '../../../runtime/build/types.js';
import { EngineError } from '../../../runtime/errors.js';
import { parseReference } from '../../../runtime/images/reference.js';
import type { Image, ImageConfig, ImageStore, NewImage } from '../../../runtime/images/types.js';
import type { ChainId, Digest, Snapshots } from '../../../runtime/snapshots/types.js';
import type { Store, Table } from '../../../runtime/state/types.js';

export interface TarEntry {
  readonly name: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly linkname: string | undefined;
  readonly text: string;
}

export interface Workbench {
  readonly builder: Builder;
  readonly home: string;
  readonly context: string;
  /** RUNs that were executed, as the engine saw them. */
  readonly runs: StepRequest[];
  readonly pulls: string[];
  readonly events: BuildEvent[];
  readonly tags: Map<string, Digest>;
  /** Adds an image that is here already. */
  image(name: string, files: Readonly<Record<string, string>>, config?: ImageConfig): Promise<Image>;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  build(dockerfile: string, options?: Partial<BuildOptions>): Promise<Image>;
  /** What is in the layer, by path. */
  layer(image: Image, index: number): Record<string, TarEntry>;
  /** Makes a builder over the same stores, as a new engine would. */
  reopen(): Promise<Builder>;
  close(): Promise<void>;
}

export interface WorkbenchOptions {
  readonly run?: (request: StepRequest) => Promise<number> | number;
  readonly fetch?: Fetch;
  readonly cacheLimitBytes?: number;
  readonly registry?: Readonly<Record<string, ImageConfig>>;
}

export async function openWorkbench(options: WorkbenchOptions = {}): Promise<Workbench> {
  const home = await mkdtemp(join(tmpdir(), 'build-'));
  const context = join(home, 'context');
  await mkdir(context);
  const layers = new Layers(home);
  const images = new Images(layers, options.registry ?? {});
  const runs: StepRequest[] = [];
  const store = memoryStore();
  const open = () =>
    openBuilder({
      home,
      store,
      snapshots: layers.snapshots(),
      images: images as unknown as ImageStore,
      ...(options.cacheLimitBytes === undefined ? {} : { cacheLimitBytes: options.cacheLimitBytes }),
      platform: { os: 'linux', architecture: 'amd64' },
      runStep: async (request) => {
        runs.push(request);
        return { exitCode: (await options.run?.(request)) ?? 0 };
      },
      fetch: options.fetch ?? (() => Promise.reject(new Error('no network in this test'))),
    });
  const builder = await open();
  const events: BuildEvent[] = [];
  const write = (files: Readonly<Record<string, string>>) => writeFiles(context, files);
  return {
    builder,
    home,
    context,
    runs,
    pulls: images.pulls,
    events,
    tags: images.tags,
    write,
    image: async (name, files, config = {}) => {
      const layer = await layers.addFiles(files);
      const image = await images.put({ ...plain, config, diffIds: [layer.diffId] });
      await images.tag(image.id, parseReference(name));
      return image;
    },
    build: (dockerfile, more = {}) =>
      builder.build(
        { ...defaults(context), dockerfile: { text: dockerfile }, ...more },
        (event) => events.push(event),
        new AbortController().signal,
      ),
    layer: (image, index) => layers.entries.get(image.chainIds.at(index)!)!,
    reopen: open,
    close: () => rm(home, { recursive: true, force: true }),
  };
}

const plain = {
  platform: { os: 'linux', architecture: 'amd64' },
  created: '2020-01-01T00:00:00Z',
  history: [{ created: '2020-01-01T00:00:00Z', comment: 'base' }],
};

export function defaults(contextDirectory: string): BuildOptions {
  return {
    contextDirectory,
    dockerfile: { path: 'Dockerfile' },
    buildArgs: {},
    labels: {},
    tags: [],
    noCache: false,
    pull: false,
    network: '',
    extraHosts: [],
    ulimits: [],
    auths: {},
  };
}

export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

export function memoryStore(): Store {
  const tables = new Map<string, Map<string, unknown>>();
  return {
    table: <T>(name: string): Table<T> => {
      const rows = (tables.get(name) ?? new Map()) as Map<string, T>;
      tables.set(name, rows);
      return {
        get: (id) => rows.get(id),
        all: () => [...rows].map(([id, value]) => ({ id, value })),
        put: async (id, value) => void rows.set(id, value),
        remove: async (id) => void rows.delete(id),
      };
    },
    transaction: async (work) => work(),
    close: async () => undefined,
  };
}

function sha256(data: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

/** Each chain is a folder that holds all of it, so that a view of it is the folder itself. */
class Layers {
  readonly entries = new Map<ChainId, Record<string, TarEntry>>();

  constructor(private readonly home: string) {}

  folder(chain: ChainId): string {
    return join(this.home, 'layers', chain.slice(7));
  }

  /** One after the other: two stages may make the same layer at the same time. */
  add(parent: ChainId | undefined, tar: Readable) {
    const added = this.last.then(() => this.addOne(parent, tar));
    this.last = added.catch(() => undefined);
    return added;
  }

  private last: Promise<unknown> = Promise.resolve();

  private async addOne(
    parent: ChainId | undefined,
    tar: Readable,
  ): Promise<{ diffId: Digest; chainId: ChainId; sizeBytes: number }> {
    const bytes = await buffer(tar);
    const diffId = sha256(bytes);
    const chainId = parent === undefined ? diffId : sha256(`${parent} ${diffId}`);
    if (this.entries.has(chainId)) return { diffId, chainId, sizeBytes: bytes.length };
    await mkdir(this.folder(chainId), { recursive: true });
    if (parent !== undefined)
      await cp(this.folder(parent), this.folder(chainId), { recursive: true, verbatimSymlinks: true });
    this.entries.set(chainId, await unpack(bytes, this.folder(chainId)));
    return { diffId, chainId, sizeBytes: bytes.length };
  }

  async addFiles(files: Readonly<Record<string, string>>) {
    const folder = await mkdtemp(join(this.home, 'base-'));
    await writeFiles(folder, files);
    const diffId = sha256(JSON.stringify(files));
    await cp(folder, this.folder(diffId), { recursive: true });
    return { diffId, chainId: diffId };
  }

  snapshots(): Snapshots {
    const root = (key: string, chain: ChainId | undefined) => ({
      kind: 'overlay' as const,
      lower: chain === undefined ? [] : [this.folder(chain)],
      below: chain === undefined ? [] : [this.folder(chain)],
      upper: join(this.home, 'roots', key, 'upper'),
      work: join(this.home, 'roots', key, 'work'),
      mountpoint: join(this.home, 'roots', key, 'root'),
    });
    return {
      has: (chain: ChainId) => this.entries.has(chain),
      lowerDirectories: (chain: ChainId | undefined) => (chain === undefined ? [] : [this.folder(chain)]),
      prepare: async (key: string, chain: ChainId | undefined) => {
        const prepared = root(key, chain);
        for (const folder of [prepared.upper, prepared.work, prepared.mountpoint])
          await mkdir(folder, { recursive: true });
        return prepared;
      },
      diffTar: (key: string) => Readable.from(packFolder(root(key, undefined).upper)),
      discard: (key: string) => rm(join(this.home, 'roots', key), { recursive: true, force: true }),
    } as unknown as Snapshots;
  }
}

async function* packFolder(folder: string): AsyncGenerator<Buffer> {
  const { LayerDraft } = await import('../../../runtime/build/files/place.js');
  const { layerTar } = await import('../../../runtime/build/files/layer-tar.js');
  const { selectSources } = await import('../../../runtime/build/files/select.js');
  const { FolderTree, emptyTree } = await import('../../../runtime/build/files/tree.js');
  const draft = new LayerDraft(emptyTree);
  const selected = await selectSources(new FolderTree(folder), ['/'], { parents: false, excludes: [] });
  await draft.place(selected, { destination: '/', owner: undefined, mode: undefined, nowMs: 0 });
  yield await buffer(layerTar(draft.placed));
}

async function unpack(bytes: Buffer, folder: string): Promise<Record<string, TarEntry>> {
  const found: Record<string, TarEntry> = {};
  const stream = extract();
  stream.end(bytes);
  for await (const entry of stream) {
    const { name, type, mode, uid, gid, mtime, linkname } = entry.header;
    const text = (await buffer(entry as unknown as Readable)).toString();
    found[name.replace(/\/$/, '')] = {
      name,
      type: type ?? 'file',
      mode: mode ?? 0,
      uid: uid ?? 0,
      gid: gid ?? 0,
      mtime: mtime?.getTime() ?? 0,
      linkname: linkname || undefined,
      text,
    };
    if (type === 'directory') await mkdir(join(folder, name), { recursive: true });
    if (type === 'file') await writeFiles(folder, { [name]: text });
  }
  return found;
}

class Images {
  private readonly all = new Map<Digest, Image>();
  readonly tags = new Map<string, Digest>();
  readonly pulls: string[] = [];

  constructor(
    private readonly layers: Layers,
    private readonly registry: Readonly<Record<string, ImageConfig>>,
  ) {}

  find(name: string): Image | undefined {
    return this.all.get(name as Digest) ?? this.all.get(this.tags.get(normal(name)) ?? 'sha256:');
  }

  list(): Image[] {
    return [...this.all.values()];
  }

  keepNew = () => () => undefined;

  addLayer(parent: ChainId | undefined, tar: Readable) {
    return this.layers.add(parent, tar);
  }

  async put(image: NewImage): Promise<Image> {
    const id = sha256(JSON.stringify(image));
    const chainIds: ChainId[] = [];
    for (const diffId of image.diffIds)
      chainIds.push(chainIds.length === 0 ? diffId : sha256(`${chainIds.at(-1)} ${diffId}`));
    const { attestations: _, ...plain } = image;
    const stored = { ...plain, id, manifestDigest: id, chainIds, sizeBytes: 0, tags: [], repoDigests: [] };
    this.all.set(id, stored);
    return stored;
  }

  async tag(id: string, reference: ReturnType<typeof parseReference>): Promise<void> {
    this.tags.set(`${reference.registry}/${reference.repository}:${reference.tag}`, id as Digest);
  }

  async pull(reference: ReturnType<typeof parseReference>): Promise<Image> {
    const name = `${reference.registry}/${reference.repository}:${reference.tag}`;
    this.pulls.push(name);
    const config = this.registry[name];
    if (config === undefined) throw new EngineError('not-found', `pull access denied for ${reference.repository}`);
    const layer = await this.layers.addFiles({ 'etc/pulled': name });
    const image = await this.put({ ...plain, config, diffIds: [layer.diffId] });
    await this.tag(image.id, reference);
    return image;
  }
}

function normal(name: string): string {
  const reference = parseReference(name);
  return `${reference.registry}/${reference.repository}:${reference.tag}`;
}

/** What a build is refused with. */
export async function rejection(build: Promise<unknown>): Promise<EngineError> {
  const outcome = await build.then(
    () => undefined,
    (error: EngineError) => error,
  );
  if (outcome === undefined) throw new Error('it was not refused');
  return outcome;
}
