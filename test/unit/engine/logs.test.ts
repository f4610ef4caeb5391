import { readdirSync, readlinkSync } from 'node:fs';
import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LogChoice, type LogPiece, readLogs } from '../../../runtime/engine/logs.js';

const logs = suite<{ folder: string; file: string }>('logs');

logs.before.each(async (context) => {
  context.folder = await mkdtemp('/var/tmp/devenv-logs-');
  context.file = path.join(context.folder, 'log');
});

logs.after.each(({ folder }) => rm(folder, { recursive: true, force: true }));

function record(stream: 1 | 2, second: number, text: string): Buffer {
  const header = Buffer.alloc(16);
  header[0] = stream;
  header.writeUInt32LE(Buffer.byteLength(text), 4);
  header.writeBigUInt64LE(BigInt(second) * 1_000_000_000n, 8);
  return Buffer.concat([header, Buffer.from(text)]);
}

/** Of this process. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // the one that listed them
    }
  });
}

const all: LogChoice = { stdout: true, stderr: true, sinceNs: undefined, untilNs: undefined, tail: undefined };
const show = ({ stream, payload }: LogPiece) => `${stream} ${payload}`;

async function read(file: string, choice: Partial<LogChoice> = {}): Promise<string[]> {
  const found: string[] = [];
  const source = { file, ended: undefined, signal: new AbortController().signal };
  for await (const piece of readLogs(source, { ...all, ...choice })) found.push(show(piece));
  return found;
}

logs('lines that span records of their stream come whole, with the other stream between', async ({ file }) => {
  await writeFile(file, Buffer.concat([record(1, 1, 'a\nb'), record(2, 2, 'x\n'), record(1, 3, 'c\nd\ne')]));
  assert.equal(await read(file), ['1 a\n', '2 x\n', '1 bc\n', '1 d\n', '1 e']);
});

logs('rotated files come first, oldest first', async ({ file }) => {
  await writeFile(`${file}.2`, record(1, 1, 'one\n'));
  await writeFile(`${file}.1`, record(1, 2, 'two\n'));
  await writeFile(file, record(1, 3, 'three\n'));
  assert.equal(await read(file), ['1 one\n', '1 two\n', '1 three\n']);
});

logs('tail counts lines, also those within one record', async ({ file }) => {
  await writeFile(file, Buffer.concat([record(1, 1, 'a\nb\nc\n'), record(1, 2, 'd\n')]));
  assert.equal(await read(file, { tail: 2 }), ['1 c\n', '1 d\n']);
  assert.equal(await read(file, { tail: 0 }), []);
  assert.equal(await read(file, { tail: 9 }), ['1 a\nb\nc\n', '1 d\n']);
});

logs('since, until and streams choose', async ({ file }) => {
  await writeFile(file, Buffer.concat([record(1, 1, 'a\n'), record(2, 2, 'b\n'), record(1, 3, 'c\n')]));
  assert.equal(await read(file, { sinceNs: 2_000_000_000n }), ['2 b\n', '1 c\n']);
  assert.equal(await read(file, { untilNs: 2_000_000_000n }), ['1 a\n', '2 b\n']);
  assert.equal(await read(file, { stderr: false }), ['1 a\n', '1 c\n']);
});

logs('a log that does not exist is empty', async ({ file }) => {
  assert.equal(await read(file), []);
});

logs('following goes on over a rotation and half-written records until the process ends', async ({ file }) => {
  await writeFile(file, record(1, 1, 'old\n'));
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const found: string[] = [];
  const seen = async (count: number) => {
    for (let tries = 0; found.length < count && tries < 300; tries++) await new Promise((next) => setTimeout(next, 10));
    assert.is(found.length, count, found.join());
  };
  const following = (async () => {
    const source = { file, ended, signal: new AbortController().signal };
    for await (const piece of readLogs(source, { ...all, tail: 1 })) found.push(show(piece));
  })();
  await seen(1);
  const next = record(2, 2, 'halves\n');
  await appendFile(file, next.subarray(0, 9));
  await appendFile(file, next.subarray(9));
  await seen(2);
  await rename(file, `${file}.1`);
  await writeFile(file, record(1, 3, 'rotated\n'));
  await seen(3);
  assert.not(openFiles().includes(`${file}.1`), 'who follows for long holds no file of each rotation');
  await appendFile(file, record(1, 4, 'last\n'));
  end();
  await following;
  assert.equal(found, ['1 old\n', '2 halves\n', '1 rotated\n', '1 last\n']);
});

logs.run();
