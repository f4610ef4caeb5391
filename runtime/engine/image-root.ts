import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Engine } from './engine.js';

/** The file system of an image as one tar: no container, no files of the engine's in it. Throws `not-found`. */
export async function packImageRoot(engine: Engine, name: string): Promise<Readable> {
  const { images, snapshots, launcher } = engine.foundations;
  const key = `export-${randomUUID()}`;
  const root = await snapshots.prepare(key, images.get(name).chainIds.at(-1));
  const tar = launcher.pack({ root: { ...root, binds: [] }, path: '/', mode: 'plain' });
  tar.once('close', () => void snapshots.discard(key));
  return tar;
}
