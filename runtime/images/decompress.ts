import { spawn } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Duplex, PassThrough, type Readable, Transform } from 'node:stream';
import zlib from 'node:zlib';
import type { Decompress } from 'fzstd';
import { EngineError } from '../errors.js';

const MAGIC_BYTES = 6;
const CHUNK = 1 << 18;

/** Program that inflates what Node cannot, by the bytes that such a stream begins with. */
const programs = [
  { magic: [0x28, 0xb5, 0x2f, 0xfd], args: ['zstd', '-dcq'], install: 'zstd' },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], args: ['xz', '-dcq'], install: 'xz-utils' },
  { magic: [0x42, 0x5a, 0x68], args: ['bzip2', '-dcq'], install: 'bzip2' },
] as const;

/**
 * Whatever a stream is compressed with (gzip, zstd, xz, bzip2, nothing: told by its first bytes) comes out plain.
 * A broken source breaks the result.
 */
export async function decompress(source: Readable): Promise<Readable> {
  const { head, rest } = await peek(source);
  const inflating = inflater(head);
  // A failure before anybody reads is kept for the reader, and must not end the process.
  for (const stream of [rest, inflating]) stream?.on('error', () => undefined);
  return inflating ? connect(rest, inflating) : rest;
}

/** The same, but gzip stays as it is, and is said to be: the launcher inflates that faster, beside what it writes. */
export async function decompressOthers(
  source: Readable | string,
): Promise<{ readonly tar: Readable | string; readonly gzip: boolean }> {
  if (typeof source === 'string') return decompressFile(source);
  const { head, rest } = await peek(source);
  const gzip = isGzip(head);
  const inflating = gzip ? undefined : inflater(head);
  for (const stream of [rest, inflating]) stream?.on('error', () => undefined);
  return { tar: inflating ? connect(rest, inflating) : rest, gzip };
}

/** Whether a file is of one of the forms that `decompress` knows. */
export async function isCompressed(path: string): Promise<boolean> {
  const head = await readHead(path);
  return isGzip(head) || needsProgram(head) !== undefined;
}

async function readHead(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** A file that the launcher can read is left to it. */
async function decompressFile(path: string): Promise<{ readonly tar: Readable | string; readonly gzip: boolean }> {
  const head = await readHead(path);
  if (!needsProgram(head)) return { tar: path, gzip: isGzip(head) };
  return decompressOthers(createReadStream(path, { highWaterMark: CHUNK }));
}

function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

function needsProgram(head: Buffer) {
  return programs.find(({ magic }) => magic.every((byte, index) => head[index] === byte));
}

function inflater(head: Buffer): Duplex | undefined {
  if (isGzip(head)) return zlib.createGunzip({ chunkSize: CHUNK });
  const program = needsProgram(head);
  if (!program) return undefined;
  const isZstd = program === programs[0];
  // Newer Nodes can do it themselves; the program is faster than the script that stands in for it.
  const native = (zlib as { createZstdDecompress?: () => Duplex }).createZstdDecompress;
  if (isZstd && native) return native();
  return isZstd && !isInstalled(program.args[0]) ? scriptedZstd() : runInflater(program.args, program.install);
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

function scriptedZstd(): Duplex {
  let decompressor: Decompress | undefined;
  const push = async (stream: Transform, chunk: Uint8Array, isLast: boolean) => {
    const { Decompress: Decompressor } = await import('fzstd');
    decompressor ??= new Decompressor((plain) => stream.push(plain));
    decompressor.push(chunk, isLast);
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      push(this, chunk, false).then(() => done(), done);
    },
    flush(done) {
      push(this, new Uint8Array(0), true).then(() => done(), done);
    },
  });
}

/** `to` fails with `from`, and `from` is let go when `to` is. */
function connect(from: Readable, to: Duplex): Readable {
  from.on('error', (error) => to.destroy(error));
  to.on('close', () => from.destroy());
  from.pipe(to);
  return to;
}

/** The first bytes, and a stream that begins with them. */
async function peek(source: Readable): Promise<{ head: Buffer; rest: Readable }> {
  const rest = new PassThrough({ highWaterMark: 1 << 20 });
  let head = Buffer.alloc(0);
  const iterator = source[Symbol.asyncIterator]();
  while (head.length < MAGIC_BYTES) {
    const next = await iterator.next();
    if (next.done) {
      rest.end(head);
      return { head, rest };
    }
    head = Buffer.concat([head, next.value as Buffer]);
  }
  rest.write(head);
  void forward(iterator, rest);
  return { head, rest };
}

async function forward(from: AsyncIterator<Buffer>, to: PassThrough): Promise<void> {
  let wake = () => {};
  to.on('drain', () => wake());
  to.on('close', () => wake());
  try {
    for (let next = await from.next(); !next.done && !to.destroyed; next = await from.next()) {
      const room = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (!to.write(next.value)) await room;
    }
    if (to.destroyed) await from.return?.();
    else to.end();
  } catch (error) {
    to.destroy(error as Error);
  }
}

function runInflater(args: readonly [string, ...string[]], install: string): Duplex {
  const child = spawn(args[0], args.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const stream = Duplex.from({ writable: child.stdin, readable: child.stdout }) as Duplex;
  child.on('error', (cause) => {
    const hint = `to read this archive the program ${args[0]} is needed: apt-get install -y ${install}`;
    stream.destroy(new EngineError('system', hint, { cause }));
  });
  child.on('exit', (code) => {
    if (code) stream.destroy(new EngineError('invalid', `${args[0]}: ${Buffer.concat(said).toString().trim()}`));
  });
  stream.on('close', () => child.kill());
  return stream;
}
