/** What a container made (lock files, generated code), to the host: regular files alone, and none outside the folder asked for. */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import tar from 'tar-stream';
import type { EngineClient } from '../engine/client.js';
import { getArchive } from '../engine/containers.js';
import { isStatus } from '../engine/errors.js';

export interface PullWish {
  /** Absolute, in the container; a file or a folder. */
  readonly from: string;
  /** Absolute, on the host: what `from` is there. */
  readonly to: string;
  /** Of paths below `from`; '' is `from` itself. */
  readonly wants: (below: string) => boolean;
}

/** Larger ones are no sources. */
const FILE_LIMIT = 64 << 20;

/** Gives the host paths whose content changed; none when `from` is not there. What is gone in the container stays on the host. */
export async function pullFiles(engine: EngineClient, id: string, wish: PullWish): Promise<string[]> {
  const changed: string[] = [];
  try {
    const extract = tar.extract();
    const archive = await getArchive(engine, id, wish.from);
    archive.on('error', (error) => extract.destroy(error));
    archive.pipe(extract);
    for await (const entry of extract) {
      const { header } = entry;
      const below = header.name.split('/').filter(Boolean).slice(1).join('/');
      const isWanted = header.type === 'file' && (header.size ?? 0) <= FILE_LIMIT && wish.wants(below);
      const target = isWanted ? await hostPath(wish.to, below) : undefined;
      if (target === undefined) entry.resume();
      else if (await writeIfDifferent(target, await buffer(entry), header)) changed.push(target);
    }
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
  }
  return changed;
}

/** Undefined for what would leave the folder, by `..` or through a symbolic link. */
async function hostPath(root: string, below: string): Promise<string | undefined> {
  if (below === '') return root;
  const parts = below.split('/');
  if (parts.includes('..')) return undefined;
  let folder = root;
  for (const part of parts.slice(0, -1)) {
    folder = path.join(folder, part);
    if ((await lstat(folder).catch(() => undefined))?.isDirectory() === false) return undefined;
  }
  return path.join(root, ...parts);
}

/** At once, by renaming: an editor or a compiler never reads half of it. */
async function writeIfDifferent(file: string, content: Buffer, { mode, mtime }: tar.Header): Promise<boolean> {
  const there = await lstat(file).catch(() => undefined);
  if (there && !there.isFile()) return false;
  if (there?.size === content.length && content.equals(await readFile(file))) return false;
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${randomBytes(4).toString('hex')}~`;
  try {
    await writeFile(temporary, content, { mode: (mode ?? 0o644) & 0o777 });
    if (mtime) await utimes(temporary, mtime, mtime);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return true;
}
