import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseReference } from '../../../runtime/images/reference.js';
import type { Image } from '../../../runtime/images/types.js';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.js';
import { openTestStore, publishImage, type TestStore } from '../../support/image-store.js';
import { startLauncher } from '../../support/launcher.js';

const checking = suite('check');
let started: Awaited<ReturnType<typeof startLauncher>>;
let registry: FakeRegistry;
let store: TestStore;
let image: Image;
let layer = '';
let count = 0;

checking.before(async () => {
  started = await startLauncher();
});
checking.after(() => started.close());
checking.before.each(async () => {
  registry = await startFakeRegistry();
  store = await openTestStore(path.join(started.folder, `home${++count}`), started.launcher);
  layer = publishImage(registry, 'a', '1', [[{ name: 'etc/f', content: 'content' }], [{ name: 'g', content: 'x' }]])
    .layers[0]!.digest;
  image = await pull();
});
checking.after.each(async () => {
  await registry.close();
  await store.close();
});

const pull = () => store.images.pull(parseReference(`${registry.host}/a:1`), {});
const blobFile = (digest: string) => path.join(store.home, 'blobs/sha256', digest.slice('sha256:'.length));
const layerFolder = (index: number) => store.snapshots.lowerDirectories(image.chainIds[index])[0]!;
const none: readonly `sha256:${string}`[] = [];
const check = (repair = false, roots = none) => store.images.check({ repair, roots });
const problems = async (repair = false, roots = none) =>
  (await check(repair, roots)).problems.map(({ kind, id, text }) => `${kind} ${id} ${text}`);

function flip(file: string, at: number) {
  const bytes = readFileSync(file);
  bytes[at]! ^= 1;
  writeFileSync(file, bytes);
}

checking('a sound store has nothing to say', async () => {
  assert.equal(await check(), { blobs: 4, layers: 2, images: 1, problems: [] });
});

checking('a damaged blob is named, taken away by a repair, and pulled again when it is needed', async () => {
  flip(blobFile(layer), 30);
  const found = await problems();
  assert.match(found[0]!, new RegExp(`^blob ${layer} its content is sha256:`));
  assert.is(found[1], `layer ${image.chainIds[0]} its blob ${layer} is damaged`);
  assert.ok((await check(true)).problems.every((problem) => problem.repaired));
  assert.not(readdirSync(path.join(store.home, 'blobs/sha256')).includes(layer.slice(7)));
  assert.equal(await problems(), []);
  image = await pull();
  assert.ok(readdirSync(path.join(store.home, 'blobs/sha256')).includes(layer.slice(7)));
  assert.equal(await problems(), []);
});

checking('a changed file of a layer is named, and with a repair the next pull brings it again', async () => {
  writeFileSync(path.join(layerFolder(0), 'etc/f'), 'CONTENT');
  const found = await problems();
  assert.is(found[0], `layer ${image.chainIds[0]} /etc/f has other content`);
  assert.match(found[1]!, /^image .* are not here whole|is not here whole$/);
  await check(true);
  assert.equal(store.images.list(), []);
  assert.equal(await problems(), []);
  image = await pull();
  assert.is(readFileSync(path.join(layerFolder(0), 'etc/f'), 'utf8'), 'content');
});

checking('files that are gone or cut short are told apart', async () => {
  rmSync(path.join(layerFolder(0), 'etc/f'));
  truncateSync(path.join(layerFolder(1), 'g'), 0);
  const found = await problems();
  assert.ok(found.includes(`layer ${image.chainIds[0]} /etc/f is missing`), found.join('\n'));
  assert.ok(found.includes(`layer ${image.chainIds[1]} /g has 0 bytes, not 1`), found.join('\n'));
});

checking('what a container stands on is kept, and that is said', async () => {
  writeFileSync(path.join(layerFolder(0), 'etc/f'), 'CONTENT');
  const found = await problems(true, [image.chainIds[1]!]);
  assert.ok(found.every((text) => text.endsWith('kept: a container or a build stands on it')));
  assert.is(store.images.list().length, 1);
});

checking('a damaged blob is noticed where it is used', async () => {
  flip(blobFile(layer), 30);
  const saving = store.images.save([image.id]);
  const failure = await new Promise<Error>((resolve) => saving.on('error', resolve).resume());
  assert.is(failure.message, `blob ${layer} is damaged on disk: devenv engine check --repair takes it away`);
  await store.images.remove(image.id, { force: true, noPrune: false, inUse: () => [], kept: () => false });
  for (const chainId of [...image.chainIds].reverse()) await store.snapshots.remove(chainId);
  assert.is((await pull()).id, image.id, 'the pull replaced it');
  assert.equal(await problems(), []);
});

checking.run();
