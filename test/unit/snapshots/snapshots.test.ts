import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openSnapshots } from '../../../runtime/snapshots/snapshots.js';
import type { ChainId, Snapshots } from '../../../runtime/snapshots/types.js';
import { eventually } from '../../support/api.js';
import { startLauncher } from '../../support/launcher.js';
import { tarBytes, tarStream } from '../../support/tar-bytes.js';

const keeping = suite('snapshots');
let started: Awaited<ReturnType<typeof startLauncher>>;
let home = '';
let snapshots: Snapshots;
let count = 0;

keeping.before(async () => {
  started = await startLauncher();
});
keeping.after(() => started.close());
keeping.before.each(async () => {
  home = path.join(started.folder, `home${++count}`);
  mkdirSync(home);
  snapshots = await openSnapshots({ home, launcher: started.launcher });
});

const id = (digit: string): ChainId => `sha256:${digit.repeat(64)}`;
const lower = [
  { name: 'etc/', type: '5' },
  { name: 'etc/a', content: 'a' },
  { name: 'etc/b', content: 'bb' },
];

keeping('a layer is there whole, with its size, after its work is done', async () => {
  const made = await snapshots.apply({ chainId: id('a'), parent: undefined }, tarStream(lower));
  assert.equal([made.sizeBytes, snapshots.sizeBytes(id('a')), snapshots.has(id('a'))], [3, 3, true]);
  assert.is(readFileSync(path.join(snapshots.lowerDirectories(id('a'))[0]!, 'etc/b'), 'utf8'), 'bb');
});

keeping('layers and roots are put where the disk is empty, which the file system is told', async () => {
  const marked = path.join(started.folder, 'marked');
  mkdirSync(marked);
  await started.launcher.spread([marked, '/dev/shm']);
  const isKnown = execFileSync('stat', ['-f', '-c', '%T', marked], { encoding: 'utf8' }).trim() === 'ext2/ext3';
  const isMarked = (folder: string) =>
    execFileSync('lsattr', ['-d', folder], { encoding: 'utf8' }).split(' ')[0]!.includes('T');
  if (isKnown) {
    assert.ok(isMarked(marked));
    for (const folder of ['layers', 'roots'])
      await eventually(`${folder} is marked`, async () => isMarked(path.join(home, folder)));
  }
  const missing = await started.launcher.spread([`${marked}/none`]).catch((error: Error) => error.message);
  assert.match(String(missing), 'ENOENT');
});

keeping('two who bring the same layer share the work', async () => {
  const layer = { chainId: id('a'), parent: undefined };
  const both = await Promise.all([snapshots.apply(layer, tarStream(lower)), snapshots.apply(layer, tarStream(lower))]);
  assert.equal(both, [{ sizeBytes: 3 }, { sizeBytes: 3 }]);
  assert.equal(readdirSync(path.join(home, 'layers')).length, 1);
});

keeping('one that breaks leaves nothing, and can be brought again', async () => {
  const layer = { chainId: id('a'), parent: undefined };
  const cut = tarBytes(lower).subarray(0, 700);
  const said = await snapshots.apply(layer, Readable.from([cut])).catch((error: Error) => error.message);
  assert.match(String(said), /^failed to register layer: unexpected EOF/);
  assert.equal([snapshots.list(), readdirSync(path.join(home, 'layers'))], [[], []]);
  await snapshots.apply(layer, tarStream(lower));
  assert.ok(snapshots.has(id('a')));
});

keeping('a layer without its parent is refused', async () => {
  const said = await snapshots
    .apply({ chainId: id('b'), parent: id('a') }, tarStream([]))
    .catch((error: Error) => error.message);
  assert.is(said, `layer ${id('a')} does not exist`);
});

keeping('what a crash left half-made is swept, what is whole stays', async () => {
  await snapshots.apply({ chainId: id('a'), parent: undefined }, tarStream(lower));
  mkdirSync(path.join(home, 'layers/new-1-1-1/fs'), { recursive: true });
  mkdirSync(path.join(home, 'layers/bbbb/fs'), { recursive: true });
  const next = await openSnapshots({ home, launcher: started.launcher });
  assert.equal([next.list(), readdirSync(path.join(home, 'layers')).length], [[id('a')], 1]);
});

keeping('a root is prepared once, and what it changed is told as docker diff does', async () => {
  await snapshots.apply({ chainId: id('a'), parent: undefined }, tarStream(lower));
  const root = await snapshots.prepare('key', id('a'));
  assert.equal(await snapshots.prepare('key', id('a')), root);
  mkdirSync(path.join(root.upper, 'etc'));
  execFileSync('mknod', [path.join(root.upper, 'etc/a'), 'c', '0', '0']);
  writeFileSync(path.join(root.upper, 'etc/b'), 'changed');
  writeFileSync(path.join(root.upper, 'new'), '');
  assert.equal(await snapshots.changes('key', id('a')), [
    { path: '/etc', change: 'modified' },
    { path: '/etc/a', change: 'deleted' },
    { path: '/etc/b', change: 'modified' },
    { path: '/new', change: 'added' },
  ]);
  assert.is(await snapshots.upperBytes('key', id('a')), 7);
});

keeping('what was only copied up has not changed', async () => {
  await snapshots.apply({ chainId: id('a'), parent: undefined }, tarStream(lower));
  const root = await snapshots.prepare('key', id('a'));
  const [below] = snapshots.lowerDirectories(id('a'));
  execFileSync('cp', ['-a', path.join(below!, 'etc'), root.upper]);
  assert.equal(await snapshots.changes('key', id('a')), []);
  utimesSync(path.join(root.upper, 'etc/b'), 1, 1);
  assert.equal(await snapshots.changes('key', id('a')), [
    { path: '/etc', change: 'modified' },
    { path: '/etc/b', change: 'modified' },
  ]);
});

keeping('an upper becomes a layer by being moved', async () => {
  const root = await snapshots.prepare('key', undefined);
  writeFileSync(path.join(root.upper, 'f'), '1234');
  const { ino } = lstatSync(path.join(root.upper, 'f'));
  await snapshots.adopt({ chainId: id('c'), parent: undefined }, root.upper);
  assert.is(snapshots.sizeBytes(id('c')), 4);
  assert.is(lstatSync(path.join(snapshots.lowerDirectories(id('c'))[0]!, 'f')).ino, ino);
});

keeping('what is thrown away is gone at once for the store, and from the disk soon', async () => {
  await snapshots.apply({ chainId: id('a'), parent: undefined }, tarStream(lower));
  const root = await snapshots.prepare('key', id('a'));
  await snapshots.discard('key');
  await snapshots.discard('key');
  await snapshots.remove(id('a'));
  assert.equal(
    [existsSync(root.upper), snapshots.has(id('a')), readdirSync(path.join(home, 'layers'))],
    [false, false, []],
  );
  for (let tried = 0; tried < 100 && readdirSync(path.join(home, 'trash')).length > 0; tried++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(readdirSync(path.join(home, 'trash')), []);
});

keeping('a key is never a path', async () => {
  for (const key of ['', '..', 'a/b', '.hidden']) {
    const said = await snapshots.prepare(key, undefined).catch((error: Error) => error.message);
    assert.match(String(said), /^invalid snapshot key/);
  }
});

keeping('what the disk may not hold after a power cut is not believed, until it was synced', async () => {
  const reopen = () => openSnapshots({ home, launcher: started.launcher });
  const record = () => path.join(path.dirname(snapshots.lowerDirectories(id('a'))[0]!), 'layer.json');
  await snapshots.apply({ chainId: id('a'), parent: undefined }, tarStream(lower));
  assert.match(readFileSync(record(), 'utf8'), /"boot":"[-0-9a-f]{36}"/);
  assert.ok((await reopen()).has(id('a')), 'another engine of the same boot');
  await snapshots.settle();
  assert.not.match(readFileSync(record(), 'utf8'), /"boot"/);

  await snapshots.apply({ chainId: id('b'), parent: id('a') }, tarStream(lower));
  const ofOther = path.join(path.dirname(snapshots.lowerDirectories(id('b'))[0]!), 'layer.json');
  writeFileSync(ofOther, readFileSync(ofOther, 'utf8').replace(/"boot":"[^"]*"/, '"boot":"an earlier one"'));
  const later = await reopen();
  assert.equal(later.list(), [id('a')]);
});

keeping.run();
