import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import type { Placed } from './place.js';
import { PatientReader } from './read.js';
import type { EntryType } from './tree.js';

type Header = Parameters<Pack['entry']>[0];

const WHOLE_BYTES = 4 << 20;

const TAR_TYPES: Readonly<Record<EntryType, Header['type']>> = {
  file: 'file',
  directory: 'directory',
  symlink: 'symlink',
  fifo: 'fifo',
  'character-device': 'character-device',
  'block-device': 'block-device',
};

/** An uncompressed layer of these entries, sorted by path: the same entries give the same bytes. */
export function layerTar(placed: ReadonlyMap<string, Placed>): Readable {
  const stream = pack();
  writeAll(stream, placed).then(
    () => stream.finalize(),
    (error: Error) => stream.destroy(error),
  );
  return stream as unknown as Readable;
}

async function writeAll(stream: Pack, placed: ReadonlyMap<string, Placed>): Promise<void> {
  const links = new Map<string, string>();
  const reader = new PatientReader();
  const paths = [...placed.keys()].map((path) => [path, path.replaceAll('/', '\0')] as const);
  // A folder right before what is in it.
  paths.sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (const [path] of paths) {
    const { entry, content } = placed.get(path)!;
    const key = entry.linkKey;
    const first = key === undefined ? undefined : links.get(key);
    if (key !== undefined && first === undefined) links.set(key, path);
    if (first !== undefined) await write(stream, { ...header(path, placed.get(path)!), type: 'link', linkname: first });
    else await writeEntry(stream, header(path, placed.get(path)!), { content, sizeBytes: entry.sizeBytes, reader });
  }
  reader.close();
}

function header(path: string, { entry }: Placed): Header {
  return {
    name: entry.type === 'directory' ? `${path}/` : path,
    type: TAR_TYPES[entry.type],
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtime: new Date(Math.floor(entry.mtimeMs / 1000) * 1000),
    ...(entry.target === undefined ? {} : { linkname: entry.target }),
    devmajor: entry.major,
    devminor: entry.minor,
    size: 0,
  };
}

async function writeEntry(
  stream: Pack,
  head: Header,
  { content, sizeBytes, reader }: { content: Placed['content']; sizeBytes: number; reader: PatientReader },
): Promise<void> {
  if (content === undefined) return write(stream, head);
  if ('bytes' in content) return write(stream, { ...head, size: content.bytes.length }, Buffer.from(content.bytes));
  if (sizeBytes <= WHOLE_BYTES) {
    const bytes = await reader.read(content, sizeBytes);
    return write(stream, { ...head, size: bytes.length }, bytes);
  }
  const sink = stream.entry({ ...head, size: sizeBytes });
  await pipeline(contentStream(content, sizeBytes), sink);
}

/** At most as many bytes as the file had when it was looked at. */
export function contentStream({ path, start = 0 }: { path: string; start?: number }, sizeBytes: number): Readable {
  return createReadStream(path, { highWaterMark: 1 << 20, start, end: start + sizeBytes - 1 });
}

/** Waits until the reader wants more, so that memory stays flat. */
function write(stream: Pack, head: Header, bytes?: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.entry(head, bytes ?? '', (error) => (error ? reject(error) : resolve()));
  });
}
