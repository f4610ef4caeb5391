import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { constants, gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startLauncher } from '../../support/launcher.js';
import { tarBytes } from '../../support/tar-bytes.js';

const inflating = suite('inflate');
let started: Awaited<ReturnType<typeof startLauncher>>;
let count = 0;

inflating.before(async () => {
  started = await startLauncher();
});
inflating.after(() => started.close());

/** Pieces of `size` bytes, so that no step finds all of its input at once. */
function* pieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpack(gzip: Buffer, size = gzip.length, limitBytes?: number) {
  const root = path.join(started.folder, `root${++count}`);
  mkdirSync(root);
  const options = { root: { kind: 'directory', path: root }, path: '/', mode: 'layer', inflate: true } as const;
  const result = await started.launcher.unpack(
    { ...options, digest: true, limitBytes },
    Readable.from(pieces(gzip, size)),
  );
  return { root, result };
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing failed',
    (error: { operation?: string; errno?: string }) => `${error.operation} ${error.errno}`,
  );

/** The same numbers in every run. */
function numbers(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
}

/** Some runs, some noise, some words. */
function sample(length: number, seed: number): Buffer {
  const random = numbers(seed);
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const kind = random(3);
    const end = Math.min(length, at + 1 + random(900));
    if (kind === 0) bytes.fill(random(256), at, end);
    else if (kind === 1) for (let i = at; i < end; i++) bytes[i] = random(256);
    else if (at > 1000) bytes.copy(bytes, at, at - 1 - random(1000), end - random(50));
    at = end;
  }
  return bytes;
}

const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED } = constants;

for (const strategy of [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED]) {
  inflating(`gives back what zlib compressed, strategy ${strategy}, every level`, async () => {
    for (const level of [0, 1, 6, 9]) {
      const content = sample(400_000, level * 7 + strategy);
      const tar = tarBytes([{ name: 'file', content }]);
      const { root, result } = await unpack(gzipSync(tar, { level, strategy }), 61 + level * 4099);
      assert.ok(readFileSync(path.join(root, 'file')).equals(content));
      assert.is(result.tar?.digest, `sha256:${createHash('sha256').update(tar).digest('hex')}`);
      assert.is(result.tar?.bytes, tar.length);
    }
  });
}

inflating('reads streams of several members, and zeros after the last', async () => {
  const tar = tarBytes([{ name: 'file', content: sample(100_000, 3) }]);
  const middle = 51_234;
  const members = [gzipSync(tar.subarray(0, middle)), gzipSync(tar.subarray(middle)), Buffer.alloc(700)];
  const { root, result } = await unpack(Buffer.concat(members));
  assert.is(result.tar?.bytes, tar.length);
  assert.equal(readdirSync(root), ['file']);
});

inflating('counts and hashes what follows the end of the archive', async () => {
  const tar = Buffer.concat([tarBytes([{ name: 'file', content: 'x' }]), Buffer.alloc(20_480)]);
  const { result } = await unpack(gzipSync(tar));
  assert.is(result.tar?.digest, `sha256:${createHash('sha256').update(tar).digest('hex')}`);
});

inflating('says of a stream cut short that it is', async () => {
  const gzip = gzipSync(tarBytes([{ name: 'file', content: sample(50_000, 5) }]));
  for (const length of [0, 1, 9, 30, gzip.length >> 1, gzip.length - 9, gzip.length - 1]) {
    assert.is(await failure(unpack(gzip.subarray(0, length))), 'tar.archive ENODATA', `${length} bytes`);
  }
});

inflating('takes damage for no more than damage', async () => {
  const gzip = gzipSync(tarBytes([{ name: 'file', content: sample(20_000, 9) }]));
  const random = numbers(11);
  for (let round = 0; round < 40; round++) {
    const damaged = Buffer.from(gzip);
    damaged[10 + random(gzip.length - 18)]! ^= 1 << random(8);
    const outcome = await unpack(damaged).then(
      () => 'tar.archive',
      (error: { operation: string }) => error.operation,
    );
    assert.ok(['tar.archive', 'tar.entry', 'tar.escape'].includes(outcome), outcome);
  }
});

inflating('refuses what follows the stream and is none', async () => {
  const gzip = gzipSync(tarBytes([{ name: 'file', content: 'x' }]));
  assert.is(await failure(unpack(Buffer.concat([gzip, Buffer.from('junk')]))), 'tar.archive EBADMSG');
  assert.is(await failure(unpack(Buffer.from('no gzip at all'))), 'tar.archive EBADMSG');
});

inflating('stops a file of ten gigabytes at the limit before it writes any of it', async () => {
  const big = (header: Buffer) => header.write('116000000000', 124, 'latin1');
  const head = tarBytes([{ name: 'bomb', content: '', edit: big }], false);
  const bomb = gzipSync(Buffer.concat([head, Buffer.alloc(32 << 20)]));
  assert.is(await failure(unpack(bomb, bomb.length, 1 << 30)), 'tar.limit EFBIG');
  assert.equal(readdirSync(path.join(started.folder, `root${count}`)), []);
});

inflating('stops many small files at the limit', async () => {
  const entries = Array.from({ length: 3000 }, (_, index) => ({ name: `f${index}`, content: 'x'.repeat(600) }));
  assert.is(await failure(unpack(gzipSync(tarBytes(entries)), 5000, 1 << 20)), 'tar.limit EFBIG');
});

inflating.run();
