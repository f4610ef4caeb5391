/**
 * A context that came as a tar: kept as that one file with an index of what lies where, instead of thousands of files that
 * are made, read once and removed. Formats: ustar, GNU's long names, pax (POSIX.1-2001).
 */
import type { Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { EngineError } from '../../errors.js';
import { contentHash } from './content-hash.js';
import { inLargePieces } from './pieces.js';
import { isTarHeader, readTarHeader, type TarHeader } from './tar-header.js';
import type { Content, Entry, EntryType, Tree } from './tree.js';

const BLOCK = 512;
const EXTENSION_LIMIT = 1 << 20;

const ZEROS = Buffer.alloc(BLOCK);

const TYPES: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '7': 'file',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
};

interface Node {
  entry: Entry;
  content?: Content;
  readonly names: Set<string>;
}

/** All belongs to root, whatever the tar says: so does a context that a client sends. */
export class TarTree implements Tree {
  private readonly nodes = new Map<string, Node>([['', folder()]]);

  async entry(path: string): Promise<Entry | undefined> {
    return this.nodes.get(path)?.entry;
  }

  async names(path: string): Promise<string[]> {
    return [...(this.nodes.get(path)?.names ?? [])].sort();
  }

  content(path: string): Content {
    const content = this.nodes.get(path)?.content;
    if (content === undefined) throw new Error(`/${path} has no content`);
    return content;
  }

  /** A later entry of the same name takes the place of an earlier one; a folder keeps what is in it. */
  put(name: string, entry: Entry, content: Content | undefined): void {
    const path = inside(name);
    const known = this.nodes.get(path);
    const names = entry.type === 'directory' && known ? known.names : new Set<string>();
    if (known !== undefined && entry.type !== 'directory') this.drop(path);
    this.nodes.set(path, { entry, names, ...(content === undefined ? {} : { content }) });
    if (path !== '') this.addTo(path);
  }

  /** Another name of a file that came before. Throws `invalid` when there is none. */
  link(name: string, target: string): void {
    const first = this.nodes.get(inside(target));
    if (first === undefined || first.entry.type === 'directory')
      throw new EngineError('invalid', `the context's tar links ${name} to ${target}, which is not in it`);
    const linkKey = first.entry.linkKey ?? inside(target);
    first.entry = { ...first.entry, linkKey };
    this.put(name, first.entry, first.content);
  }

  private addTo(path: string): void {
    const parent = posix.dirname(path) === '.' ? '' : posix.dirname(path);
    if (this.nodes.get(parent)?.entry.type !== 'directory') {
      this.drop(parent);
      this.nodes.set(parent, folder());
      if (parent !== '') this.addTo(parent);
    }
    this.nodes.get(parent)!.names.add(posix.basename(path));
  }

  private drop(path: string): void {
    for (const name of this.nodes.get(path)?.names ?? []) this.drop(posix.join(path, name));
    this.nodes.delete(path);
  }
}

const folder = (): Node => ({ entry: entryOf('directory', { mode: 0o755, mtimeMs: 0 }), names: new Set() });

function inside(name: string): string {
  return posix.normalize(`/${name}`).replace(/^\/+|\/+$/g, '');
}

function entryOf(
  type: EntryType,
  given: Pick<Entry, 'mode' | 'mtimeMs'> & Partial<Pick<Entry, 'sizeBytes' | 'target' | 'major' | 'minor' | 'digest'>>,
): Entry {
  const nothing = { sizeBytes: 0, target: undefined, major: 0, minor: 0, linkKey: undefined };
  return { type, uid: 0, gid: 0, ...nothing, ...given };
}

/** Writes the tar (not compressed) to `path` while reading it. Throws `invalid` for what is no tar. */
export async function spoolTar(tar: Readable, path: string): Promise<TarTree> {
  const file = await open(path, 'w', 0o600);
  const reader = new TarReader(path);
  try {
    for await (const piece of inLargePieces(tar)) {
      await writeAll(file, piece);
      reader.take(piece);
    }
  } finally {
    await file.close();
  }
  reader.end();
  return reader.tree;
}

async function writeAll(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
}

type Pax = Readonly<Record<string, string>>;

/** A file whose bytes go by. */
interface Passing {
  readonly header: TarHeader;
  readonly start: number;
  readonly hash: Hash;
}

class TarReader {
  readonly tree = new TarTree();
  private offset = 0;
  private kept: Buffer = Buffer.alloc(0);
  private bodyLeft = 0;
  private paddingLeft = 0;
  private passing: Passing | undefined;
  private extension: { readonly type: string; text: Buffer } | undefined;
  private global: Pax = {};
  private next: Pax = {};
  private ended = false;

  constructor(private readonly path: string) {}

  take(chunk: Buffer): void {
    let rest = this.kept.length === 0 ? chunk : Buffer.concat([this.kept, chunk]);
    this.kept = Buffer.alloc(0);
    while (rest.length > 0 && !this.ended) {
      if (this.bodyLeft > 0) rest = this.body(rest);
      else if (this.paddingLeft > 0) rest = this.padding(rest);
      else if (rest.length < BLOCK) {
        this.kept = Buffer.from(rest);
        return;
      } else {
        this.header(rest.subarray(0, BLOCK));
        rest = rest.subarray(BLOCK);
      }
    }
  }

  /** What ends in the middle of a file is no whole context. */
  end(): void {
    if (this.bodyLeft > 0 || this.kept.length > 0)
      throw new EngineError('invalid', 'Error processing tar file: unexpected EOF');
  }

  private body(rest: Buffer): Buffer {
    const part = rest.subarray(0, this.bodyLeft);
    this.passing?.hash.update(part);
    if (this.extension) this.extension.text = Buffer.concat([this.extension.text, part]);
    this.bodyLeft -= part.length;
    this.offset += part.length;
    if (this.bodyLeft === 0) this.bodyEnds();
    return rest.subarray(part.length);
  }

  private padding(rest: Buffer): Buffer {
    const length = Math.min(this.paddingLeft, rest.length);
    this.paddingLeft -= length;
    this.offset += length;
    return rest.subarray(length);
  }

  private header(block: Buffer): void {
    this.offset += BLOCK;
    if (block[0] === 0 && block.equals(ZEROS)) {
      this.ended = true;
      return;
    }
    if (!isTarHeader(block)) throw new EngineError('invalid', 'Error processing tar file: invalid tar header');
    const header = withPax(readTarHeader(block), { ...this.global, ...this.next });
    this.bodyLeft = header.sizeBytes;
    this.paddingLeft = (BLOCK - (header.sizeBytes % BLOCK)) % BLOCK;
    if ('xgLK'.includes(header.type)) this.beginExtension(header);
    else this.beginEntry(header);
    if (this.bodyLeft === 0) this.bodyEnds();
  }

  private beginExtension(header: TarHeader): void {
    if (header.sizeBytes > EXTENSION_LIMIT)
      throw new EngineError('invalid', 'Error processing tar file: an extended header is too large');
    this.extension = { type: header.type, text: Buffer.alloc(0) };
  }

  private beginEntry(header: TarHeader): void {
    this.next = {};
    const { type, name, mode, mtimeMs, major, minor } = header;
    if (type === '1') {
      this.tree.link(name, header.target);
      return;
    }
    if (type === 'S') throw new EngineError('invalid', `the context's tar has a sparse file: ${name}`);
    const kind = type === '0' && name.endsWith('/') ? 'directory' : TYPES[type];
    if (kind === 'file') this.passing = { header, start: this.offset, hash: contentHash() };
    else if (kind === 'symlink')
      this.tree.put(name, entryOf(kind, { mode: 0o777, mtimeMs, target: header.target }), undefined);
    else if (kind !== undefined) this.tree.put(name, entryOf(kind, { mode, mtimeMs, major, minor }), undefined);
  }

  private bodyEnds(): void {
    if (this.extension) this.endExtension(this.extension);
    if (this.passing) this.endFile(this.passing);
    this.extension = undefined;
    this.passing = undefined;
  }

  private endFile({ header: { name, mode, mtimeMs, sizeBytes }, start, hash }: Passing): void {
    const entry = entryOf('file', { mode, mtimeMs, sizeBytes, digest: hash.digest('hex') });
    this.tree.put(name, entry, { path: this.path, start });
  }

  private endExtension({ type, text }: { readonly type: string; readonly text: Buffer }): void {
    const plain = text.toString('utf8').replace(/\0.*$/s, '');
    if (type === 'L') this.next = { ...this.next, path: plain };
    else if (type === 'K') this.next = { ...this.next, linkpath: plain };
    else if (type === 'x') this.next = { ...this.next, ...readPax(text) };
    else this.global = { ...this.global, ...readPax(text) };
  }
}

/** `LENGTH KEY=VALUE\n`, the length counting all of it in bytes. */
function readPax(bytes: Buffer): Pax {
  const records: Record<string, string> = {};
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, blank));
    if (blank < 0 || !(length > 0)) break;
    const record = bytes.toString('utf8', blank + 1, at + length - 1);
    const equals = record.indexOf('=');
    records[record.slice(0, equals)] = record.slice(equals + 1);
    at += length;
  }
  return records;
}

/** An extended header is no part of what it extends. */
function withPax(header: TarHeader, pax: Pax): TarHeader {
  if ('xgLK'.includes(header.type)) return header;
  return {
    ...header,
    name: pax.path ?? header.name,
    target: pax.linkpath ?? header.target,
    sizeBytes: header.type === '1' ? 0 : pax.size === undefined ? header.sizeBytes : Number(pax.size),
    mtimeMs: pax.mtime === undefined ? header.mtimeMs : Number(pax.mtime) * 1000,
  };
}
