import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseReference } from '../../../runtime/images/reference.js';
import type { ProgressEvent, PullOptions } from '../../../runtime/images/types.js';
import { digestText, type FakeRegistry, refuse, startFakeRegistry } from '../../support/fake-registry.js';
import { openTestStore, publishImage, type TestStore } from '../../support/image-store.js';
import { startLauncher } from '../../support/launcher.js';
import { tarBytes } from '../../support/tar-bytes.js';

const pulling = suite('pull');
let started: Awaited<ReturnType<typeof startLauncher>>;
let registry: FakeRegistry;
let store: TestStore;
let count = 0;

pulling.before(async () => {
  started = await startLauncher();
});
pulling.after(() => started.close());
pulling.before.each(async () => {
  registry = await startFakeRegistry();
  store = await openTestStore(path.join(started.folder, `home${++count}`), started.launcher);
});
pulling.after.each(async () => {
  await registry.close();
  await store.close();
});

const big = randomBytes(600_000);
const twoLayers = [
  [
    { name: 'etc/', type: '5' },
    { name: 'etc/a', content: 'a' },
    { name: 'big', content: big },
  ],
  [{ name: 'etc/.wh.a' }, { name: 'etc/b', content: 'b' }],
];

function pull(name: string, options: PullOptions = {}) {
  return store.images.pull(parseReference(`${registry.host}/${name}`), options);
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = (await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )) as { kind?: string; message: string } | undefined;
  return `${error?.kind}: ${error?.message.replaceAll(registry.host, 'HOST')}`;
}

/** Nothing of a pull that failed: no image, no layer, no blob, nothing half fetched. */
function nothingIsLeft(): void {
  assert.equal(store.images.list(), []);
  assert.equal(store.snapshots.list(), []);
  assert.equal(readdirSync(path.join(store.home, 'ingest')), []);
  assert.equal(readdirSync(path.join(store.home, 'layers')), []);
}

pulling("an image comes with its layers, its tag and its digest, told in Docker's words", async () => {
  const published = publishImage(registry, 'a/b', '1', twoLayers);
  const events: ProgressEvent[] = [];
  const image = await pull('a/b:1', { onProgress: (event) => events.push(event) });
  assert.equal(
    [image.tags, image.repoDigests],
    [[`${registry.host}/a/b:1`], [`${registry.host}/a/b@${published.digest}`]],
  );
  assert.equal(image.config, { Cmd: ['sh'] });
  const [top, bottom] = store.snapshots.lowerDirectories(image.chainIds[1]);
  assert.ok(readFileSync(path.join(bottom!, 'big')).equals(big));
  assert.is(readFileSync(path.join(top!, 'etc/b'), 'utf8'), 'b');
  const said = events.map((event) => event.status);
  assert.equal(
    [said[0], said.at(-1)],
    ['Pulling from a/b', `Status: Downloaded newer image for ${registry.host}/a/b:1`],
  );
  for (const word of ['Pulling fs layer', 'Downloading', 'Download complete', 'Pull complete'])
    assert.ok(said.includes(word), word);
});

pulling('the second time nothing is fetched', async () => {
  publishImage(registry, 'a', '1', twoLayers);
  await pull('a:1');
  registry.log.length = 0;
  const events: ProgressEvent[] = [];
  await pull('a:1', { onProgress: (event) => events.push(event) });
  assert.equal(registry.log, ['GET /v2/a/manifests/1']);
  assert.is(events.at(-1)?.status, `Status: Image is up to date for ${registry.host}/a:1`);
});

pulling('two who want the same image fetch it once', async () => {
  publishImage(registry, 'a', '1', twoLayers);
  const [one, two] = await Promise.all([pull('a:1'), pull('a:1')]);
  assert.is(one.id, two.id);
  assert.is(registry.log.filter((line) => line.includes('/blobs/')).length, 3);
});

pulling('images of one layer that come at the same time can be saved', async () => {
  for (const name of ['a', 'b', 'c'])
    publishImage(registry, name, '1', [twoLayers[0]!, [{ name: 'own', content: name }]]);
  const pulled = await Promise.all(['a:1', 'b:1', 'c:1'].map((name) => pull(name)));
  for (const { id } of pulled) assert.ok((await buffer(store.images.save([id]))).length > 0);
});

pulling('an index may lie within an index, and one that goes round is left', async () => {
  const type = 'application/vnd.oci.image.index.v1+json';
  const one = publishImage(registry, 'nested', 'one', [twoLayers[1]!]);
  const platform = { os: 'linux', architecture: 'amd64' };
  const entry = { mediaType: one.manifest.mediaType, digest: one.digest, size: 1, platform };
  const inner = registry.putManifest('nested', 'inner', { schemaVersion: 2, manifests: [entry] }, type);
  const other = registry.putManifest('nested', 'other', { schemaVersion: 2, manifests: [] }, type);
  const within = (digest: string) => ({ mediaType: type, digest, size: 1 });
  const manifests = [within(other), within(inner)];
  const outer = registry.putManifest('nested', 'latest', { schemaVersion: 2, manifests }, type);
  const image = await pull('nested', { platform });
  assert.equal([image.id, image.repoDigests], [one.manifest.config.digest, [`${registry.host}/nested@${outer}`]]);
  let deep = inner;
  for (let depth = 0; depth < 5; depth++)
    deep = registry.putManifest('nested', 'deep', { schemaVersion: 2, manifests: [within(deep), within(other)] }, type);
  assert.match(await refusal(pull('nested:deep', { platform })), /^invalid: .*lies too deep within indexes/);
});

pulling('of an index, the entry for the platform', async () => {
  const arm = publishImage(registry, 'm', 'arm', [twoLayers[1]!], { architecture: 'arm64', os: 'linux' });
  const amd = publishImage(registry, 'm', 'amd', [twoLayers[1]!]);
  const manifests = [
    {
      mediaType: arm.manifest.mediaType,
      digest: arm.digest,
      size: 1,
      platform: { os: 'linux', architecture: 'arm64' },
    },
    {
      mediaType: amd.manifest.mediaType,
      digest: amd.digest,
      size: 1,
      platform: { os: 'linux', architecture: 'amd64' },
    },
  ];
  const index = registry.putManifest(
    'm',
    'latest',
    { schemaVersion: 2, manifests },
    'application/vnd.oci.image.index.v1+json',
  );
  const image = await pull('m', { platform: { os: 'linux', architecture: 'arm64' } });
  assert.is(image.platform.architecture, 'arm64');
  assert.equal(image.repoDigests, [`${registry.host}/m@${index}`]);
  assert.is(
    await refusal(pull('m', { platform: { os: 'linux', architecture: 's390x' } })),
    'not-found: no matching manifest for linux/s390x in the manifest list entries',
  );
});

pulling('what the registry does not have is said as Docker says it', async () => {
  publishImage(registry, 'a', '1', twoLayers);
  assert.is(
    await refusal(pull('a:2')),
    'not-found: manifest for HOST/a:2 not found: manifest unknown: manifest unknown',
  );
  registry.intercept = (request, response) =>
    request.url !== '/v2/' && refuse(response, 403, 'DENIED', 'requested access to the resource is denied');
  assert.is(
    await refusal(pull('secret:1')),
    "not-found: pull access denied for HOST/secret, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
  );
});

pulling('a registry that lacks a layer, fails, or leads in a circle is told so', async () => {
  const { manifest } = publishImage(registry, 'a', '1', twoLayers);
  const layer = manifest.layers[0]!.digest;
  const bytes = registry.blobs.get(layer)!;
  registry.blobs.delete(layer);
  assert.is(await refusal(pull('a:1')), 'not-found: unknown blob');
  registry.putBlob(bytes);
  registry.intercept = ({ url }, response) => {
    if (!url!.includes(layer)) return false;
    response.writeHead(500).end();
    return true;
  };
  const failed = 'received unexpected HTTP status: 500 Internal Server Error';
  assert.is(await refusal(pull('a:1')), `unavailable: download failed after attempts=6: ${failed}`);
  registry.intercept = ({ url }, response) => {
    if (!url!.includes('/blobs/')) return false;
    response.writeHead(307, { location: url }).end();
    return true;
  };
  assert.match(await refusal(pull('a:1')), /stopped after 10 redirects$/);
  nothingIsLeft();
});

pulling('a registry that asks for a user only now is asked how', async () => {
  publishImage(registry, 'a', '1', [twoLayers[1]!]);
  await pull('a:1');
  registry.intercept = (request, response) => {
    if (request.headers.authorization === `Basic ${Buffer.from('me:secret').toString('base64')}`) return false;
    response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
    return true;
  };
  await pull('a:1', { auth: { username: 'me', password: 'secret' } });
  assert.match(await refusal(pull('a:1')), /^unauthorized: /);
});

pulling('a token that does not reach far enough is no missing login', async () => {
  const challenge = `Bearer realm="http://${registry.host}/token",service="s"`;
  const asked: string[] = [];
  registry.intercept = ({ url }, response) => {
    if (url!.startsWith('/token')) {
      asked.push(url!);
      response.end('{"token":"t"}');
    } else {
      const why = url === '/v2/' ? '' : ',error="insufficient_scope"';
      const headers = { 'www-authenticate': challenge + why, 'content-type': 'application/json' };
      response.writeHead(401, headers).end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
    }
    return true;
  };
  assert.is(
    await refusal(pull('a:1', { auth: { username: 'me', password: 'secret' } })),
    "not-found: pull access denied for HOST/a, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
  );
  assert.is(asked[0], '/token?service=s&scope=repository%3Aa%3Apull&account=me');
});

pulling('a registry that nobody reaches is told from one that refuses', async () => {
  const asked: string[] = [];
  const fallback: NonNullable<Parameters<typeof openTestStore>[2]>['fallback'] = async (reference) => {
    asked.push(reference.repository);
    return undefined;
  };
  const other = await openTestStore(path.join(started.folder, 'fallback'), started.launcher, { fallback });
  await refusal(other.images.pull(parseReference(`${registry.host}/none:1`), {}));
  assert.equal(asked, []);
  const gone = parseReference('127.0.0.1:1/debian:12');
  assert.match(
    await refusal(other.images.pull(gone, {})),
    /^system: Get "http:\/\/127\.0\.0\.1:1\/v2\/": dial tcp 127\.0\.0\.1:1: connect: connection refused$/,
  );
  assert.equal(asked, ['debian']);
  await other.close();
});

pulling('a lying registry gets nothing in', async () => {
  const { layers, digest } = publishImage(registry, 'a', '1', twoLayers);
  const honest = registry.blobs.get(layers[0]!.digest)!;
  const forged = Buffer.from(honest);
  forged[20] = forged[20]! ^ 0xff;
  registry.blobs.set(layers[0]!.digest, forged);
  assert.match(await refusal(pull('a:1')), /invalid|verification failed|incorrect data check|invalid/);
  nothingIsLeft();
  registry.blobs.set(layers[0]!.digest, Buffer.concat([honest, Buffer.from('more')]));
  assert.match(await refusal(pull('a:1')), /larger than the \d+ bytes/);
  nothingIsLeft();
  registry.blobs.set(layers[0]!.digest, honest);
  registry.manifests.set(`a/${digest}`, { bytes: Buffer.from('{"schemaVersion":2}'), type: 'x' });
  assert.match(await refusal(pull(`a@${digest}`)), /^invalid: manifest verification failed for digest/);
  nothingIsLeft();
});

pulling('layers that are not those of the configuration are refused', async () => {
  const { manifest } = publishImage(registry, 'a', '1', twoLayers);
  const swapped = { ...manifest, layers: [...manifest.layers].reverse() };
  registry.putManifest('a', 'swapped', swapped);
  assert.match(await refusal(pull('a:swapped')), /its content is sha256:.*, the image's configuration says/);
  nothingIsLeft();
});

pulling('a broken connection is taken up where it broke', async () => {
  const { layers } = publishImage(registry, 'a', '1', twoLayers);
  const ranges: (string | undefined)[] = [];
  registry.intercept = (request, response) => {
    if (!request.url?.endsWith(layers[0]!.digest)) return false;
    ranges.push(request.headers.range);
    if (ranges.length > 2) return false;
    const bytes = registry.blobs.get(layers[0]!.digest)!;
    const from = Number(/\d+/.exec(request.headers.range ?? '0')?.[0]);
    response.writeHead(from ? 206 : 200, { 'content-length': bytes.length - from });
    response.write(bytes.subarray(from, from + 100_000), () => setTimeout(() => response.destroy(), 30));
    return true;
  };
  await pull('a:1');
  assert.is(ranges.length, 3);
  assert.is(ranges[0], undefined);
  assert.match(ranges[2]!, /^bytes=[1-9]\d+-$/);
});

pulling('429 and 503 are waited out, but not for ever', async () => {
  publishImage(registry, 'a', '1', twoLayers);
  let refusals = 3;
  registry.intercept = (request, response) =>
    request.url !== '/v2/' &&
    refusals-- > 0 &&
    refuse(response, refusals % 2 ? 429 : 503, 'TOOMANYREQUESTS', 'slow down');
  await pull('a:1');
  refusals = Number.POSITIVE_INFINITY;
  assert.is(await refusal(pull('a:other')), 'unavailable: toomanyrequests: slow down');
});

pulling('tokens are asked for as the registry says, with the login', async () => {
  publishImage(registry, 'a', '1', twoLayers);
  const asked: string[] = [];
  registry.intercept = (request, response) => {
    if (request.url?.startsWith('/token')) {
      asked.push(`${request.url} ${Buffer.from(request.headers.authorization?.slice(6) ?? '', 'base64')}`);
      response.end(JSON.stringify({ token: 'good' }));
      return true;
    }
    if (request.headers.authorization === 'Bearer good') return false;
    const challenge = `Bearer realm="http://${registry.host}/token",service="here"`;
    response.setHeader('www-authenticate', challenge);
    return refuse(response, 401, 'UNAUTHORIZED', 'authentication required');
  };
  await pull('a:1', { auth: { username: 'me', password: 'pw' } });
  assert.equal(asked, ['/token?service=here&scope=repository%3Aa%3Apull&account=me me:pw']);
});

pulling('a refusal or a token without end is read to a limit', async () => {
  publishImage(registry, 'a', '1', twoLayers);
  let sent = 0;
  registry.intercept = (request, response) => {
    if (!request.url?.includes('/manifests/')) return false;
    response.writeHead(403);
    const more = () => {
      sent += 1 << 20;
      if (sent < 1 << 28) response.write(Buffer.alloc(1 << 20, ' '), (error) => !error && more());
    };
    more();
    return true;
  };
  assert.match(await refusal(pull('a:1')), /403|denied|forbidden/i);
  assert.ok(sent < 1 << 26, `${sent} bytes`);
});

pulling('blobs may lie elsewhere, where the token does not go', async () => {
  const { layers } = publishImage(registry, 'a', '1', twoLayers);
  const elsewhere = await startFakeRegistry();
  const seen: (string | undefined)[] = [];
  elsewhere.intercept = (request, response) => {
    seen.push(request.headers.authorization);
    response.end(registry.blobs.get(layers[0]!.digest));
    return true;
  };
  registry.intercept = (request, response) => {
    if (!request.url?.endsWith(layers[0]!.digest)) return false;
    response.writeHead(307, { location: `http://${elsewhere.host}/signed?x=1` }).end();
    return true;
  };
  await pull('a:1', { auth: { registryToken: 'mine' } });
  assert.equal(seen, [undefined]);
  await elsewhere.close();
});

pulling('a pull that is given up leaves nothing, and does not harm one that goes on', async () => {
  const { layers } = publishImage(registry, 'a', '1', twoLayers);
  let release = () => {};
  const held = new Promise<boolean>((resolve) => {
    release = () => resolve(false);
  });
  registry.intercept = (request) => (request.url?.endsWith(layers[0]!.digest) ? held : false);
  const stop = new AbortController();
  const first = refusal(pull('a:1', { signal: stop.signal }));
  const second = pull('a:1');
  setTimeout(() => stop.abort(), 50);
  assert.match(await first, /aborted/);
  release();
  await second;
  registry.intercept = () => new Promise(() => undefined);
  const alone = new AbortController();
  setTimeout(() => alone.abort(), 50);
  assert.match(await refusal(pull('b:1', { signal: alone.signal })), /aborted/);
});

pulling('an engine that was killed while it fetched finds a clean house', async () => {
  const home = path.join(started.folder, 'killed');
  const first = await openTestStore(home, started.launcher);
  await first.close();
  const { mkdirSync, writeFileSync } = await import('node:fs');
  writeFileSync(path.join(home, 'ingest', 'half'), 'half');
  mkdirSync(path.join(home, 'layers', 'new-1-1-1', 'fs'), { recursive: true });
  const second = await openTestStore(home, started.launcher);
  assert.not(existsSync(path.join(home, 'ingest', 'half')));
  assert.equal(readdirSync(path.join(home, 'layers')), []);
  await second.close();
});

pulling('what is pushed can be pulled again, and blobs of a neighbour are mounted', async () => {
  publishImage(registry, 'a', '1', twoLayers);
  const image = await pull('a:1');
  const target = parseReference(`${registry.host}/b:2`);
  await store.images.tag(image.id, target);
  const events: ProgressEvent[] = [];
  const pushed = await store.images.push(target, { onProgress: (event) => events.push(event) });
  assert.equal(pushed.digest, digestText(registry.manifests.get('b/2')!.bytes));
  const said = events.map((event) => event.status);
  assert.ok(said.some((status) => status === 'Layer already exists' || status === 'Mounted from a'));
  assert.match(said.at(-1)!, /^2: digest: sha256:[a-f0-9]{64} size: \d+$/);
});

/** An image published as others would: its manifest changed before it is. */
function publishChanged(change: (manifest: ReturnType<typeof publishImage>['manifest']) => object) {
  registry.putManifest('a', '1', change(publishImage(registry, 'a', '0', [[{ name: 'f', content: 'x' }]]).manifest));
}

pulling('a foreign layer is refused with a sentence that says where it is', async () => {
  const mediaType = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
  const foreign = { mediaType, urls: ['https://elsewhere.example/layer'] };
  publishChanged((manifest) => ({ ...manifest, layers: manifest.layers.map((one) => ({ ...one, ...foreign })) }));
  const { layers } = JSON.parse(registry.manifests.get('a/1')!.bytes.toString());
  const kept = registry.blobs.get(layers[0].digest)!;
  registry.blobs.delete(layers[0].digest);
  assert.match(
    await refusal(pull('a:1')),
    /^invalid: cannot pull HOST\/a:1: layer sha256:\w+ is a foreign layer \(.*\): .* https:\/\/elsewhere\.example\/layer$/,
  );
  nothingIsLeft();
  registry.putBlob(kept);
  assert.is((await pull('a:1')).diffIds.length, 1, 'a registry may hold it like any other');
});

pulling('what is no image is not taken for one', async () => {
  const mediaType = 'application/vnd.cncf.helm.config.v1+json';
  publishChanged((manifest) => ({ ...manifest, config: { ...manifest.config, mediaType } }));
  assert.is(
    await refusal(pull('a:1')),
    `invalid: cannot pull HOST/a:1: it is no image but an artifact of type ${mediaType}`,
  );
});

const u16 = (value: number) => Buffer.of(value & 255, value >> 8);
const u24 = (value: number) => Buffer.of(value & 255, (value >> 8) & 255, value >> 16);

for (const [what, pack] of [
  // zstd's own form of a block that stands as it is: a frame of one segment, its size in two bytes (RFC 8878, 3.1.1).
  [
    'zstd',
    (tar: Buffer) =>
      Buffer.concat([Buffer.from('28b52ffd60', 'hex'), u16(tar.length - 256), u24(tar.length * 8 + 1), tar]),
  ],
  ['plain', (tar: Buffer) => tar],
] as const) {
  pulling(`layers may be ${what}`, async () => {
    const tar = tarBytes([{ name: 'f', content: 'content' }]);
    const blob = registry.putBlob(pack(tar));
    const rootfs = { type: 'layers', diff_ids: [digestText(tar)] };
    const config = registry.putBlob(Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs })));
    const layer = { mediaType: `application/vnd.oci.image.layer.v1.tar${what === 'zstd' ? '+zstd' : ''}`, ...blob };
    const configType = { mediaType: 'application/vnd.oci.image.config.v1+json', ...config };
    const type = 'application/vnd.oci.image.manifest.v1+json';
    registry.putManifest('a', '1', { schemaVersion: 2, mediaType: type, config: configType, layers: [layer] }, type);
    const image = await pull('a:1');
    const [top] = store.snapshots.lowerDirectories(image.chainIds[0]);
    assert.is(readFileSync(path.join(top!, 'f'), 'utf8'), 'content');
  });
}

pulling('a mirror is asked first, and the registry where the mirror has nothing', async () => {
  const mirror = await startFakeRegistry();
  await store.close();
  const environment = {
    DEVENV_REGISTRY_MIRRORS: `${registry.host}=http://127.0.0.1:1,${registry.host}=http://${mirror.host}`,
  };
  store = await openTestStore(path.join(started.folder, `home${++count}`), started.launcher, { environment });
  publishImage(mirror, 'a', '1', [[{ name: 'of', content: 'mirror' }]]);
  publishImage(registry, 'b', '1', [[{ name: 'of', content: 'registry' }]]);
  for (const [name, of] of [
    ['a:1', 'mirror'],
    ['b:1', 'registry'],
  ] as const) {
    const image = await pull(name);
    assert.equal(image.tags, [`${registry.host}/${name}`]);
    const [top] = store.snapshots.lowerDirectories(image.chainIds[0]);
    assert.is(readFileSync(path.join(top!, 'of'), 'utf8'), of);
  }
  assert.not(
    registry.log.some((line) => line.includes('/v2/a/')),
    'the mirror had all of it',
  );
  await mirror.close();
});

pulling('a full disk leaves nothing behind, and more room is all that is needed', async () => {
  const home = path.join(started.folder, `full${count}`);
  mkdirSync(home);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', home]);
  await store.close();
  store = await openTestStore(home, started.launcher);
  try {
    publishImage(registry, 'large', '1', [[{ name: 'f', content: randomBytes(2_500_000) }]]);
    assert.match(await refusal(pull('large:1')), /no space left on device|ENOSPC/i);
    nothingIsLeft();
    execFileSync('mount', ['-o', 'remount,size=50m', home]);
    assert.is((await pull('large:1')).tags.length, 1);
  } finally {
    execFileSync('umount', ['-l', home]);
  }
});

pulling.run();
