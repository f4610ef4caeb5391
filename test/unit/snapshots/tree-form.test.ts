/** Layers as whole trees, and when they are chosen. Needs root. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openSnapshots } from '../../../runtime/snapshots/snapshots.js';
import type { ChainId, Snapshots } from '../../../runtime/snapshots/types.js';
import { startLauncher } from '../../support/launcher.js';
import { tarStream } from '../../support/tar-bytes.js';

const trees = suite('layers as whole trees');
let started: Awaited<ReturnType<typeof startLauncher>>;
let home = '';
let snapshots: Snapshots;
let count = 0;

trees.before(async () => {
  started = await startLauncher();
});
trees.after(() => started.close());
trees.before.each(async () => {
  home = path.join(started.folder, `home${++count}`);
  mkdirSync(home);
  snapshots = await openSnapshots({ home, launcher: started.launcher, driver: 'vfs' });
});

const id = (digit: string): ChainId => `sha256:${digit.repeat(64)}`;
const lower = [
  { name: 'etc/', type: '5' },
  { name: 'etc/a', content: 'a' },
  { name: 'etc/b', content: 'bb' },
  { name: 'opt/', type: '5' },
  { name: 'opt/deep/', type: '5' },
  { name: 'opt/deep/x', content: 'x' },
];
/** vfs_cap_data of revision 2: cap_net_raw, effective and permitted. */
const netRaw = `\u0001\0\0\u0002\0\u0020${'\0'.repeat(14)}`;
const able = { name: 'opt/able', pax: { 'SCHILY.xattr.security.capability': netRaw } };

function launcherParts() {
  const { launcher } = started;
  return {
    pack: launcher.pack.bind(launcher),
    packGzip: launcher.packGzip.bind(launcher),
    copyTree: launcher.copyTree.bind(launcher),
    spawn: launcher.spawn.bind(launcher),
  };
}

const base = () => snapshots.apply({ chainId: id('a'), parent: undefined }, tarStream(lower));
const treeOf = (chainId: ChainId) => snapshots.lowerDirectories(chainId)[0]!;
const namesIn = (folder: string) => (readdirSync(folder, { recursive: true }) as string[]).sort();

async function namesOf(tar: Readable): Promise<string[]> {
  const file = path.join(home, 'listed.tar');
  writeFileSync(file, await buffer(tar));
  return execFileSync('tar', ['tf', file], { encoding: 'utf8' }).trimEnd().split('\n');
}

trees('a layer is its parent’s tree with its own changes; what it does not change is the same file', async () => {
  await base();
  const { sizeBytes } = await snapshots.apply(
    { chainId: id('b'), parent: id('a') },
    tarStream([{ name: 'etc/.wh.a' }, { name: 'etc/b', content: 'new' }, { name: 'l', type: '1', link: 'opt/deep/x' }]),
  );
  const [one, two] = [treeOf(id('a')), treeOf(id('b'))];
  assert.equal(namesIn(two), ['etc', 'etc/b', 'l', 'opt', 'opt/deep', 'opt/deep/x']);
  assert.equal(
    [readFileSync(path.join(one, 'etc/b'), 'utf8'), readFileSync(path.join(two, 'etc/b'), 'utf8')],
    ['bb', 'new'],
  );
  assert.is(lstatSync(path.join(one, 'opt/deep/x')).ino, lstatSync(path.join(two, 'l')).ino);
  assert.is(sizeBytes, 3);
});

trees('marks hide what was below, wherever they stand in the archive', async () => {
  await base();
  await snapshots.apply(
    { chainId: id('b'), parent: id('a') },
    tarStream([
      { name: 'opt/mine/kept', content: '1' },
      { name: 'opt/.wh..wh..opq' },
      { name: 'etc/b', content: 'new' },
      { name: 'etc/.wh.b' },
      { name: '.wh..wh.plnk' },
    ]),
  );
  assert.equal(namesIn(treeOf(id('b'))), ['etc', 'etc/a', 'etc/b', 'opt', 'opt/mine', 'opt/mine/kept']);
});

trees('a whiteout of what lies outside leads nowhere', async () => {
  await base();
  for (const name of ['.wh..', '.wh...', '../.wh.home']) {
    const said = await snapshots
      .apply({ chainId: id('b'), parent: id('a') }, tarStream([{ name }]))
      .catch((error: Error) => error.message);
    assert.match(String(said), /^failed to register layer: invalid path in archive/, name);
  }
  await snapshots.apply(
    { chainId: id('b'), parent: id('a') },
    tarStream([{ name: 'out', type: '2', link: started.folder }]),
  );
  writeFileSync(path.join(started.folder, 'witness'), '');
  await snapshots
    .apply(
      { chainId: id('c'), parent: id('b') },
      tarStream([{ name: 'out/.wh.witness' }, { name: 'out/.wh..wh..opq' }]),
    )
    .catch(() => undefined);
  assert.ok(existsSync(path.join(started.folder, 'witness')));
});

trees('a root is a copy that is told and packed by what it changes', async () => {
  await base();
  const root = await snapshots.prepare('step', id('a'));
  assert.equal([root.lower, root.below], [[], [treeOf(id('a'))]]);
  rmSync(path.join(root.upper, 'opt'), { recursive: true });
  writeFileSync(path.join(root.upper, 'etc/b'), 'changed');
  chmodSync(path.join(root.upper, 'etc/a'), 0o600);
  mkdirSync(path.join(root.upper, 'new'));
  writeFileSync(path.join(root.upper, 'new/one'), '123');
  linkSync(path.join(root.upper, 'new/one'), path.join(root.upper, 'new/two'));
  assert.equal(await snapshots.prepare('step', id('a')), root, 'a second time changes nothing');
  assert.equal(await snapshots.changes('step', id('a')), [
    { path: '/etc', change: 'modified' },
    { path: '/etc/a', change: 'modified' },
    { path: '/etc/b', change: 'modified' },
    { path: '/new', change: 'added' },
    { path: '/new/one', change: 'added' },
    { path: '/new/two', change: 'added' },
    { path: '/opt', change: 'deleted' },
  ]);
  assert.is(await snapshots.upperBytes('step', id('a')), 1 + 7 + 3);
  const names = await namesOf(snapshots.diffTar('step', id('a')));
  assert.equal(names, ['etc/', 'etc/a', 'etc/b', 'new/', 'new/one', 'new/two', '.wh.opt']);
  assert.is(readFileSync(path.join(treeOf(id('a')), 'etc/b'), 'utf8'), 'bb');
});

trees('a root that becomes a layer is packed byte for byte as before, and unpacks to the same tree', async () => {
  await snapshots.apply({ chainId: id('a'), parent: undefined }, tarStream([...lower, able]));
  const root = await snapshots.prepare('step', id('a'));
  rmSync(path.join(root.upper, 'opt/deep'), { recursive: true });
  symlinkSync('a', path.join(root.upper, 'etc/link'));
  utimesSync(path.join(root.upper, 'opt/able'), 1, 1);
  const before = await buffer(snapshots.diffTar('step', id('a')));
  await snapshots.adopt({ chainId: id('b'), parent: id('a') }, root.upper);
  assert.ok((await buffer(snapshots.layerTar(id('b')))).equals(before));
  const file = path.join(home, 'layer.tar');
  writeFileSync(file, before);
  await snapshots.apply({ chainId: id('c'), parent: id('a') }, file);
  assert.equal(namesIn(treeOf(id('c'))), namesIn(treeOf(id('b'))));
  assert.ok(before.includes('SCHILY.xattr.security.capability=\u0001'), 'attributes are copied and packed');
});

trees('overlay is taken where it works, and trees on another overlay', async () => {
  const other = path.join(started.folder, `plain${count}`);
  mkdirSync(other);
  assert.equal((await openSnapshots({ home: other, launcher: started.launcher })).driver.name, 'overlay2');
  const at = (name: string) => path.join(home, name);
  for (const name of ['l', 'u', 'w', 'm']) mkdirSync(at(name));
  execFileSync('mount', [
    '-t',
    'overlay',
    'overlay',
    '-o',
    `lowerdir=${at('l')},upperdir=${at('u')},workdir=${at('w')}`,
    at('m'),
  ]);
  try {
    const { driver } = await openSnapshots({ home: at('m'), launcher: started.launcher });
    assert.is(driver.name, 'vfs');
    assert.match(driver.because ?? '', /failed: /);
    const said = await openSnapshots({ home: at('m'), launcher: started.launcher, driver: 'overlay2' }).catch(
      (error: Error) => error.message,
    );
    assert.match(String(said), /^the storage driver overlay2 does not work in /);
  } finally {
    execFileSync('umount', ['-l', at('m')]);
  }
});

trees('a trial that failed for a reason that may pass is not remembered; one that did not, is', async () => {
  const { launcher } = started;
  const remembered = path.join(home, 'driver.json');
  rmSync(remembered, { force: true });
  const failing = (errno: string) => ({
    ...launcherParts(),
    unpack: () => Promise.reject(Object.assign(new Error(errno), { errno, operation: 'tar.root' })),
  });
  assert.is((await openSnapshots({ home, launcher: failing('EBADMSG') })).driver.name, 'vfs');
  assert.not(existsSync(remembered));
  assert.is((await openSnapshots({ home, launcher: failing('EINVAL') })).driver.name, 'vfs');
  assert.ok(existsSync(remembered));
  writeFileSync(remembered, '');
  assert.is((await openSnapshots({ home, launcher })).driver.name, 'overlay2', 'a damaged file is none');
});

trees('layers are never hidden by another driver without a word', async () => {
  const { launcher } = started;
  await base();
  assert.is((await openSnapshots({ home, launcher })).driver.name, 'vfs', 'where layers are trees they stay it');
  const other = path.join(started.folder, `overlay${count}`);
  mkdirSync(other);
  const before = await openSnapshots({ home: other, launcher });
  await before.apply({ chainId: id('a'), parent: undefined }, tarStream(lower));
  const broken = { ...launcherParts(), unpack: () => Promise.reject(new Error('old launcher')) };
  const remembered = path.join(other, 'driver.json');
  writeFileSync(
    remembered,
    JSON.stringify({ ...JSON.parse(readFileSync(remembered, 'utf8')), name: 'vfs', because: 'an accident' }),
  );
  const said = await openSnapshots({ home: other, launcher: broken }).catch((error: Error) => error.message);
  assert.match(String(said), /overlay2 does not work in .*: old launcher\. The images there are in its form/);
  const after = await openSnapshots({ home: other, launcher });
  assert.equal([after.driver.name, after.list()], ['overlay2', [id('a')]]);
});

trees.run();
