/** `commit`: what a container changed becomes a layer, its configuration the image's. */
import { familiarReference } from '../images/reference.js';
import type { Image, ImageConfig, Reference } from '../images/types.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';
import { applyChanges } from './image-changes.js';
import { tellImage } from './images.js';
import { pauseContainer, unpauseContainer } from './pause.js';
import { now } from './time.js';
import type { ContainerConfig } from './types.js';
import { writableRoot } from './writable-root.js';

export interface CommitRequest {
  readonly container: string;
  readonly reference: Reference | undefined;
  readonly comment: string;
  readonly author: string;
  readonly changes: readonly string[];
  /** Hold its processes while its files are read. */
  readonly pause: boolean;
  /** Replaces parts of the container's own; undefined: that as it is. */
  readonly config: Partial<ImageConfig> | undefined;
}

/** What of a container's configuration an image keeps. */
const KEPT = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'Healthcheck',
  'Shell',
  'OnBuild',
] as const satisfies readonly (keyof ContainerConfig & keyof ImageConfig)[];

function imageConfigOf(config: ContainerConfig): ImageConfig {
  const entries = KEPT.map((key) => [key, config[key]] as const);
  return Object.fromEntries(
    entries.filter(([, value]) => value !== undefined && value !== null && !isEmptyMap(value)),
  ) as ImageConfig;
}

function isEmptyMap(value: unknown): boolean {
  return typeof value === 'object' && !Array.isArray(value) && Object.keys(value as object).length === 0;
}

const nameOf = (line: string) => line.split('=', 1)[0]!;

/** Docker's runconfig.Merge: what `own` leaves open is taken from `base`; lists of names are joined. */
export function mergeConfig(own: Partial<ImageConfig>, base: ImageConfig): ImageConfig {
  const ownEnv = own.Env ?? [];
  const names = new Set(ownEnv.map(nameOf));
  const hasEntrypoint = (own.Entrypoint?.length ?? 0) > 0;
  const command = (own.Cmd?.length ?? 0) > 0 || hasEntrypoint ? own.Cmd : base.Cmd;
  const entrypoint = own.Entrypoint ?? base.Entrypoint;
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== '' && value !== null));
  return {
    ...base,
    ...given,
    Env: [...ownEnv, ...(base.Env ?? []).filter((line) => !names.has(nameOf(line)))],
    Labels: { ...base.Labels, ...own.Labels },
    ...joined('ExposedPorts', own, base),
    ...joined('Volumes', own, base),
    ...(command ? { Cmd: command } : { Cmd: null }),
    ...(entrypoint ? { Entrypoint: entrypoint } : { Entrypoint: null }),
  };
}

function joined(key: 'ExposedPorts' | 'Volumes', own: Partial<ImageConfig>, base: ImageConfig): Partial<ImageConfig> {
  const all = { ...base[key], ...own[key] };
  return Object.keys(all).length > 0 ? { [key]: all } : {};
}

/** Throws `not-found`, `invalid` for a change that cannot be read. */
export async function commitContainer(engine: Engine, request: CommitRequest): Promise<Image> {
  const container = engine.containers.get(request.container);
  const { record } = container;
  const base = imageConfigOf(record.config);
  const changed = await applyChanges(request.config ?? base, request.changes, record.platform);
  const config = request.config === undefined ? changed : mergeConfig(changed, base);
  const release = engine.foundations.images.keepNew();
  return whilePaused(engine, container, request.pause, () => commit(engine, container, request, config)).finally(
    release,
  );
}

async function commit(
  engine: Engine,
  container: Container,
  request: CommitRequest,
  config: ImageConfig,
): Promise<Image> {
  const image = await putImage(engine, container, request, config);
  tellImage(engine, 'create', image.id, image.id, image);
  const name = request.reference ? familiarReference(request.reference) : '';
  if (request.reference) {
    await engine.foundations.images.tag(image.id, request.reference);
    tellImage(engine, 'tag', image.id, name, image);
  }
  engine.tell(container, 'commit', { comment: request.comment, imageID: image.id, imageRef: name });
  return image;
}

/** Its files stand still while they are read, unless it is paused already or does not run. */
async function whilePaused<T>(
  engine: Engine,
  container: Container,
  pause: boolean,
  work: () => Promise<T>,
): Promise<T> {
  const { state } = container.record;
  if (!pause || !state.Running || state.Paused) return work();
  await pauseContainer(engine, container);
  try {
    return await work();
  } finally {
    await unpauseContainer(engine, container);
  }
}

/** A tar of nothing: as at Docker it becomes no layer. */
const EMPTY_TAR = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

async function putImage(
  engine: Engine,
  container: Container,
  request: CommitRequest,
  config: ImageConfig,
): Promise<Image> {
  const { images, snapshots } = engine.foundations;
  const { record } = container;
  const base = record.imageId ? images.find(record.imageId) : undefined;
  await writableRoot(engine, container);
  const layer = await images.addLayer(record.chainId, snapshots.diffTar(container.id, record.chainId));
  const created = now();
  const isEmpty = layer.diffId === EMPTY_TAR;
  return images.put({
    platform: record.platform,
    created,
    ...(request.author ? { author: request.author } : {}),
    ...(request.comment ? { comment: request.comment } : {}),
    config,
    history: [
      ...(base?.history ?? []),
      {
        created,
        created_by: (record.config.Cmd ?? []).join(' '),
        ...(request.author ? { author: request.author } : {}),
        ...(request.comment ? { comment: request.comment } : {}),
        ...(isEmpty ? { empty_layer: true } : {}),
      },
    ],
    diffIds: [...(base?.diffIds ?? []), ...(isEmpty ? [] : [layer.diffId])],
    ...(base ? { parent: base.id } : {}),
  });
}
