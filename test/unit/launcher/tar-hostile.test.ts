/** Archives made to harm: each is refused with a reason or unpacked below the root, soon, and nothing outside is touched. */
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TarUnpack } from '../../../runtime/launch/types.js';
import { startLauncher } from '../../support/launcher.js';
import { type TarEntry, tarBytes } from '../../support/tar-bytes.js';

const hostile = suite('hostile archives');
let started: Awaited<ReturnType<typeof startLauncher>>;
let count = 0;
let root = '';
let outside = '';

hostile.before(async () => {
  started = await startLauncher();
});
hostile.after(() => started.close());
hostile.before.each(() => {
  const folder = path.join(started.folder, String(++count));
  root = path.join(folder, 'root');
  outside = path.join(folder, 'outside');
  for (const one of [root, outside]) mkdirSync(one, { recursive: true });
  writeFileSync(path.join(outside, 'secret'), 'untouched', { mode: 0o600 });
});
hostile.after.each(() => {
  assert.is(readFileSync(path.join(outside, 'secret'), 'utf8'), 'untouched');
  assert.is(lstatSync(path.join(outside, 'secret')).mode & 0o7777, 0o600);
  assert.equal(readdirSync(outside), ['secret']);
  // Deeper than Node's own removal can go.
  execFileSync('rm', ['-rf', root]);
});

const at = (name: string) => path.join(root, name);

/** `fine`, or the failure as `OPERATION ERRNO`. */
async function outcome(bytes: Buffer, options: Partial<TarUnpack> = {}): Promise<string> {
  const wish: TarUnpack = { root: { kind: 'directory', path: root }, path: '/', mode: 'layer', ...options };
  return started.launcher.unpack(wish, Readable.from([bytes])).then(
    () => 'fine',
    ({ operation, errno }: { operation?: string; errno?: string }) => `${operation} ${errno}`,
  );
}

const outcomeOf = (entries: readonly TarEntry[], options: Partial<TarUnpack> = {}) =>
  outcome(tarBytes(entries), options);

/** The size field as GNU's base 256. */
const sized = (first: number, rest: bigint) => (header: Buffer) => {
  header[124] = first;
  header.fill(0, 125, 128);
  header.writeBigUInt64BE(rest, 128);
};

hostile('sizes that are negative, more than there is, or no number', async () => {
  const sizes: readonly [string, (header: Buffer) => void, string][] = [
    ['negative', sized(0xff, 0xffff_ffff_ffff_ff00n), 'tar.archive EBADMSG'],
    ['beyond 63 bits', sized(0x80, 0xffff_ffff_ffff_ffffn), 'tar.archive EBADMSG'],
    ['an exabyte', sized(0x80, 1n << 60n), 'tar.archive ENODATA'],
    ['letters', (header) => void header.write('abcdefghijk', 124), 'tar.archive EBADMSG'],
  ];
  for (const [what, edit, expected] of sizes)
    assert.is(await outcomeOf([{ name: 'f', content: 'x', edit }]), expected, what);
});

hostile('pax records that lie about their length, hold a NUL, or are huge', async () => {
  const pax = (records: string) => {
    const bytes = Buffer.from(records, 'latin1');
    const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 511)]);
    const header = tarBytes(
      [{ name: 'p', type: 'x', edit: (block) => void block.write(bytes.length.toString(8).padStart(11, '0'), 124) }],
      false,
    );
    return Buffer.concat([header.subarray(0, 512), padded, tarBytes([{ name: 'f', content: 'x' }])]);
  };
  for (const records of [
    '0 path=x\n',
    '-9 path=x\n',
    '99 path=x\n',
    '4294967306 path=x\n',
    '10 pathxxx\n',
    '11 path=a\0b\n',
  ])
    assert.is(await outcome(pax(records)), 'tar.archive EBADMSG', JSON.stringify(records));
  const huge = (17 << 20).toString(8).padStart(11, '0');
  const entry = { name: 'p', type: 'x', edit: (block: Buffer) => void block.write(huge, 124) };
  assert.is(await outcomeOf([entry]), 'tar.archive EBADMSG');
  const name = 'n'.repeat(70_000);
  assert.is(await outcomeOf([{ name: 'f', pax: { path: name } }]), 'tar.archive EBADMSG');
  assert.is(await outcomeOf([{ name: 'f', pax: { path: '../../outside/secret' } }]), 'tar.escape EXDEV');
  assert.is(await outcomeOf([{ name: 'f', type: '1', pax: { linkpath: '../outside/secret' } }]), 'tar.escape EXDEV');
});

hostile('sparse maps that overlap, go backwards or beyond the file', async () => {
  const sparse = (map: string, size: number, content = 'abcdef') => ({
    name: 'f',
    content,
    pax: { 'GNU.sparse.map': map, 'GNU.sparse.size': String(size) },
  });
  assert.is(await outcomeOf([sparse('0,3,1,3', 10)]), 'fine');
  assert.is(readFileSync(at('f')).length, 10);
  assert.is(await outcomeOf([sparse('4,3,0,3', 10)]), 'fine');
  for (const map of ['8,6', '9223372036854775807,6', '18446744073709551615,6', '0,3,x', '-4,6', '0,60'])
    assert.match(await outcomeOf([sparse(map, 10)]), /^tar.archive (EBADMSG|ENODATA)$/, map);
  assert.is(await outcomeOf([sparse('0,6', 2 ** 40)], { limitBytes: 1 << 20 }), 'tar.limit EFBIG');
});

hostile('a parent that is swapped for a link to the outside between entries or layers', async () => {
  const swapped: readonly TarEntry[] = [
    { name: 'a/', type: '5' },
    { name: 'a/one', content: '1' },
    { name: 'a', type: '2', link: outside },
    { name: 'a/secret', content: 'stolen' },
    { name: 'a/.wh.secret' },
    { name: 'a/.wh..wh..opq' },
    { name: 'l', type: '1', link: 'a/secret' },
  ];
  await outcomeOf(swapped);
  await outcomeOf(swapped, { mode: 'tree' });
  await outcomeOf(swapped, { mode: 'plain' });
  symlinkSync(outside, at('b'));
  for (const mode of ['layer', 'tree', 'plain'] as const)
    await outcomeOf([{ name: 'b/secret', content: 'x', mode: 0o777 }, { name: 'b/.wh.secret' }], { mode });
  await outcomeOf([{ name: 'b/', type: '5', mode: 0o777, uid: 9 }], { mode: 'tree' });
  assert.is(lstatSync(outside).uid, 0);
});

hostile('a hard link to a symlink is the symlink, and nothing is written through it', async () => {
  const entries: readonly TarEntry[] = [
    { name: 's', type: '2', link: path.join(outside, 'secret') },
    { name: 'h', type: '1', link: 's' },
    { name: 'h', content: 'through' },
    { name: 's', content: 'through', mode: 0o777 },
  ];
  for (const mode of ['layer', 'tree', 'plain'] as const) assert.is(await outcomeOf(entries, { mode }), 'fine');
  assert.is(readFileSync(at('h'), 'utf8'), 'through');
});

hostile('a folder that was its maker’s alone does not shut others out of the root', async () => {
  const before = lstatSync(root).mode;
  const entries: readonly TarEntry[] = [
    { name: './', type: '5', mode: 0o000, uid: 7 },
    { name: './f', content: 'x' },
  ];
  for (const mode of ['layer', 'tree', 'plain'] as const) assert.is(await outcomeOf(entries, { mode }), 'fine');
  assert.equal([lstatSync(root).mode, lstatSync(root).uid], [before, 0]);
  assert.is(await outcomeOf(entries, { mode: 'plain', takeTop: true }), 'fine');
  assert.is(lstatSync(root).uid, 7);
});

hostile('a link that leads nowhere is followed below the root', async () => {
  const entries: readonly TarEntry[] = [
    { name: 'd', type: '2', link: '/../made/here' },
    { name: 'd/f', content: 'x' },
    { name: 'loop', type: '2', link: 'loop' },
  ];
  assert.is(await outcomeOf(entries), 'fine');
  assert.is(readFileSync(at('made/here/f'), 'utf8'), 'x');
  assert.match(await outcomeOf([{ name: 'loop/f' }]), /^tar.entry (ELOOP|EEXIST)$/);
});

hostile('kinds that change from entry to entry', async () => {
  const entries: readonly TarEntry[] = [
    { name: 'x', content: 'file' },
    { name: 'x/', type: '5' },
    { name: 'x/deep/er', content: '1' },
    { name: 'x', type: '6' },
    { name: 'x', type: '3', major: 1, minor: 3 },
    { name: 'x/', type: '5' },
    { name: 'x/again', content: '2' },
  ];
  for (const mode of ['layer', 'tree', 'plain'] as const) assert.is(await outcomeOf(entries, { mode }), 'fine');
  assert.equal(readdirSync(at('x')), ['again']);
});

hostile('a bomb costs its headers: by content, by holes, by entries, compressed', async () => {
  const limitBytes = 1 << 20;
  const big = Buffer.alloc(4 << 20);
  assert.is(await outcomeOf([{ name: 'f', content: big }], { limitBytes }), 'tar.limit EFBIG');
  const bomb = gzipSync(tarBytes([{ name: 'f', content: Buffer.alloc(64 << 20) }]));
  assert.is(await outcome(bomb, { limitBytes, inflate: true }), 'tar.limit EFBIG');
  assert.equal(readdirSync(root), []);
  const many = Array.from({ length: 4000 }, (_, index) => ({ name: `n${index}` }));
  assert.is(await outcomeOf(many, { limitBytes }), 'tar.limit EFBIG');
});

hostile('gzip that is cut, damaged, or of several members', async () => {
  const bytes = tarBytes([{ name: 'f', content: 'x'.repeat(100_000) }]);
  const packed = gzipSync(bytes);
  const inflate = true;
  assert.match(await outcome(packed.subarray(0, packed.length - 9), { inflate }), /^tar.archive (ENODATA|EBADMSG)$/);
  const damaged = Buffer.from(packed);
  damaged[damaged.length >> 1]! ^= 0xff;
  assert.match(await outcome(damaged, { inflate, digest: true }), /^tar.archive (ENODATA|EBADMSG)$/);
  const members = Buffer.concat([
    gzipSync(bytes.subarray(0, 700)),
    gzipSync(Buffer.alloc(0)),
    gzipSync(bytes.subarray(700)),
  ]);
  assert.is(await outcome(members, { inflate, digest: true }), 'fine');
  assert.is(readFileSync(at('f')).length, 100_000);
});

hostile('thousands of names in one folder, and a path as deep as there can be', async () => {
  const many = Array.from({ length: 3_000 }, (_, index) => ({ name: `d/${index}` }));
  assert.is(await outcomeOf([{ name: 'd/', type: '5' }, ...many]), 'fine');
  assert.is(readdirSync(at('d')).length, 3_000);
  assert.is(await outcomeOf([{ name: 'x', pax: { path: 'p/'.repeat(2000) } }]), 'fine');
  assert.is(await outcomeOf([{ name: 'x', pax: { path: 'p/'.repeat(3000) } }]), 'tar.entry ENAMETOOLONG');
});

hostile.run();
