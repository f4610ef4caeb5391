/** A /dev/shm that other containers may join (`ipc: shareable`): a tmpfs on the host, bound into each of them. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import type { MountSpec } from '../launch/spec.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';
import { containerDirectory } from './paths.js';

function shmFolder(engine: Engine, id: string): string {
  return join(containerDirectory(engine.foundations.paths, id), 'shm');
}

const bound = (source: string): MountSpec => ({
  kind: 'bind',
  source,
  target: '/dev/shm',
  readOnly: false,
  recursive: true,
  propagation: 'rprivate',
});

/** The mount of /dev/shm where it is not a tmpfs of the container's own. */
export async function prepareShm(engine: Engine, container: Container): Promise<MountSpec[]> {
  const { hostConfig, mounts } = container.record;
  if (mounts.some((mount) => mount.Destination === '/dev/shm') || hostConfig.Tmpfs?.['/dev/shm'] !== undefined)
    return [];
  const mode = hostConfig.IpcMode;
  if (mode === 'host') return [bound('/dev/shm')];
  if (mode.startsWith('container:')) {
    const other = engine.containers.get(mode.slice('container:'.length));
    if (other.record.hostConfig.IpcMode === 'host') return [bound('/dev/shm')];
    if (other.record.hostConfig.IpcMode !== 'shareable')
      throw new EngineError(
        'invalid',
        `failed to join IPC namespace: container ${other.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
      );
    return [bound(shmFolder(engine, other.id))];
  }
  if (mode !== 'shareable') return [];
  const folder = shmFolder(engine, container.id);
  await mkdir(folder, { recursive: true });
  const result = await engine.foundations.launcher.spawn([
    'sh',
    '-c',
    'mountpoint -q "$1" || mount -t tmpfs -o "nosuid,nodev,noexec,mode=1777,size=$2" shm "$1"',
    'sh',
    folder,
    String(hostConfig.ShmSize),
  ]);
  if (result.code !== 0) throw new EngineError('system', `mounting shm: ${result.stderr.trim()}`);
  return [bound(folder)];
}

export async function releaseShm(engine: Engine, container: Container): Promise<void> {
  if (container.record.hostConfig.IpcMode === 'shareable')
    await engine.foundations.launcher.spawn(['umount', '-l', shmFolder(engine, container.id)]);
}
