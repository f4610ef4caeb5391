/** Header blocks of a layer's tar: POSIX ustar, with a pax header (POSIX.1-2001) for what does not fit. */

const BLOCK = 512;
const LARGEST_OCTAL_SIZE = 0o77777777777;
const LARGEST_ID = 0o7777777;

export interface TarEntry {
  /** Folders end in a slash. */
  readonly name: string;
  /** `0` file, `1` hard link, `2` symlink, `3` character device, `4` block device, `5` folder, `6` fifo. */
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly target: string;
  readonly major: number;
  readonly minor: number;
  /** `security.capability`. */
  readonly capability?: Uint8Array | undefined;
}

/** One block, or three and more with what does not fit into it. */
export function tarHeader(entry: TarEntry): Buffer {
  const { prefix, name } = splitName(entry.name);
  const records: Record<string, string | Uint8Array> = {};
  if (name === undefined) records.path = entry.name;
  if (!fits(entry.target, 100)) records.linkpath = entry.target;
  if (entry.sizeBytes > LARGEST_OCTAL_SIZE) records.size = String(entry.sizeBytes);
  if (entry.uid > LARGEST_ID) records.uid = String(entry.uid);
  if (entry.gid > LARGEST_ID) records.gid = String(entry.gid);
  if (entry.mtimeSeconds < 0 || entry.mtimeSeconds > LARGEST_OCTAL_SIZE) records.mtime = String(entry.mtimeSeconds);
  if (entry.capability) records['SCHILY.xattr.security.capability'] = entry.capability;
  const block = header(entry, { prefix, name: name ?? '' });
  return Object.keys(records).length === 0 ? block : Buffer.concat([...paxBlocks(entry, records), block]);
}

/** What fills the last block of a file of this size. */
export const tarPadding = (sizeBytes: number): Buffer => Buffer.alloc((BLOCK - (sizeBytes % BLOCK)) % BLOCK);

export const tarEnd = (): Buffer => Buffer.alloc(2 * BLOCK);

const PLAIN = /^[\x20-\x7e]*$/;
const fits = (text: string, bytes: number) => text.length <= bytes && PLAIN.test(text);

function splitName(name: string): { prefix: string; name: string | undefined } {
  if (fits(name, 100)) return { prefix: '', name };
  if (!PLAIN.test(name)) return { prefix: '', name: undefined };
  const at = name.indexOf('/', name.length - 101);
  if (at <= 0 || at > 155 || at === name.length - 1) return { prefix: '', name: undefined };
  return { prefix: name.slice(0, at), name: name.slice(at + 1) };
}

function header(entry: TarEntry, { prefix, name }: { readonly prefix: string; readonly name: string }): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 'latin1');
  octal(block, 100, 7, entry.mode);
  octal(block, 108, 7, entry.uid > LARGEST_ID ? 0 : entry.uid);
  octal(block, 116, 7, entry.gid > LARGEST_ID ? 0 : entry.gid);
  octal(block, 124, 11, entry.sizeBytes > LARGEST_OCTAL_SIZE ? 0 : entry.sizeBytes);
  octal(block, 136, 11, Math.min(Math.max(entry.mtimeSeconds, 0), LARGEST_OCTAL_SIZE));
  block.write(entry.type, 156, 'latin1');
  if (fits(entry.target, 100)) block.write(entry.target, 157, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  octal(block, 329, 7, entry.major);
  octal(block, 337, 7, entry.minor);
  block.write(prefix, 345, 'latin1');
  block.write('        ', 148, 'latin1');
  let sum = 0;
  for (const byte of block) sum += byte;
  octal(block, 148, 6, sum);
  block[154] = 0;
  return block;
}

function octal(block: Buffer, start: number, digits: number, value: number): void {
  block.write(value.toString(8).padStart(digits, '0'), start, 'latin1');
}

function paxBlocks(entry: TarEntry, records: Readonly<Record<string, string | Uint8Array>>): Buffer[] {
  const text = Object.entries(records).map(([key, value]) => paxRecord(key, value));
  const body = Buffer.concat(text);
  const plain = { ...entry, type: 'x', mode: 0o644, sizeBytes: body.length, target: '', uid: 0, gid: 0 };
  return [header(plain, { prefix: '', name: 'PaxHeader' }), body, tarPadding(body.length)];
}

/** `LENGTH KEY=VALUE\n`, the length counting itself. */
function paxRecord(key: string, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  const rest = Buffer.byteLength(` ${key}=\n`) + bytes.length;
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} ${key}=`), bytes, Buffer.from('\n')]);
}
