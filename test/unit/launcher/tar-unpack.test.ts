import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TarUnpack } from '../../../runtime/launch/types.js';
import { startLauncher } from '../../support/launcher.js';
import { type TarEntry, tarBytes, tarStream } from '../../support/tar-bytes.js';

const unpacking = suite('tar unpack');
let started: Awaited<ReturnType<typeof startLauncher>>;
let count = 0;
/** The root to unpack into, and beside it a file that no archive may touch. */
let root = '';
let outside = '';

unpacking.before(async () => {
  started = await startLauncher();
});
unpacking.after(() => started.close());
unpacking.before.each(() => {
  const folder = path.join(started.folder, String(++count));
  root = path.join(folder, 'root');
  outside = path.join(folder, 'outside');
  mkdirSync(root, { recursive: true });
  mkdirSync(outside);
  writeFileSync(path.join(outside, 'secret'), 'untouched');
});

function unpack(entries: readonly TarEntry[] | Readable, options: Partial<TarUnpack> = {}) {
  const tar = entries instanceof Readable ? entries : tarStream(entries);
  return started.launcher.unpack(
    { root: { kind: 'directory', path: root }, path: '/', mode: 'plain', ...options },
    tar,
  );
}

/** The failure as `OPERATION ERRNO`. */
async function failure(work: Promise<unknown>): Promise<string> {
  const error = (await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )) as { operation?: string; errno?: string } | undefined;
  return `${error?.operation} ${error?.errno}`;
}

const at = (name: string) => path.join(root, name);
/** Climbing names are found when they are cleaned, marks of nothing when they are read. */
const errnoOf = (name: string) => (name.startsWith('../') || name.includes('/../../') ? 'EXDEV' : 'EINVAL');
const secretIsSafe = () => {
  assert.is(readFileSync(path.join(outside, 'secret'), 'utf8'), 'untouched');
  assert.equal(readdirSync(outside), ['secret']);
};

unpacking('writes files, folders, links and devices with their attributes', async () => {
  const result = await unpack([
    { name: 'dir/', type: '5', mode: 0o1777, uid: 3, gid: 4, mtime: 1_500_000_000 },
    { name: 'dir/file', content: 'hello', mode: 0o4755, uid: 1000, gid: 2000, pax: { mtime: '1500000001.25' } },
    { name: 'dir/hard', type: '1', link: 'dir/file' },
    { name: 'soft', type: '2', link: '../up' },
    { name: 'null', type: '3', major: 1, minor: 3, mode: 0o666 },
    { name: 'pipe', type: '6' },
  ]);
  assert.equal(result, { files: 6, bytes: 5 });
  const file = statSync(at('dir/file'));
  assert.equal(
    [file.mode & 0o7777, file.uid, file.gid, file.mtimeMs, file.nlink],
    [0o4755, 1000, 2000, 1_500_000_001_250, 2],
  );
  const folder = statSync(at('dir'));
  assert.equal(
    [folder.mode & 0o7777, folder.uid, folder.mtimeMs],
    [0o1777, 3, 1_500_000_000_000],
    'times of folders come last',
  );
  assert.is(readlinkSync(at('soft')), '../up');
  assert.ok(lstatSync(at('null')).isCharacterDevice());
  assert.is(lstatSync(at('null')).rdev, (1 << 8) | 3);
  assert.ok(lstatSync(at('pipe')).isFIFO());
});

unpacking('reads long names, large numbers and sparse files', async () => {
  const long = `${'d'.repeat(120)}/${'n'.repeat(200)}`;
  const map = '2\n0\n3\n1000\n2\n';
  await unpack([
    { name: 'short', pax: { path: long, uid: '3000000' }, content: 'x' },
    { name: '././@LongLink', type: 'L', content: `${'g'.repeat(150)}\0` },
    { name: 'cut', content: 'y' },
    {
      name: 'stand-in',
      content: Buffer.concat([Buffer.from(map), Buffer.alloc(512 - map.length), Buffer.from('abcde')]),
      pax: {
        'GNU.sparse.major': '1',
        'GNU.sparse.minor': '0',
        'GNU.sparse.name': 'holes',
        'GNU.sparse.realsize': '5000',
      },
    },
  ]);
  assert.is(statSync(at(long)).uid, 3_000_000);
  assert.is(readFileSync(at('g'.repeat(150)), 'utf8'), 'y');
  const holes = readFileSync(at('holes'));
  assert.is(holes.length, 5000);
  assert.is(holes.subarray(0, 3).toString() + holes.subarray(1000, 1002).toString(), 'abcde');
});

unpacking('keeps absolute names and links below the root', async () => {
  symlinkSync(outside, at('way'));
  await unpack([
    { name: '/etc/passwd', content: 'in root' },
    { name: 'abs', type: '2', link: outside },
    { name: 'abs2', type: '2', link: '/etc' },
    { name: 'abs2/more', content: 'through a link' },
  ]);
  assert.is(readFileSync(at('etc/passwd'), 'utf8'), 'in root');
  assert.is(readFileSync(at('etc/more'), 'utf8'), 'through a link');
  secretIsSafe();
});

unpacking('refuses names that climb out', async () => {
  assert.is(await failure(unpack([{ name: '../outside/secret', content: 'x' }])), 'tar.escape EXDEV');
  assert.is(await failure(unpack([{ name: 'a/../../outside/new', content: 'x' }])), 'tar.escape EXDEV');
  assert.is(await failure(unpack([{ name: 'x', type: '1', link: '../outside/secret' }])), 'tar.escape EXDEV');
  secretIsSafe();
});

unpacking('never writes through a symlink to the outside', async () => {
  await unpack([
    { name: 'evil', type: '2', link: outside },
    { name: 'evil/secret', content: 'overwritten' },
  ]).catch(() => undefined);
  await unpack([
    { name: 'up', type: '2', link: '../outside' },
    { name: 'up/new', content: 'x' },
  ]).catch(() => undefined);
  await unpack([
    { name: 'secret', type: '2', link: path.join(outside, 'secret') },
    { name: 'secret', content: 'replaces the link' },
  ]);
  assert.is(readFileSync(at('secret'), 'utf8'), 'replaces the link');
  secretIsSafe();
});

unpacking('never links a file of the outside', async () => {
  await unpack([
    { name: 'dir', type: '2', link: outside },
    { name: 'stolen', type: '1', link: 'dir/secret' },
  ]).catch(() => undefined);
  assert.not(existsSync(at('stolen')));
  assert.is(statSync(path.join(outside, 'secret')).nlink, 1);
});

unpacking('forgets a folder that the archive replaced by a link', async () => {
  await unpack([
    { name: 'd/', type: '5' },
    { name: 'd/first', content: '1' },
    { name: 'd', type: '2', link: outside },
    { name: 'd/second', content: '2' },
  ]).catch(() => undefined);
  secretIsSafe();
});

unpacking('says what is wrong with a broken archive', async () => {
  const whole = tarBytes([{ name: 'file', content: 'x'.repeat(2000) }]);
  const cut = (bytes: number) => failure(unpack(Readable.from([whole.subarray(0, bytes)])));
  assert.is(await cut(100), 'tar.archive ENODATA');
  assert.is(await cut(1500), 'tar.archive ENODATA');
  assert.is(await failure(unpack(Readable.from([Buffer.alloc(600, 'junk')]))), 'tar.archive EBADMSG');
  const giant = (header: Buffer) => header.fill(0, 124, 136).fill(0x80, 124, 125).fill(0x7f, 128, 136);
  assert.is(await failure(unpack([{ name: 'giant', edit: giant }])), 'tar.archive ENODATA');
  const negative = (header: Buffer) => header.fill(0xff, 124, 136);
  assert.is(await failure(unpack([{ name: 'negative', edit: negative }])), 'tar.archive EBADMSG');
  assert.is(await failure(unpack([{ name: 'odd', type: 'Q' }])), 'tar.archive EOPNOTSUPP');
  assert.is(await failure(unpack([{ name: 'pax', pax: { mtime: 'noon' } }])), 'tar.archive EBADMSG');
});

unpacking('an archive may end without its two empty blocks', async () => {
  await unpack(Readable.from([tarBytes([{ name: 'last', content: '1' }], false)]));
  assert.is(readFileSync(at('last'), 'utf8'), '1');
});

unpacking('a source that breaks breaks the job', async () => {
  const source = Readable.from(
    (function* () {
      yield tarBytes([{ name: 'file', content: '1' }], false);
      throw new Error('connection lost');
    })(),
  );
  const said = await unpack(source).catch((error: Error) => error.message);
  assert.is(said, 'connection lost');
});

unpacking('replaces what is in the way, unless told to keep kinds apart', async () => {
  mkdirSync(at('folder/deep'), { recursive: true });
  writeFileSync(at('file'), 'old');
  const entries = [
    { name: 'folder', content: 'now a file' },
    { name: 'file/', type: '5' },
  ];
  assert.is(await failure(unpack([entries[0]!], { noOverwriteDirNonDir: true })), 'tar.overwrite EISDIR');
  assert.is(await failure(unpack([entries[1]!], { noOverwriteDirNonDir: true })), 'tar.overwrite ENOTDIR');
  await unpack(entries);
  assert.is(readFileSync(at('folder'), 'utf8'), 'now a file');
  assert.ok(statSync(at('file')).isDirectory());
});

unpacking('goes below a path, made when wanted, with one owner', async () => {
  assert.is(await failure(unpack([{ name: 'x' }], { path: '/not/there' })), 'tar.path ENOENT');
  const owner = { uid: 7, gid: 8 };
  await unpack([{ name: 'sub/x', uid: 1 }], { path: '/srv/new', createPath: true, owner });
  assert.equal([statSync(at('srv/new/sub/x')).uid, statSync(at('srv/new/sub')).gid], [7, 8]);
});

unpacking('a layer turns its marks into those of an overlay', async () => {
  await unpack(
    [
      { name: 'etc/.wh.passwd' },
      { name: 'gone/.wh..wh..opq' },
      { name: 'gone/new', content: 'n' },
      { name: '.wh..wh.plnk', type: '5' },
      { name: 'kept', content: 'this layer brings it itself' },
      { name: '.wh.kept' },
    ],
    { mode: 'layer' },
  );
  const mark = lstatSync(at('etc/passwd'));
  assert.ok(mark.isCharacterDevice());
  assert.is(mark.rdev, 0);
  assert.equal(readdirSync(root).sort(), ['etc', 'gone', 'kept']);
  assert.ok(statSync(at('kept')).isFile());
  assert.is(await failure(unpack([{ name: 'a/.wh...' }], { mode: 'layer' })), 'tar.escape EINVAL');
});

unpacking('a layer takes from lower layers what it only refers to', async () => {
  const lower = path.join(outside, '../lower');
  mkdirSync(path.join(lower, 'opt/app'), { recursive: true, mode: 0o700 });
  writeFileSync(path.join(lower, 'opt/app/bin'), 'program', { mode: 0o750 });
  await unpack(
    [
      { name: 'opt/app/new', content: '1' },
      { name: 'link', type: '1', link: 'opt/app/bin' },
    ],
    { mode: 'layer', parents: [lower] },
  );
  assert.is(statSync(at('opt/app')).mode & 0o777, 0o700, 'a folder that the archive does not name');
  assert.equal([readFileSync(at('link'), 'utf8'), statSync(at('link')).nlink], ['program', 2]);
  assert.is(
    await failure(unpack([{ name: 'l2', type: '1', link: 'nowhere' }], { mode: 'layer', parents: [lower] })),
    'tar.entry ENOENT',
  );
});

unpacking('a whiteout of what is above or of itself is refused', async () => {
  for (const name of ['.wh...', '.wh..', 'a/.wh...', '.wh.', '../.wh.secret', 'a/../../.wh.secret']) {
    assert.is(await failure(unpack([{ name }], { mode: 'layer' })), `tar.escape ${errnoOf(name)}`, name);
  }
  secretIsSafe();
});

unpacking('a whiteout behind a symlink stays below the root', async () => {
  const entries = [{ name: 'out', type: '2', link: outside }, { name: 'out/.wh.secret' }];
  await unpack(entries, { mode: 'layer' }).catch(() => undefined);
  secretIsSafe();
});

unpacking('names in other encodings are names like any other', async () => {
  const latin = Buffer.from('caf\u00e9', 'latin1');
  const edit = (header: Buffer) => void latin.copy(header, 0);
  await unpack([
    { name: 'xxxx', content: 'latin', edit },
    { name: '日本', content: 'utf8' },
    { name: 'line\nfeed', content: 'odd' },
  ]);
  const found = readdirSync(root, 'buffer').map((name) => name.toString('latin1'));
  assert.ok(found.includes('caf\u00e9'));
  assert.is(readFileSync(at('日本'), 'utf8'), 'utf8');
  assert.is(readFileSync(at('line\nfeed'), 'utf8'), 'odd');
});

unpacking('a name of two dots in disguise is still a climb', async () => {
  for (const name of ['./../x', 'a/./../../x', '//..//x', '/../x']) {
    assert.is(await failure(unpack([{ name, content: 'x' }])), 'tar.escape EXDEV', name);
  }
  secretIsSafe();
});

unpacking.run();
