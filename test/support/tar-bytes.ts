import { Readable } from 'node:stream';

/** One entry of an archive, said byte for byte: hostile ones too. */
export interface TarEntry {
  readonly name: string;
  /** Default `0`, a file. */
  readonly type?: string;
  readonly content?: string | Buffer;
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly major?: number;
  readonly minor?: number;
  /** Records of a pax header before it. */
  readonly pax?: Readonly<Record<string, string>>;
  /** Last changes to the header, before its checksum is made. */
  readonly edit?: (header: Buffer) => void;
}

/** Bytes of an archive. `end` false leaves the two empty blocks out. */
export function tarBytes(entries: readonly TarEntry[], end = true): Buffer {
  return Buffer.concat([...entries.flatMap(entryBytes), Buffer.alloc(end ? 1024 : 0)]);
}

export function tarStream(entries: readonly TarEntry[]): Readable {
  return Readable.from([tarBytes(entries)]);
}

function entryBytes(entry: TarEntry): Buffer[] {
  const content = Buffer.from(entry.content ?? '');
  const parts = [header(entry, content.length), padded(content)];
  if (!entry.pax) return parts;
  const records = Buffer.concat(Object.entries(entry.pax).map(([key, value]) => record(key, value)));
  return [header({ name: 'PaxHeader', type: 'x' }, records.length), padded(records), ...parts];
}

function record(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, width: number) => {
    block.write(value.toString(8).padStart(width - 1, '0'), at);
  };
  block.write(entry.name.slice(0, 100), 0);
  octal(entry.mode ?? (entry.type === '5' ? 0o755 : 0o644), 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(entry.mtime ?? 1_600_000_000, 136, 12);
  block.write(entry.type ?? '0', 156);
  block.write((entry.link ?? '').slice(0, 100), 157);
  block.write('ustar\u000000', 257, 'latin1');
  octal(entry.major ?? 0, 329, 8);
  octal(entry.minor ?? 0, 337, 8);
  entry.edit?.(block);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
