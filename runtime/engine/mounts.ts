/** From what a request asks for to the mounts of a container: Docker's order, its defaults and its sentences. */
import { lstat, mkdir } from 'node:fs/promises';
import { EngineError } from '../errors.js';
import { cleanPath, type ParsedMount, parseBind, parseMount } from './bind-spec.js';
import type { Engine } from './engine.js';
import type { HostConfig } from './host-config.js';
import type { MountPoint } from './types.js';
import { createVolume, volumeData } from './volumes.js';

/** What asks for mounts: the HostConfig and the image's and the request's `Volumes`. */
export interface MountWishes {
  readonly hostConfig: HostConfig;
  readonly volumes: Readonly<Record<string, object>> | undefined;
}

/** Everything that can be said without touching a folder. Throws `invalid`. */
function parseMounts(hostConfig: HostConfig): ParsedMount[] {
  const parsed = [...(hostConfig.Binds ?? []).map(parseBind), ...(hostConfig.Mounts ?? []).map(parseMount)];
  const seen = new Set(Object.keys(hostConfig.Tmpfs ?? {}).map(cleanPath));
  for (const mount of parsed) {
    if (seen.has(mount.target)) throw new EngineError('invalid', `Duplicate mount point: ${mount.target}`);
    seen.add(mount.target);
  }
  for (const target of Object.keys(hostConfig.Tmpfs ?? {})) {
    if (!target.startsWith('/'))
      throw new EngineError('invalid', `invalid mount path: '${target}' mount path must be absolute`);
    if (cleanPath(target) === '/') throw new EngineError('invalid', "invalid specification: destination can't be '/'");
  }
  return parsed;
}

/** Resolves all mounts: looks up sources, makes volumes. Throws `invalid`, `not-found`. */
export async function resolveMounts(engine: Engine, wishes: MountWishes): Promise<MountPoint[]> {
  const parsed = parseMounts(wishes.hostConfig);
  const byTarget = new Map<string, MountPoint>();
  for (const mount of inheritedMounts(engine, wishes.hostConfig.VolumesFrom ?? []))
    byTarget.set(mount.Destination, mount);
  for (const mount of parsed) byTarget.set(mount.target, await resolveMount(engine, mount));
  const tmpfs = new Set(Object.keys(wishes.hostConfig.Tmpfs ?? {}).map(cleanPath));
  for (const path of Object.keys(wishes.volumes ?? {})) {
    const target = cleanPath(path);
    if (!byTarget.has(target) && !tmpfs.has(target)) byTarget.set(target, await anonymousMount(engine, target));
  }
  return [...byTarget.values()];
}

function inheritedMounts(engine: Engine, specs: readonly string[]): MountPoint[] {
  return specs.flatMap((spec) => {
    if (spec === '') throw new EngineError('invalid', 'volumes-from specification cannot be an empty string');
    const [name = '', ...rest] = spec.split(':');
    const mode = rest.length === 0 ? 'rw' : rest.join(':');
    if (name === '') throw new EngineError('invalid', `malformed volumes-from specification: ${spec}`);
    const readOnly = mode.split(',').includes('ro');
    if (!mode.split(',').every((flag) => ['rw', 'ro', 'z', 'Z'].includes(flag)))
      throw new EngineError('invalid', `invalid mode: ${mode}`);
    const other = engine.containers.find(name);
    if (other === undefined) throw new EngineError('invalid', `No such container: ${name}`);
    return other.record.mounts
      .filter((mount) => mount.Type !== 'tmpfs')
      .map((mount) => ({ ...mount, RW: mount.RW && !readOnly, anonymous: false, noCopy: true }));
  });
}

async function resolveMount(engine: Engine, mount: ParsedMount): Promise<MountPoint> {
  const shared = {
    Destination: mount.target,
    Mode: mount.mode,
    RW: !mount.readOnly,
    Propagation: mount.propagation,
    ...(mount.spec === undefined ? {} : { spec: mount.spec }),
  };
  if (mount.type === 'bind') {
    await checkBindSource(mount);
    return { Type: 'bind', Source: mount.source, ...shared };
  }
  if (mount.type === 'tmpfs') return { Type: 'tmpfs', Source: '', ...shared };
  if (mount.type === 'image') {
    const image = engine.foundations.images.get(mount.source);
    return { Type: 'image', Name: mount.source, Source: mount.source, ...shared, imageId: image.id };
  }
  return volumeMount(engine, mount, shared);
}

async function checkBindSource(mount: ParsedMount): Promise<void> {
  const isThere = await lstat(mount.source).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  if (!mount.createSource)
    throw new EngineError(
      'invalid',
      `invalid mount config for type "bind": bind source path does not exist: ${mount.source}`,
    );
  try {
    await mkdir(mount.source, { recursive: true, mode: 0o755 });
  } catch (cause) {
    throw new EngineError(
      'system',
      `error while creating mount source path '${mount.source}': ${(cause as Error).message}`,
      { cause },
    );
  }
}

async function volumeMount(
  engine: Engine,
  mount: ParsedMount,
  shared: Omit<MountPoint, 'Type' | 'Source'>,
): Promise<MountPoint> {
  const options = mount.spec?.VolumeOptions;
  const volume = await createVolume(engine, {
    name: mount.source,
    driver: options?.DriverConfig?.Name,
    options: options?.DriverConfig?.Options ?? null,
    labels: options?.Labels ?? null,
  });
  return {
    Type: 'volume',
    Name: volume.name,
    Source: volumeData(engine, volume.name),
    Driver: 'local',
    ...shared,
    anonymous: mount.source === '',
    noCopy: mount.noCopy,
    ...(options?.Subpath ? { subpath: options.Subpath } : {}),
  };
}

async function anonymousMount(engine: Engine, target: string): Promise<MountPoint> {
  const volume = await createVolume(engine, { name: undefined, driver: undefined, options: null, labels: null });
  return {
    Type: 'volume',
    Name: volume.name,
    Source: volumeData(engine, volume.name),
    Destination: target,
    Driver: 'local',
    Mode: '',
    RW: true,
    Propagation: '',
    anonymous: true,
    noCopy: false,
  };
}
