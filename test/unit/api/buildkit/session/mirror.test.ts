import { existsSync, lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Stat } from '../../../../../runtime/api/buildkit/proto/messages.js';
import { Mirror } from '../../../../../runtime/api/buildkit/session/mirror.js';
import { fileType, goMode, permissions } from '../../../../../runtime/api/buildkit/session/modes.js';
import type { FileIndex } from '../../../../../runtime/engine/synced-folders.js';
import { contentHash } from '../../../../../runtime/engine/synced-tree.js';

const mirroring = suite('mirror of a folder');
let root: string;
mirroring.before.each(() => {
  root = mkdtempSync(join(tmpdir(), 'mirror-'));
});
mirroring.after.each(() => rmSync(root, { recursive: true, force: true }));

const directory = 0x80000000;
const symlink = 0x08000000;
const at = (path: string, change: Partial<Stat> = {}): Stat => ({
  path,
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  modTime: 1e18,
  linkname: '',
  devmajor: 0,
  devminor: 0,
  ...change,
});
const folder = (path: string) => at(path, { mode: directory + 0o755 });

/** Tells a mirror of everything; resolves with the index and the paths that it asked for. */
function mirror(before: FileIndex, entries: readonly (readonly [Stat, string?])[]) {
  const made = new Mirror(root, before);
  const asked: string[] = [];
  for (const [id, [stat]] of entries.entries()) if (made.entry(stat, id)) asked.push(stat.path);
  for (const [id, [stat, text = '']] of entries.entries()) {
    if (!asked.includes(stat.path)) continue;
    if (text !== '') made.content(id, Buffer.from(text));
    made.content(id, Buffer.alloc(0));
  }
  made.dropRest();
  made.finish();
  return { index: made.index, asked, bytes: made.sizeBytes };
}

const first = [
  [at('a', { size: 1, mode: 0o751 }), 'x'],
  [folder('d')],
  [at('d/b', { size: 1 }), 'y'],
  [at('d/link', { mode: symlink + 0o777, linkname: 'b' })],
  [at('e', { linkname: 'a', size: 1, mode: 0o751 })],
] as const;

mirroring('makes files, folders and links with their modes and times', () => {
  const { asked, bytes } = mirror(new Map(), first);
  assert.equal(asked, ['a', 'd/b']);
  assert.is(bytes, 3);
  assert.is(readFileSync(join(root, 'd/b'), 'utf8'), 'y');
  assert.is(statSync(join(root, 'a')).mode & 0o777, 0o751);
  assert.is(statSync(join(root, 'a')).mtimeMs, 1e12);
  assert.is(statSync(join(root, 'd')).mtimeMs, 1e12);
  assert.is(readlinkSync(join(root, 'd/link')), 'b');
  assert.is(statSync(join(root, 'e')).ino, statSync(join(root, 'a')).ino);
});

mirroring('asks only for what is described differently, and takes away the rest', () => {
  const { index } = mirror(new Map(), first);
  const { asked } = mirror(index, [[first[0][0]], [folder('d')], [at('d/b', { size: 2, modTime: 2e18 }), 'yy']]);
  assert.equal(asked, ['d/b']);
  assert.is(readFileSync(join(root, 'd/b'), 'utf8'), 'yy');
  assert.is(existsSync(join(root, 'e')), false);
  assert.is(existsSync(join(root, 'd/link')), false);
});

mirroring('a folder becomes a file, and a file a folder', () => {
  const { index } = mirror(new Map(), first);
  mirror(index, [[folder('a')], [at('a/in', { size: 1 }), 'z'], [at('d', { size: 1 }), 'f']]);
  assert.is(readFileSync(join(root, 'a/in'), 'utf8'), 'z');
  assert.is(readFileSync(join(root, 'd'), 'utf8'), 'f');
});

for (const path of ['../out', '/abs', 'a/../../out', 'x/./y', '.', 'nowhere/file'])
  mirroring(`refuses ${path}`, () => {
    assert.throws(() => mirror(new Map(), [[at(path, { size: 1 }), 'x']]), /invalid path/);
  });

mirroring('never writes through a link that came with the files', () => {
  const link = at('d', { mode: symlink + 0o777, linkname: '/tmp' });
  assert.throws(() => mirror(new Map(), [[link], [at('d/out', { size: 1 }), 'x']]), /invalid path/);
});

mirroring('content that nobody asked for is refused', () => {
  assert.throws(() => new Mirror(root, new Map()).content(7, Buffer.from('x')), /nobody asked/);
});

mirroring('modes are Go’s both ways', () => {
  assert.is(fileType(directory + 0o755), 'directory');
  assert.is(fileType(symlink + 0o777), 'symlink');
  assert.is(fileType(0x02000000), 'other');
  assert.is(permissions(0x00800000 + 0o755), 0o4755);
  assert.is(goMode(lstatSync('/')), directory + (lstatSync('/').mode & 0o777));
  assert.is(goMode(lstatSync('/tmp')), directory + 0x00100000 + 0o777);
});

mirroring('what lies in it is told without a look: types, links, digests of what arrived', async () => {
  const made = new Mirror(root, new Map());
  const fifo = 0x02000000;
  const entries = [
    at('a', { size: 1 }),
    folder('d'),
    at('d/b', { linkname: 'a', size: 1 }),
    at('pipe', { mode: fifo + 0o600 }),
  ];
  for (const [id, stat] of entries.entries()) made.entry(stat, id);
  made.content(0, Buffer.from('x'));
  made.content(0, Buffer.alloc(0));
  made.dropRest();
  const tree = made.tree();
  assert.equal([await tree.names(''), await tree.names('d')], [['a', 'd', 'pipe'], ['b']]);
  const [a, b, pipe] = await Promise.all(['a', 'd/b', 'pipe'].map((path) => tree.entry(path)));
  const digest = contentHash().update('x').digest('hex');
  assert.equal([a!.digest, b!.digest, a!.linkKey, b!.linkKey], [digest, digest, 'a', 'a']);
  assert.equal([pipe!.type, pipe!.mode], ['fifo', 0o600]);
  assert.is(await tree.entry('none'), undefined);
  assert.not(made.unchanged);

  const again = new Mirror(root, made.index, made.digests);
  const asked = entries.map((stat, id) => again.entry(stat, id));
  again.dropRest();
  assert.equal(asked, [false, false, false, false]);
  assert.ok(again.unchanged);
  assert.is((await again.tree().entry('a'))!.digest, digest);
});

mirroring.run();
