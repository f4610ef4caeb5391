import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { inLargePieces } from './pieces.js';
import type { Placed } from './place.js';
import { PatientReader } from './read.js';
import { type TarEntry, tarEnd, tarHeader, tarPadding } from './tar-writer.js';
import type { EntryType } from './tree.js';

const WHOLE_BYTES = 4 << 20;

const TAR_TYPES: Readonly<Record<EntryType, string>> = {
  file: '0',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
};

export interface LayerTarOptions {
  /** Later times become this one, in seconds since the epoch. */
  readonly clampMtime?: number;
}

/** An uncompressed layer of these entries, sorted by path: the same entries give the same bytes. */
export function layerTar(placed: ReadonlyMap<string, Placed>, options: LayerTarOptions = {}): Readable {
  return Readable.from(inLargePieces(parts(placed, options)), { objectMode: false });
}

async function* parts(placed: ReadonlyMap<string, Placed>, options: LayerTarOptions): AsyncGenerator<Buffer> {
  const links = new Map<string, string>();
  const reader = new PatientReader();
  try {
    for (const path of inOrder(placed)) {
      const one = placed.get(path)!;
      const key = one.entry.linkKey;
      const first = key === undefined ? undefined : links.get(key);
      if (key !== undefined && first === undefined) links.set(key, path);
      const head = headOf(path, one, options);
      if (first !== undefined) yield tarHeader({ ...head, type: '1', target: first, sizeBytes: 0 });
      else yield* entryParts(head, one, reader);
    }
  } finally {
    reader.close();
  }
  yield tarEnd();
}

/** A folder right before what is in it. */
function inOrder(placed: ReadonlyMap<string, Placed>): string[] {
  const paths = [...placed.keys()].map((path) => [path, path.replaceAll('/', '\0')] as const);
  return paths.sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([path]) => path);
}

function headOf(path: string, { entry }: Placed, { clampMtime }: LayerTarOptions): TarEntry {
  const { type, mode, uid, gid, target = '', major, minor, capability } = entry;
  const mtimeSeconds = Math.min(Math.floor(entry.mtimeMs / 1000), clampMtime ?? Number.POSITIVE_INFINITY);
  const name = type === 'directory' ? `${path}/` : path;
  return { name, type: TAR_TYPES[type], mode, uid, gid, sizeBytes: 0, mtimeSeconds, target, major, minor, capability };
}

async function* entryParts(
  head: TarEntry,
  { content, entry: { sizeBytes } }: Placed,
  reader: PatientReader,
): AsyncGenerator<Buffer> {
  if (content === undefined) return yield tarHeader(head);
  if (!('bytes' in content) && sizeBytes > WHOLE_BYTES) {
    yield tarHeader({ ...head, sizeBytes });
    yield* exactly(contentStream(content, sizeBytes), sizeBytes, head.name);
    return yield tarPadding(sizeBytes);
  }
  const bytes = 'bytes' in content ? Buffer.from(content.bytes) : await reader.read(content, sizeBytes);
  yield tarHeader({ ...head, sizeBytes: bytes.length });
  yield bytes;
  yield tarPadding(bytes.length);
}

/** A file that shrinks while it is read would break the tar. */
async function* exactly(stream: Readable, sizeBytes: number, name: string): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += (chunk as Buffer).length;
    yield chunk as Buffer;
  }
  if (bytes !== sizeBytes) throw new Error(`/${name} changed while it was read`);
}

/** At most as many bytes as the file had when it was looked at. */
export function contentStream(
  { path, start = 0 }: { readonly path: string; readonly start?: number },
  sizeBytes: number,
): Readable {
  return createReadStream(path, { highWaterMark: 1 << 20, start, end: start + sizeBytes - 1 });
}
