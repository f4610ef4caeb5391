import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import type { Digest, Snapshots } from '../snapshots/types.js';
import type { LayerRecord, Layers } from './layers.js';

/**
 * What is wrong with a layer's folder, undefined for nothing. A layer that a build left is packed again and its digest
 * compared; one that came as a tar is held against that tar, file by file (contents and sizes; names that only whiteouts,
 * links or directories have are looked for, no more).
 */
export async function compareLayer(
  layers: Layers,
  snapshots: Snapshots,
  diffId: Digest,
  record: LayerRecord,
): Promise<string | undefined> {
  const folder = snapshots.lowerDirectories(record.chainId)[0];
  if (folder === undefined) return undefined;
  try {
    const tar = await layers.openTar(diffId);
    if (record.blob) return await compareFiles(tar, folder);
    tar.resume();
    await pipeline(tar, async (chunks) => {
      for await (const _ of chunks);
    });
    return undefined;
  } catch (error) {
    // Of a damaged blob the check of blobs speaks already.
    return record.blob ? undefined : (error as Error).message;
  }
}

interface Expected {
  readonly size: number;
  readonly hash: string;
}

async function compareFiles(tar: NodeJS.ReadableStream, folder: string): Promise<string | undefined> {
  const files = new Map<string, Expected>();
  const unpacking = extract();
  const reading = pipeline(tar, unpacking);
  reading.catch(() => undefined);
  for await (const entry of unpacking) {
    const { type, name, size = 0 } = entry.header;
    const key = posix.normalize(`/${name}`);
    files.delete(key);
    const isContent = type === 'file' && !posix.basename(key).startsWith('.wh.');
    const hash = createHash('sha256');
    for await (const chunk of entry) if (isContent) hash.update(chunk as Buffer);
    if (isContent) files.set(key, { size, hash: hash.digest('hex') });
  }
  await reading;
  for (const [name, expected] of files) {
    const wrong = await compareFile(join(folder, name), expected);
    if (wrong) return `${name} ${wrong}`;
  }
  return undefined;
}

async function compareFile(path: string, expected: Expected): Promise<string | undefined> {
  const stats = await lstat(path).catch(() => undefined);
  if (!stats) return 'is missing';
  // Replaced by a later entry under another spelling, or reached through a link of the layer itself.
  if (!stats.isFile()) return undefined;
  if (stats.size !== expected.size) return `has ${stats.size} bytes, not ${expected.size}`;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex') === expected.hash ? undefined : 'has other content';
}
