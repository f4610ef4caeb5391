/** Mounts of type image: an image's files, read-only, as a folder of the container. */
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';
import { containerDirectory } from './paths.js';
import type { MountPoint } from './types.js';

/** The container's mounts with the folders of image mounts filled in; an image of several layers is mounted on the host for it. */
export async function resolveImageMounts(engine: Engine, container: Container): Promise<readonly MountPoint[]> {
  const { mounts } = container.record;
  if (!mounts.some((mount) => mount.Type === 'image')) return mounts;
  return Promise.all(
    mounts.map((mount, index) => (mount.Type === 'image' ? shown(engine, container, mount, index) : mount)),
  );
}

async function shown(engine: Engine, container: Container, mount: MountPoint, index: number): Promise<MountPoint> {
  const { images, snapshots, launcher, paths } = engine.foundations;
  const image = images.get(mount.imageId ?? mount.Source);
  const layers = snapshots.lowerDirectories(image.chainIds.at(-1));
  const subpath = mount.spec?.ImageOptions?.Subpath;
  const mounted = (folder: string): MountPoint => ({
    ...mount,
    Source: folder,
    RW: false,
    ...(subpath ? { subpath } : {}),
  });
  if (layers.length === 1) return mounted(layers[0]!);
  const target = join(containerDirectory(paths, container.id), `image-${index}`);
  const result = await launcher.spawn([
    'sh',
    '-c',
    'mkdir -p "$1" && { mountpoint -q "$1" || mount -t overlay -o "ro,lowerdir=$2" overlay "$1"; }',
    'sh',
    target,
    layers.join(':'),
  ]);
  if (result.code !== 0)
    throw new EngineError('system', `failed to mount image ${mount.Source}: ${result.stderr.trim()}`);
  return mounted(target);
}

/** Takes the host's mounts for them away again. */
export async function releaseImageMounts(engine: Engine, container: Container): Promise<void> {
  for (const [index, mount] of container.record.mounts.entries()) {
    if (mount.Type !== 'image') continue;
    const target = join(containerDirectory(engine.foundations.paths, container.id), `image-${index}`);
    await engine.foundations.launcher.spawn(['umount', '-l', target]);
  }
}
