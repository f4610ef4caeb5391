import { createReadStream, createWriteStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseReference } from '../../../runtime/images/reference.js';
import type { Image } from '../../../runtime/images/types.js';
import { digestText } from '../../support/fake-registry.js';
import { openTestStore, type TestStore } from '../../support/image-store.js';
import { startLauncher } from '../../support/launcher.js';
import { tarBytes, tarStream } from '../../support/tar-bytes.js';

const storing = suite('image store');
let started: Awaited<ReturnType<typeof startLauncher>>;
let store: TestStore;
let count = 0;

storing.before(async () => {
  started = await startLauncher();
});
storing.after(() => started.close());
storing.before.each(async () => {
  store = await openTestStore(path.join(started.folder, `home${++count}`), started.launcher);
});
storing.after.each(() => store.close());

const platform = { os: 'linux', architecture: 'amd64' };
const rootTar = tarBytes([
  { name: 'bin/', type: '5' },
  { name: 'bin/sh', content: 'shell', mode: 0o755 },
]);
const anybody = { force: false, noPrune: false, inUse: () => [] };

function importRoot(bytes: Buffer = rootTar): Promise<Image> {
  const image = { config: { Cmd: ['sh'] }, platform, comment: 'Imported from -', created: '2024-01-01T00:00:00Z' };
  return store.images.importRoot(Readable.from([bytes]), image);
}

async function tagged(...names: string[]): Promise<Image> {
  const image = await importRoot();
  for (const name of names) await store.images.tag(image.id, parseReference(name));
  return store.images.get(image.id);
}

/** A container's or a step's change as an image of one more layer. */
async function derive(base: Image, file: string, content: string): Promise<Image> {
  const parent = base.chainIds.at(-1);
  const root = await store.snapshots.prepare('step', parent);
  writeFileSync(path.join(root.upper, file), content);
  const layer = await store.images.addLayer(parent, store.snapshots.diffTar('step', parent), root.upper);
  await store.snapshots.discard('step');
  const history = [...base.history, { created_by: `RUN ${file}` }];
  return store.images.put({
    platform,
    created: undefined,
    config: base.config,
    history,
    diffIds: [...base.diffIds, layer.diffId],
  });
}

storing('an image is found by its names, its id and a part of it', async () => {
  const image = await tagged('app:1', 'localhost:5000/app:2');
  assert.equal(image.tags, ['app:1', 'localhost:5000/app:2']);
  for (const name of [
    'app:1',
    'docker.io/library/app:1',
    image.id,
    image.id.slice(7),
    image.id.slice(7, 15),
    image.id.slice(0, 20),
  ]) {
    assert.is(store.images.get(name).id, image.id, name);
  }
  assert.throws(
    () => store.images.get('app'),
    (error: Error) => error.message === 'No such image: app:latest',
  );
});

storing('the same content has the same id, compressed or not', async () => {
  const plain = await importRoot();
  const packed = await importRoot(gzipSync(rootTar));
  assert.is(plain.id, packed.id);
  assert.equal(plain.diffIds, [digestText(rootTar)]);
  assert.is(store.images.list().length, 1);
});

storing('a tag moves to another image, which leaves the first without a name', async () => {
  const first = await tagged('app');
  const second = await derive(first, 'new', 'x');
  await store.images.tag(second.id, parseReference('app'));
  assert.equal(store.images.get(first.id).tags, []);
  assert.is(store.images.get('app').id, second.id);
});

storing('a built layer is kept once and packed again to the same bytes', async () => {
  const image = await derive(await tagged('base'), 'file', 'content');
  assert.is(readdirSync(path.join(store.home, 'blobs/sha256')).includes(image.diffIds[1]!.slice(7)), false);
  const again = await buffer(store.snapshots.layerTar(image.chainIds[1]!));
  assert.is(digestText(again), image.diffIds[1]);
});

storing('saved and loaded elsewhere, it is the same image, and saved again the same archive', async () => {
  const image = await derive(await tagged('base'), 'file', 'content');
  await store.images.tag(image.id, parseReference('app:1'));
  const archive = path.join(store.home, 'saved.tar');
  await pipeline(store.images.save(['app:1']), createWriteStream(archive));
  const other = await openTestStore(`${store.home}-other`, started.launcher);
  const said: string[] = [];
  const [loaded] = await other.images.load(createReadStream(archive), (event) => said.push(event.status));
  assert.equal([loaded?.id, loaded?.tags, said.at(-1)], [image.id, ['app:1'], 'Loaded image: app:1']);
  assert.is(
    readFileSync(path.join(other.snapshots.lowerDirectories(image.chainIds[1])[0]!, 'file'), 'utf8'),
    'content',
  );
  assert.ok((await buffer(other.images.save(['app']))).equals(readFileSync(archive)));
  await other.close();
});

storing('an archive in the old form, compressed, with links between layers', async () => {
  const config = JSON.stringify({
    ...platform,
    config: {},
    rootfs: { type: 'layers', diff_ids: [digestText(rootTar), digestText(rootTar)] },
  });
  const name = `${digestText(Buffer.from(config)).slice(7)}.json`;
  const manifest = [{ Config: name, RepoTags: ['old:1'], Layers: ['one/layer.tar', 'two/layer.tar'] }];
  const archive = tarBytes([
    { name: 'one/layer.tar', content: rootTar },
    { name: 'two/layer.tar', type: '2', link: '../one/layer.tar' },
    { name, content: config },
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ]);
  const [image] = await store.images.load(Readable.from([gzipSync(archive)]), () => undefined);
  assert.equal([image?.tags, image?.diffIds.length], [['old:1'], 2]);
});

storing('a broken archive is refused with its reason and leaves nothing', async () => {
  const refusal = async (archive: Readable) =>
    String(await store.images.load(archive, () => undefined).catch((error: Error) => error.message));
  assert.match(await refusal(tarStream([{ name: 'x' }])), /neither a manifest.json nor an index.json/);
  assert.match(await refusal(Readable.from([Buffer.from('no archive at all, '.repeat(60))])), /^invalid archive/);
  const config = JSON.stringify({ ...platform, rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] } });
  const manifest = JSON.stringify([{ Config: 'c.json', RepoTags: ['x:1'], Layers: ['l.tar'] }]);
  const forged = [
    { name: 'c.json', content: config },
    { name: 'l.tar', content: rootTar },
    { name: 'manifest.json', content: manifest },
  ];
  assert.match(await refusal(tarStream(forged)), /its content is sha256:/);
  assert.match(await refusal(tarStream([forged[0]!, forged[2]!])), /l\.tar is not in it/);
  assert.equal([store.images.list(), store.snapshots.list()], [[], []]);
  assert.equal(
    [readdirSync(path.join(store.home, 'ingest')), readdirSync(path.join(store.home, 'blobs/sha256'))],
    [[], []],
  );
});

storing('removing a name of several only takes the name', async () => {
  await tagged('app:1', 'app:2');
  assert.equal(await store.images.remove('app:1', anybody), [{ untagged: 'app:1' }]);
  const removed = await store.images.remove('app:2', anybody);
  assert.is(removed[0]?.untagged, 'app:2');
  assert.ok(removed[1]?.deleted);
  assert.equal(store.images.list(), []);
});

storing('what containers stand on is protected as in Docker', async () => {
  const image = await tagged('app:1');
  const id = image.id.slice(7, 19);
  const refusal = (name: string, running: boolean, force = false) =>
    store.images
      .remove(name, { force, noPrune: false, inUse: () => [{ id: 'c'.repeat(64), running }] })
      .catch((error: Error) => error.message);
  const container = 'c'.repeat(12);
  assert.is(
    await refusal('app:1', false),
    `conflict: unable to remove repository reference "app:1" (must force) - container ${container} is using its referenced image ${id}`,
  );
  assert.is(
    await refusal(id, false),
    `conflict: unable to delete ${id} (must be forced) - image is being used by stopped container ${container}`,
  );
  assert.is(
    await refusal(id, true, true),
    `conflict: unable to delete ${id} (cannot be forced) - image is being used by running container ${container}`,
  );
  await store.images.tag(image.id, parseReference('other:1'));
  assert.match(
    String(await store.images.remove(id, anybody).catch((error: Error) => error.message)),
    /referenced in multiple repositories/,
  );
  assert.equal(await refusal('other:1', true), [{ untagged: 'other:1' }]);
});

storing('collecting frees what nothing refers to, and spares roots', async () => {
  const base = await tagged('base');
  const derived = await derive(base, 'file', 'x');
  await store.images.remove(derived.id, anybody);
  await store.images.remove('base', anybody);
  await store.images.collect(() => [derived.chainIds[0]!]);
  assert.equal(store.snapshots.list(), [derived.chainIds[0]]);
  assert.ok((await store.images.collect(() => [])).reclaimedBytes > 0);
  assert.equal([store.snapshots.list(), readdirSync(path.join(store.home, 'blobs/sha256'))], [[], []]);
});

storing('what comes again while it is being collected is there whole', async () => {
  for (const name of 'abcdefghijkl') {
    const other = await importRoot(tarBytes([{ name, content: name }]));
    await store.images.remove(other.id, anybody);
  }
  const { id } = await importRoot();
  await store.images.remove(id, anybody);
  const [, again] = await Promise.all([store.images.collect(() => []), importRoot()]);
  await store.images.collect(() => []);
  assert.is(again.id, id);
  const report = await store.images.check({ repair: false, roots: [] });
  assert.equal([report.problems, report.images, report.layers], [[], 1, 1]);
  assert.ok((await buffer(store.images.save([id]))).length > 0);
});

storing('what was just made is spared until its maker has done with it', async () => {
  const done = store.images.keepNew();
  const root = await store.snapshots.prepare('step', undefined);
  writeFileSync(path.join(root.upper, 'file'), 'x');
  const moved = await store.images.addLayer(undefined, store.snapshots.diffTar('step', undefined), root.upper);
  await store.snapshots.discard('step');
  const unpacked = await store.images.addLayer(moved.chainId, Readable.from([tarBytes([{ name: 'a', content: 'a' }])]));
  const image = await importRoot();
  assert.ok(store.images.isHeld(image.id));
  await store.images.remove(image.id, anybody);
  await store.images.collect(() => []);
  const chains = [moved.chainId, unpacked.chainId, image.chainIds[0]!];
  assert.equal([...store.snapshots.list()].sort(), chains.sort());
  done();
  assert.not.ok(store.images.isHeld(image.id));
  await store.images.collect(() => []);
  assert.equal([store.snapshots.list(), readdirSync(path.join(store.home, 'blobs/sha256'))], [[], []]);
});

storing('a layer is whole however often others are cleared away while it is added', async () => {
  const done = store.images.keepNew();
  let over = false;
  const clearing = (async () => {
    for (; !over; await setImmediate()) await store.images.collect(() => []);
  })();
  for (let index = 0; index < 20; index++) {
    const content = `${index}`.repeat(1000);
    const { chainId } = await store.images.addLayer(undefined, Readable.from([tarBytes([{ name: 'a', content }])]));
    assert.ok(store.snapshots.has(chainId));
  }
  over = true;
  await clearing;
  done();
});

storing('an image that is being saved is saved whole, though it is removed meanwhile', async () => {
  const { id } = await derive(await tagged('base'), 'file', 'x');
  await store.images.remove('base', anybody);
  const archive = store.images.save([id]);
  await store.images.remove(id, anybody);
  await store.images.collect(() => []);
  const bytes = await buffer(archive);
  await store.images.collect(() => []);
  assert.equal(store.snapshots.list(), []);
  const [again] = await store.images.load(Readable.from([bytes]), () => undefined);
  assert.is(again!.id, id);
});

storing('everything is there again after a restart', async () => {
  const image = await tagged('app:1');
  await store.close();
  store = await openTestStore(store.home, started.launcher);
  assert.equal(store.images.get('app:1'), image);
});

storing('after a reboot an image is there whole or not at all', async () => {
  const image = await tagged('app:1');
  await tagged('other:1');
  await store.close();
  const file = path.join(store.home, 'blobs/sha256', image.id.slice('sha256:'.length));
  writeFileSync(file, '');
  writeFileSync(path.join(store.home, 'blobs/boot'), 'an earlier one');
  store = await openTestStore(store.home, started.launcher);
  assert.equal(store.images.find('app:1'), undefined);
  assert.equal((await store.images.check({ repair: false, roots: [] })).problems, []);
});

storing('a full disk leaves no half layer', async () => {
  const home = `${store.home}-full`;
  mkdirSync(home);
  const { execFileSync } = await import('node:child_process');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', home]);
  const small = await openTestStore(home, started.launcher);
  try {
    const root = await small.snapshots.prepare('step', undefined);
    assert.ok(root);
    const big = tarBytes([{ name: 'big', content: Buffer.alloc(6 << 20, 1) }]);
    const image = { config: {}, platform, comment: '', created: '' };
    const said = await small.images.importRoot(Readable.from([big]), image).catch((error: Error) => error.message);
    assert.match(String(said), /ENOSPC|no space left/i);
    assert.equal([small.images.list(), small.snapshots.list(), readdirSync(path.join(home, 'ingest'))], [[], [], []]);
    assert.equal(readdirSync(path.join(home, 'layers')), []);
  } finally {
    await small.close();
    execFileSync('umount', ['-l', home]);
  }
});

storing.run();
