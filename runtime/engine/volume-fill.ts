/** A volume that is mounted for the first time over a folder of the image takes that folder's files, owners and modes. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import type { PreparedRoot } from '../snapshots/types.js';
import type { Engine } from './engine.js';
import type { MountPoint } from './types.js';
import { mountVolume, unmountVolume } from './volume-mounts.js';
import { volumeData } from './volumes.js';

/** Fills those of the mounts that are new and empty. Throws `system` when the disk refuses. */
export async function fillVolumes(engine: Engine, root: PreparedRoot, mounts: readonly MountPoint[]): Promise<void> {
  const fresh = mounts.filter((mount) => mount.Type === 'volume' && mount.noCopy !== true && !mount.subpath);
  await Promise.all(fresh.map((mount) => fillVolume(engine, root, mount)));
}

async function fillVolume(engine: Engine, root: PreparedRoot, mount: MountPoint): Promise<void> {
  const name = mount.Name!;
  if (!(await mayHold(root, mount.Destination))) return;
  await mountVolume(engine, name);
  try {
    const directory = volumeData(engine, name);
    if ((await readdir(directory)).length === 0) await copyTree(engine, root, mount.Destination, directory);
  } finally {
    if (engine.volumeRecords.get(name)?.options?.device) await unmountVolume(engine, name);
  }
}

async function copyTree(engine: Engine, root: PreparedRoot, path: string, directory: string): Promise<void> {
  const { launcher } = engine.foundations;
  const { lower, upper, work, mountpoint } = root;
  try {
    const tar = launcher.pack({
      root: { kind: 'overlay', lower, upper, work, mountpoint, binds: [] },
      path,
      mode: 'plain',
      rename: '.',
      followTop: true,
    });
    await launcher.unpack(
      { root: { kind: 'directory', path: directory }, path: '/', mode: 'plain', takeTop: true },
      tar,
    );
  } catch (cause) {
    const { errno } = cause as { errno?: string };
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return;
    throw new EngineError('system', `failed to populate volume: ${(cause as Error).message}`, { cause });
  }
}

/** A quick no for the usual case, a path that no layer has; links on the way count as a perhaps. */
async function mayHold(root: PreparedRoot, path: string): Promise<boolean> {
  const answers = await Promise.all(root.below.map((directory) => layerMayHold(directory, path)));
  return answers.includes(true);
}

async function layerMayHold(directory: string, path: string): Promise<boolean> {
  let at = directory;
  for (const part of path.split('/').filter((one) => one !== '')) {
    at = join(at, part);
    const found = await lstat(at).catch(() => undefined);
    if (found === undefined) return false;
    if (found.isSymbolicLink()) return true;
    if (!found.isDirectory()) return false;
  }
  return true;
}
