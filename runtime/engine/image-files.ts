/** The files that an image's layers add up to, for builds whose result is files. */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Engine } from './engine.js';
import type { Image } from './images.js';

/** As one plain tar, which is only good while `work` goes on. */
export async function withImageTar<T>(engine: Engine, image: Image, work: (tar: Readable) => Promise<T>): Promise<T> {
  const { snapshots, launcher } = engine.foundations;
  const key = `image-files-${randomUUID()}`;
  const { lower, upper, work: scratch, mountpoint } = await snapshots.prepare(key, image.chainIds.at(-1));
  try {
    const root = { kind: 'overlay', lower, upper, work: scratch, mountpoint, binds: [] } as const;
    return await work(launcher.pack({ root, path: '/', mode: 'plain' }));
  } finally {
    await snapshots.discard(key);
  }
}

/** As a folder, gone when `work` ends. */
export async function withImageFolder<T>(
  engine: Engine,
  image: Image,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const { paths, launcher } = engine.foundations;
  const parent = join(paths.home, 'build', 'contexts');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(parent, 'output-'));
  try {
    await withImageTar(engine, image, (tar) =>
      launcher.unpack({ root: { kind: 'directory', path: folder }, path: '/', mode: 'plain' }, tar),
    );
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
