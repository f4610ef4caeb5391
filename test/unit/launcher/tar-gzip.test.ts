import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PackedGzip, TarRoot } from '../../../runtime/launch/types.js';
import { startLauncher } from '../../support/launcher.js';

const gzip = suite('packed as gzip');
let started: Awaited<ReturnType<typeof startLauncher>>;

gzip.before(async () => {
  started = await startLauncher();
});
gzip.after(() => started.close());

async function packGzip(root: TarRoot): Promise<{ bytes: Buffer; told: PackedGzip }> {
  const told: PackedGzip[] = [];
  const stream = started.launcher.packGzip({ root, path: '/', mode: 'plain' }, (one) => told.push(one));
  const bytes = await buffer(stream);
  assert.is(told.length, 1);
  return { bytes, told: told[0]! };
}

const side = (bytes: Buffer) => ({
  digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
  bytes: bytes.length,
});

/** Words of a small dictionary, as text has them. */
function prose(length: number): Buffer {
  const words = Array.from({ length: 500 }, () => randomBytes(1 + Math.floor(Math.random() * 6)).toString('base64'));
  let text = '';
  while (text.length < length) text += `${words[Math.floor(Math.random() * words.length)]} `;
  return Buffer.from(text.slice(0, length));
}

const contents: Readonly<Record<string, () => Buffer>> = {
  'nothing at all': () => Buffer.alloc(0),
  'one byte': () => Buffer.of(7),
  'three megabytes of zeros': () => Buffer.alloc(3_000_000),
  'what cannot be compressed': () => randomBytes(1_500_001),
  'text over several pieces': () => prose(2_700_123),
  'bytes of one kind after another': () =>
    Buffer.concat([prose(300_000), randomBytes(200_000), Buffer.alloc(262_144, 1)]),
  'exactly one piece': () => prose(262_144),
  'repetitions across the border of pieces': () => {
    const once = randomBytes(30_000);
    return Buffer.concat(Array.from({ length: 40 }, () => once));
  },
};

for (const [what, make] of Object.entries(contents)) {
  gzip(`a file comes out of gunzip as it was: ${what}`, async () => {
    const file = path.join(started.folder, 'content');
    const content = make();
    writeFileSync(file, content);
    const { bytes, told } = await packGzip({ kind: 'file', path: file });
    assert.ok(gunzipSync(bytes).equals(content));
    assert.equal(told, { plain: side(content), packed: side(bytes) });
    unlinkSync(file);
  });
}

gzip('a tree is compressed as the archive that it is without', async () => {
  const tree = path.join(started.folder, 'tree');
  mkdirSync(path.join(tree, 'deep'), { recursive: true });
  for (let index = 0; index < 300; index++) writeFileSync(path.join(tree, 'deep', `file-${index}`), prose(5000));
  const plain = await buffer(
    started.launcher.pack({ root: { kind: 'directory', path: tree }, path: '/', mode: 'plain' }),
  );
  const { bytes } = await packGzip({ kind: 'directory', path: tree });
  assert.ok(gunzipSync(bytes).equals(plain));
});

gzip('a program is about as small as the usual gzip makes it, twice the same', async () => {
  const file = path.join(started.folder, 'program');
  const program = readFileSync(process.execPath).subarray(0, 8 << 20);
  writeFileSync(file, program);
  const { bytes } = await packGzip({ kind: 'file', path: file });
  const usual = gzipSync(program, { level: 3 });
  assert.ok(bytes.length < usual.length * 1.08, `${bytes.length} bytes, gzip ${usual.length}`);
  assert.ok((await packGzip({ kind: 'file', path: file })).bytes.equals(bytes));
});

gzip('a file that is not there is a failure and no archive', async () => {
  try {
    await packGzip({ kind: 'file', path: path.join(started.folder, 'nowhere') });
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /nowhere/);
  }
});

gzip('who stops reading stops the work', async () => {
  const stream = started.launcher.packGzip(
    { root: { kind: 'file', path: '/dev/zero' }, path: '/', mode: 'plain' },
    () => assert.unreachable(),
  );
  for await (const _ of stream) break;
  assert.ok(stream.destroyed);
});

gzip.run();
