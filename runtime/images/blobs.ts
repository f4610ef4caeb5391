import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { digestOf, Hashing, hexOf } from './digest.js';
import type { Digest } from './types.js';

/** Content by digest, in an OCI image layout's `blobs/sha256/HEX`. What is in there has been verified. */
export interface Blobs {
  has(digest: Digest): boolean;
  sizeBytes(digest: Digest): number | undefined;
  list(): Digest[];
  path(digest: Digest): string;
  read(digest: Digest): Promise<Buffer>;
  open(digest: Digest): Readable;
  /** What its file really is; undefined when it cannot be read. */
  digestOnDisk(digest: Digest): Promise<Digest | undefined>;
  put(bytes: Uint8Array): Promise<Digest>;
  /** Stores a stream; `known` hears its digest before it is a blob. Nothing stays of one that breaks. */
  write(content: Readable, known?: (digest: Digest) => void): Promise<{ digest: Digest; sizeBytes: number }>;
  /** A file on the same file system becomes a blob too, by a second name for it; its content must be `digest`'s. */
  adopt(path: string, digest: Digest): Promise<void>;
  /** A file of one's own to fetch into; `keep` makes it the blob. */
  ingest(): Ingest;
  remove(digest: Digest): Promise<number>;
}

export interface Ingest {
  readonly path: string;
  keep(digest: Digest): Promise<void>;
  abandon(): Promise<void>;
}

/** Opens `HOME/blobs` and `HOME/ingest`; what was being fetched when an earlier engine died is thrown away. */
export async function openBlobs(home: string): Promise<Blobs> {
  const directory = join(home, 'blobs', 'sha256');
  const ingestDirectory = join(home, 'ingest');
  await rm(ingestDirectory, { recursive: true, force: true });
  await Promise.all([mkdir(directory, { recursive: true }), mkdir(ingestDirectory, { recursive: true })]);
  const sizes = await readSizes(directory);
  await dropUnwritten(home, directory, sizes);
  const path = (digest: Digest) => join(directory, hexOf(digest));
  let sequence = 0;
  /** Files on their way out: the same content may come again meanwhile. */
  const leaving = new Map<Digest, Promise<void>>();

  function ingest(): Ingest {
    sequence++;
    const file = join(ingestDirectory, `${process.pid}-${sequence}`);
    return {
      path: file,
      async keep(digest) {
        const { size } = await stat(file);
        await leaving.get(digest);
        await rename(file, path(digest));
        sizes.set(digest, size);
      },
      abandon: () => rm(file, { force: true }),
    };
  }

  return {
    has: (digest) => sizes.has(digest),
    sizeBytes: (digest) => sizes.get(digest),
    list: () => [...sizes.keys()],
    path,
    read: (digest) => readFile(path(digest)),
    open: (digest) => createReadStream(path(digest), { highWaterMark: 1 << 18 }).on('error', () => undefined),
    digestOnDisk: (digest) => digestOfFile(path(digest)).catch(() => undefined),
    async put(bytes) {
      const digest = digestOf(bytes);
      if (sizes.has(digest)) return digest;
      const target = ingest();
      await writeFile(target.path, bytes).then(
        () => target.keep(digest),
        (error) => abandonAfter(target, error),
      );
      return digest;
    },
    async write(content, known) {
      const target = ingest();
      const hashing = new Hashing(known);
      try {
        await pipeline(content, hashing, createWriteStream(target.path));
        await target.keep(hashing.digest!);
      } catch (error) {
        await abandonAfter(target, error);
      }
      return { digest: hashing.digest!, sizeBytes: hashing.sizeBytes };
    },
    async adopt(file, digest) {
      if (sizes.has(digest)) return;
      const { size } = await stat(file);
      await leaving.get(digest);
      await rm(path(digest), { force: true });
      await link(file, path(digest));
      sizes.set(digest, size);
    },
    ingest,
    async remove(digest) {
      const size = sizes.get(digest) ?? 0;
      sizes.delete(digest);
      const gone = rm(path(digest), { force: true }).finally(() => leaving.delete(digest));
      leaving.set(digest, gone);
      await gone;
      return size;
    },
  };
}

/** SHA-256 of a file. */
export async function digestOfFile(path: string): Promise<Digest> {
  const hashing = new Hashing();
  hashing.resume();
  await pipeline(createReadStream(path, { highWaterMark: 1 << 18 }), hashing);
  return hashing.digest!;
}

async function abandonAfter(target: Ingest, error: unknown): Promise<never> {
  await target.abandon();
  throw error;
}

const SMALL_BYTES = 1 << 20;

/**
 * After a power cut a blob's file may be there without its content. So the first time after each boot small blobs are
 * compared with their digests, and empty ones go; of large ones the catalog of layers knows the size.
 */
async function dropUnwritten(home: string, directory: string, sizes: Map<Digest, number>): Promise<void> {
  const file = join(home, 'blobs', 'boot');
  const read = (path: string) => readFile(path, 'utf8').catch(() => '');
  const [boot, before] = await Promise.all([read('/proc/sys/kernel/random/boot_id'), read(file)]);
  if (boot === before) return;
  for (const [digest, size] of sizes) {
    const path = join(directory, hexOf(digest));
    if (size > SMALL_BYTES || (await digestOfFile(path).catch(() => undefined)) === digest) continue;
    sizes.delete(digest);
    await rm(path, { force: true });
  }
  await writeFile(file, boot);
}

async function readSizes(directory: string): Promise<Map<Digest, number>> {
  const names = (await readdir(directory)).filter((name) => /^[a-f0-9]{64}$/.test(name));
  const entries = names.map(async (name): Promise<[Digest, number]> => {
    return [`sha256:${name}`, (await stat(join(directory, name))).size];
  });
  return new Map(await Promise.all(entries));
}
