import { type FileHandle, mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { EngineError } from '../errors.js';
import { decompress } from './decompress.js';
import type { Digest } from './types.js';

const WRITE_BYTES = 1 << 20;
const LARGE_BYTES = 1 << 20;
const DOCUMENT_BYTES_MAX = 16 << 20;

/** An archive of images, its files laid in a folder under names of our own: what it calls them never becomes a path. */
export interface OpenedArchive {
  /** Path on disk of a file of the archive; links within it are followed. */
  path(name: string): string | undefined;
  json<T>(name: string): Promise<T | undefined>;
  /** SHA-256 of the file that `path` gave. */
  digest(path: string): Promise<Digest>;
  close(): Promise<void>;
}

export interface ArchiveOptions {
  /** Where its folder is made. */
  readonly directory: string;
  readonly digestOfFile: (path: string) => Promise<Digest>;
  /** Whether the digest of a large file, named as in the archive, will be asked for: then it is found while others arrive. */
  readonly isAsked: (name: string) => boolean;
}

export async function openArchive(archive: Readable, options: ArchiveOptions): Promise<OpenedArchive> {
  const folder = await mkdtemp(join(options.directory, 'load-'));
  const digests = openDigests(options.digestOfFile);
  try {
    const { files, links } = await spread(await decompress(archive), folder, (name, { path, bytes }) => {
      if (bytes >= LARGE_BYTES && options.isAsked(name)) void digests(path);
    });
    return { ...describe(folder, files, links), digest: digests };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw asInvalid(error);
  }
}

interface Spread {
  readonly files: Map<string, string>;
  readonly links: Map<string, string>;
}

/** One file at a time, each once. */
function openDigests(digestOfFile: ArchiveOptions['digestOfFile']): OpenedArchive['digest'] {
  const known = new Map<string, Promise<Digest>>();
  let last: Promise<unknown> = Promise.resolve();
  return (path) => {
    const digest = known.get(path) ?? last.then(() => digestOfFile(path));
    // Whoever asks hears of a failure.
    last = digest.catch(() => undefined);
    known.set(path, digest);
    return digest;
  };
}

interface SpreadFile {
  readonly path: string;
  readonly bytes: number;
}

async function spread(
  tar: Readable,
  folder: string,
  onFile: (name: string, file: SpreadFile) => void,
): Promise<Spread> {
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  const unpacking = extract();
  tar.on('error', (error) => unpacking.destroy(error));
  tar.pipe(unpacking);
  for await (const entry of unpacking) {
    const { name, type, linkname } = entry.header;
    const key = posix.normalize(name).replace(/^\/+/, '');
    if (type === 'file') {
      const path = join(folder, String(files.size));
      await writeEntry(entry as unknown as AsyncIterable<Buffer>, path);
      files.set(key, path);
      onFile(key, { path, bytes: entry.header.size ?? 0 });
    } else if ((type === 'symlink' || type === 'link') && linkname) {
      const base = type === 'symlink' ? posix.dirname(key) : '.';
      links.set(key, posix.normalize(posix.join(base, linkname)));
      entry.resume();
    } else entry.resume();
  }
  return { files, links };
}

/** In large pieces: a write costs more than what it carries. */
async function writeEntry(entry: AsyncIterable<Buffer>, path: string): Promise<void> {
  const handle = await open(path, 'wx');
  let pieces: Buffer[] = [];
  let bytes = 0;
  const flush = async () => {
    if (bytes > 0) await writeAll(handle, pieces, bytes);
    pieces = [];
    bytes = 0;
  };
  try {
    for await (const piece of entry) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes >= WRITE_BYTES) await flush();
    }
    await flush();
  } finally {
    await handle.close();
  }
}

/** Without a copy of what is written, but for a file system that takes only a part of it: then the next write says why. */
async function writeAll(handle: FileHandle, pieces: readonly Buffer[], bytes: number): Promise<void> {
  const { bytesWritten } = await handle.writev(pieces);
  if (bytesWritten < bytes) await handle.appendFile(Buffer.concat(pieces).subarray(bytesWritten));
}

function describe(
  folder: string,
  files: Map<string, string>,
  links: Map<string, string>,
): Omit<OpenedArchive, 'digest'> {
  const path = (name: string): string | undefined => {
    let key = posix.normalize(name);
    for (let hops = 0; hops < 10 && links.has(key); hops++) key = links.get(key)!;
    return files.get(key);
  };
  return {
    path,
    async json<T>(name: string) {
      const file = path(name);
      if (!file) return undefined;
      try {
        return JSON.parse((await readDocument(file)).toString('utf8')) as T;
      } catch (cause) {
        if (cause instanceof EngineError) throw cause;
        throw new EngineError('invalid', `${name} in the archive is no JSON: ${(cause as Error).message}`, { cause });
      }
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A manifest, an index or a configuration, of those that a registry would be allowed as well. Throws `invalid`. */
export async function readDocument(file: string): Promise<Buffer> {
  const { size } = await stat(file);
  if (size > DOCUMENT_BYTES_MAX)
    throw new EngineError('invalid', `invalid archive: a document of ${size} bytes is in it`);
  return readFile(file);
}

function asInvalid(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof EngineError || (code !== undefined && /^E[A-Z]+$/.test(code))) return error;
  return new EngineError('invalid', `invalid archive: ${message}`, { cause: error });
}
