/** POST /containers/create: validates, merges, records. Nothing runs yet. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { EngineError } from '../errors.js';
import type { Image } from '../images/types.js';
import { checkName, checkRequest, isContainerMode, LINKS_ON_HOST } from './check-create.js';
import { completeHostConfig } from './complete-host-config.js';
import { Container } from './container.js';
import { createWarnings } from './create-warnings.js';
import { CREATED } from './created-state.js';
import { predefinedNetworks } from './endpoint-settings.js';
import type { Engine } from './engine.js';
import type { HostConfig } from './host-config.js';
import { mergeConfig } from './merge-config.js';
import { resolveMounts } from './mounts.js';
import { networkWishes } from './network-wishes.js';
import { containerDirectory } from './paths.js';
import { randomName } from './random-name.js';
import { supportedLimits } from './supported-limits.js';
import { now } from './time.js';
import type { ContainerConfig, ContainerRecord, CreateRequest } from './types.js';
import { ownerWarnings } from './user-range.js';
import { fillVolumes } from './volume-fill.js';

/** Throws `invalid`, `not-found` (image), `conflict` (name). */
export async function createContainer(
  engine: Engine,
  request: CreateRequest,
): Promise<{ container: Container; warnings: string[] }> {
  const { host, warnings } = await supportedLimits(
    engine,
    withIds(engine, completeHostConfig(request.hostConfig, engine.cgroups.version)),
  );
  checkRequest(request, host, engine.machineSize);
  if (request.name !== undefined) checkName(request.name);
  const image = findImage(engine, request);
  const id = randomBytes(32).toString('hex');
  const config = mergedConfig(engine, request, image, host, id);
  checkReferences(engine, host);
  const name = request.name?.replace(/^\//, '') ?? randomName((taken) => engine.containers.isTaken(taken));
  engine.containers.reserve(name, id);
  const release = engine.foundations.images.hold(image);
  try {
    const record = await buildRecord(engine, { id, name, config, host, image, request });
    const more = [...createWarnings(host, engine.cgroups.version), ...(await ownerWarnings(engine, record))];
    const container = new Container(record);
    engine.containers.add(container);
    await engine.save(container);
    engine.tell(container, 'create');
    return { container, warnings: [...warnings, ...more] };
  } catch (error) {
    engine.containers.release(name, id);
    await discard(engine, id);
    throw error;
  } finally {
    release();
  }
}

/** Containers whose namespaces are shared are kept by id: names change. */
function withIds(engine: Engine, host: HostConfig): HostConfig {
  const byId = (mode: string) => {
    const other = mode.startsWith('container:') ? engine.containers.find(mode.slice('container:'.length)) : undefined;
    return other === undefined ? mode : `container:${other.id}`;
  };
  return { ...host, NetworkMode: byId(host.NetworkMode), PidMode: byId(host.PidMode), IpcMode: byId(host.IpcMode) };
}

function findImage(engine: Engine, request: CreateRequest): Image {
  const name = request.config.Image ?? '';
  if (name === '') throw new EngineError('invalid', 'config cannot be empty in order to create a container');
  const image = engine.foundations.images.get(name, request.platform);
  const wanted = request.platform;
  const { os, architecture } = image.platform;
  if (wanted !== undefined && (wanted.os !== os || wanted.architecture !== architecture))
    throw new EngineError(
      'not-found',
      `image with reference ${name} was found but its platform (${os}/${architecture}) does not match the specified platform (${wanted.os}/${wanted.architecture})`,
    );
  return image;
}

function mergedConfig(engine: Engine, request: CreateRequest, image: Image, host: HostConfig, id: string) {
  const config = mergeConfig(request.config, image.config, defaultHostname(engine, host, id));
  if ((config.Entrypoint ?? []).length + (config.Cmd ?? []).length === 0)
    throw new EngineError('invalid', 'no command specified');
  return config;
}

function defaultHostname(engine: Engine, host: HostConfig, id: string): string {
  if (host.NetworkMode === 'host') return hostname();
  const shared = /^container:(.+)$/.exec(host.NetworkMode)?.[1];
  const other = shared === undefined ? undefined : engine.containers.find(shared);
  return other?.record.config.Hostname ?? id.slice(0, 12);
}

/** Containers that modes and links name must be there; that of the network is missed at the start, as Docker does. Throws `invalid`. */
function checkReferences(engine: Engine, host: HostConfig): void {
  for (const mode of [host.PidMode, host.IpcMode]) {
    const name = /^container:(.+)$/.exec(mode)?.[1];
    if (name !== undefined && engine.containers.find(name) === undefined)
      throw new EngineError('invalid', `No such container: ${name}`);
  }
  // On networks with names a link is one more of them, and may lead to what comes later.
  if (!predefinedNetworks.includes(host.NetworkMode) && !isContainerMode(host.NetworkMode)) return;
  for (const link of host.Links ?? []) {
    const [name = '', , ...more] = link.split(':');
    if (link === '') throw new EngineError('system', 'empty string specified for links');
    if (more.length > 0) throw new EngineError('system', `bad format for links: ${link}`);
    const target = engine.containers.find(name);
    if (target === undefined)
      throw new EngineError('invalid', `could not get container for ${name}: No such container: ${name}`);
    if (target.record.hostConfig.NetworkMode === 'host') throw new EngineError('invalid', LINKS_ON_HOST);
  }
}

interface Parts {
  readonly id: string;
  readonly name: string;
  readonly config: ContainerConfig;
  readonly host: HostConfig;
  readonly image: Image;
  readonly request: CreateRequest;
}

async function buildRecord(engine: Engine, parts: Parts): Promise<ContainerRecord> {
  const { id, name, config, host, image, request } = parts;
  const { snapshots, networks } = engine.foundations;
  const chainId = image.chainIds.at(-1);
  const wishes = networkWishes(host, request.config, request.networks, (network) => networks.find(network));
  const mounts = await resolveMounts(engine, { hostConfig: host, volumes: config.Volumes });
  // Its folders are made when something is to be in them: by the start, or by a copy into it.
  if (mounts.some((mount) => mount.Type === 'volume'))
    await fillVolumes(engine, await snapshots.prepare(id, chainId), mounts);
  const args = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  return {
    version: 1,
    id,
    name,
    created: now(),
    path: args[0]!,
    args: args.slice(1),
    imageId: image.id,
    chainId,
    platform: image.platform,
    config,
    hostConfig: host,
    mounts,
    networks: wishes,
    state: CREATED,
    restartCount: 0,
    stoppedByHand: false,
    startedBefore: false,
    running: undefined,
  };
}

/** Takes back what a failed create left: nobody refers to it. Anonymous volumes among them are pruned as unused ones. */
async function discard(engine: Engine, id: string): Promise<void> {
  await engine.foundations.snapshots.discard(id).catch(() => undefined);
  await rm(containerDirectory(engine.foundations.paths, id), { recursive: true, force: true });
}
