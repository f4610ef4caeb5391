import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hostPlatform } from '../../../runtime/images/platform.js';
import { parseReference } from '../../../runtime/images/reference.js';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.js';
import { openTestStore, publishImage, type TestStore } from '../../support/image-store.js';
import { startLauncher } from '../../support/launcher.js';
import { tarBytes } from '../../support/tar-bytes.js';

const platforms = suite('several platforms under one tag');
let started: Awaited<ReturnType<typeof startLauncher>>;
let registry: FakeRegistry;
let store: TestStore;
let count = 0;

platforms.before(async () => {
  started = await startLauncher();
});
platforms.after(() => started.close());
platforms.before.each(async () => {
  registry = await startFakeRegistry();
  store = await openTestStore(path.join(started.folder, `home${++count}`), started.launcher);
});
platforms.after.each(async () => {
  await registry.close();
  await store.close();
});

const host = hostPlatform(process.arch);
const other = { os: 'linux', architecture: host.architecture === 'arm64' ? 'amd64' : 'arm64' };
const third = { os: 'linux', architecture: 's390x' };
const indexType = 'application/vnd.oci.image.index.v1+json';
const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';

/** An index of an image for each, whose one file says which it is. */
function publishIndex(repository: string, tag: string, of = [host, other], word = ''): string {
  const manifests = of.map((platform) => {
    const layers = [[{ name: 'which', content: platform.architecture + word }]];
    const { digest, manifest } = publishImage(
      registry,
      repository,
      `${tag}-${platform.architecture}`,
      layers,
      platform,
    );
    return { mediaType: manifestType, digest, size: JSON.stringify(manifest).length, platform };
  });
  return registry.putManifest(repository, tag, { schemaVersion: 2, mediaType: indexType, manifests }, indexType);
}

const reference = (name: string) => parseReference(`${registry.host}/${name}`);
const pull = (name: string, platform?: typeof host) => store.images.pull(reference(name), { platform });
const architectures = (name: string) =>
  store.images.variants(`${registry.host}/${name}`).map((image) => image.platform.architecture);
const rules = { force: false, noPrune: false, inUse: () => [] };

platforms('both stay, and the name alone means what this machine can run, whichever came last', async () => {
  publishIndex('a', '1');
  await pull('a:1', other);
  assert.equal(architectures('a:1'), [other.architecture]);
  await pull('a:1', host);
  await pull('a:1', other);
  assert.equal(architectures('a:1'), [host.architecture, other.architecture]);
  const name = `${registry.host}/a:1`;
  assert.is(store.images.get(name).platform.architecture, host.architecture);
  assert.is(store.images.get(name, other).platform.architecture, other.architecture);
  assert.is(store.images.get(name, third).platform.architecture, host.architecture);
});

platforms('another index under the tag leaves the old platforms to their digest', async () => {
  const first = publishIndex('a', '1');
  await pull('a:1', host);
  await pull('a:1', other);
  publishIndex('a', '1', [host, other], ' again');
  await pull('a:1', host);
  assert.equal(architectures('a:1'), [host.architecture]);
  assert.equal(architectures(`a@${first}`), [host.architecture, other.architecture]);
});

platforms('a second name means both, and both go with the last name', async () => {
  publishIndex('a', '1');
  await pull('a:1', host);
  await pull('a:1', other);
  await store.images.tag(`${registry.host}/a:1`, reference('b:2'));
  assert.equal(architectures('b:2'), [host.architecture, other.architecture]);
  await store.images.remove(`${registry.host}/a:1`, rules);
  assert.is(store.images.list().length, 2);
  const removed = await store.images.remove(`${registry.host}/b:2`, rules);
  assert.is(removed.filter(({ deleted }) => deleted !== undefined).length, 4);
  assert.equal(store.images.list(), []);
});

platforms('one of them goes by its id, and the name stays', async () => {
  publishIndex('a', '1');
  await pull('a:1', host);
  const { id } = await pull('a:1', other);
  await store.images.remove(id, rules);
  assert.equal(architectures('a:1'), [host.architecture]);
  await store.images.remove(`${registry.host}/a:1`, rules);
  assert.equal(store.images.list(), []);
});

platforms('one of them goes by its platform, whatever other names it has', async () => {
  publishIndex('a', '1');
  await pull('a:1', host);
  const { id } = await pull('a:1', other);
  await store.images.tag(`${registry.host}/a:1`, reference('b:2'));
  const only = { ...rules, platform: other };
  assert.equal(await store.images.remove(`${registry.host}/a:1`, only), []);
  assert.equal([architectures('a:1').length, architectures('b:2').length], [1, 2]);
  const removed = await store.images.remove(`${registry.host}/b:2`, only);
  assert.ok(removed.some(({ deleted }) => deleted === id));
  assert.equal([architectures('a:1'), architectures('b:2')], [[host.architecture], [host.architecture]]);
});

platforms('a name that a container of any of them uses stays', async () => {
  publishIndex('a', '1');
  await pull('a:1', host);
  const { id } = await pull('a:1', other);
  const inUse = (one: string) => (one === id ? [{ id: 'c'.repeat(64), running: false }] : []);
  const error = await store.images.remove(`${registry.host}/a:1`, { ...rules, inUse }).catch((thrown: Error) => thrown);
  assert.match((error as Error).message, 'container cccccccccccc is using its referenced image');
});

platforms('the digest of one that was pushed alone goes with the last tag', async () => {
  publishIndex('a', '1');
  await pull('a:1', host);
  await pull('a:1', other);
  await store.images.push(reference('a:1'), { platform: other });
  await store.images.remove(`${registry.host}/a:1`, rules);
  assert.equal(store.images.list(), []);
});

platforms('a push sends an index of all, from which each comes back', async () => {
  publishIndex('a', '1');
  const ids = [(await pull('a:1', host)).id, (await pull('a:1', other)).id];
  await store.images.tag(`${registry.host}/a:1`, reference('c/d:3'));
  const { digest } = await store.images.push(reference('c/d:3'), {});
  const index = JSON.parse(registry.manifests.get('c/d/3')!.bytes.toString()) as {
    manifests: { platform: typeof host }[];
  };
  assert.equal(
    index.manifests.map(({ platform }) => platform),
    [host, other].map(({ os, architecture }) => ({ architecture, os })),
  );
  assert.is(store.images.get(`${registry.host}/c/d@${digest}`).id, ids[0]);
  for (const { id } of store.images.list()) await store.images.remove(id, { ...rules, force: true });
  await store.images.collect(() => []);
  assert.equal([(await pull('c/d:3', host)).id, (await pull('c/d:3', other)).id], ids);
});

platforms('a push of one platform sends that alone', async () => {
  publishIndex('a', '1');
  await pull('a:1', host);
  await pull('a:1', other);
  await store.images.push(reference('a:1'), { platform: other });
  const manifest = JSON.parse(registry.manifests.get('a/1')!.bytes.toString()) as { config?: { digest: string } };
  assert.is(manifest.config?.digest, store.images.get(`${registry.host}/a:1`, other).id);
});

platforms('an archive has the wanted one', async () => {
  publishIndex('a', '1');
  await pull('a:1', host);
  const { id } = await pull('a:1', other);
  const archive = await buffer(store.images.save([`${registry.host}/a:1`], other));
  assert.ok(archive.includes(`"Config":"blobs/sha256/${id.slice(7)}"`));
  const plain = await buffer(store.images.save([`${registry.host}/a:1`]));
  assert.not.ok(plain.includes(`"Config":"blobs/sha256/${id.slice(7)}"`));
});

/** An OCI layout whose index under the name holds both; the third is named and not there. */
function layout(): Buffer {
  publishIndex('l', '1', [host, other, third]);
  const { bytes } = registry.manifests.get('l/1')!;
  const index = JSON.parse(bytes.toString()) as { manifests: { digest: string; platform: typeof host }[] };
  const blobs = new Map<string, Buffer>();
  const add = (content: Buffer) => blobs.set(parseDigest(content), content);
  const parseDigest = (content: Buffer) => registry.putBlob(content).digest;
  add(bytes);
  for (const { digest, platform } of index.manifests) {
    if (platform.architecture === third.architecture) continue;
    const manifest = registry.manifests.get(`l/${digest}`)!.bytes;
    const { config, layers } = JSON.parse(manifest.toString()) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    add(manifest);
    for (const one of [config, ...layers]) add(registry.blobs.get(one.digest)!);
  }
  const name = { 'io.containerd.image.name': 'docker.io/library/both:1' };
  const top = { mediaType: indexType, digest: parseDigest(bytes), size: bytes.length, annotations: name };
  const files = [...blobs].map(([digest, content]) => ({ name: `blobs/sha256/${digest.slice(7)}`, content }));
  return tarBytes([
    { name: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests: [top] }) },
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    ...files,
  ]);
}

async function load(archive: Buffer, platform?: typeof host): Promise<string[]> {
  const { Readable } = await import('node:stream');
  const loaded = await store.images.load(Readable.from([archive]), () => undefined, platform);
  return loaded.map((image) => image.platform.architecture);
}

platforms('a layout gives every platform that is whole in it', async () => {
  assert.equal(await load(layout()), [host.architecture, other.architecture]);
  assert.equal(
    store.images.variants('both:1').map((image) => image.platform.architecture),
    [host.architecture, other.architecture],
  );
});

platforms('of a layout only the wanted platform', async () => {
  assert.equal(await load(layout(), other), [other.architecture]);
  assert.is(store.images.get('both:1').platform.architecture, other.architecture);
});

platforms.run();
