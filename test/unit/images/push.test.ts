import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseReference } from '../../../runtime/images/reference.js';
import { sharesTrust } from '../../../runtime/images/registry/transport.js';
import type { ProgressEvent } from '../../../runtime/images/types.js';
import { digestText, type FakeRegistry, refuse, startFakeRegistry } from '../../support/fake-registry.js';
import { openTestStore, publishImage, type TestStore } from '../../support/image-store.js';
import { startLauncher } from '../../support/launcher.js';
import { tarStream } from '../../support/tar-bytes.js';

const pushing = suite('push');
let started: Awaited<ReturnType<typeof startLauncher>>;
let registry: FakeRegistry;
let store: TestStore;
let count = 0;

pushing.before(async () => {
  started = await startLauncher();
});
pushing.after(() => started.close());
pushing.before.each(async () => {
  registry = await startFakeRegistry();
  store = await openTestStore(path.join(started.folder, `home${++count}`), started.launcher);
});
pushing.after.each(async () => {
  await registry.close();
  await store.close();
});

const reference = (name: string) => parseReference(`${registry.host}/${name}`);
const platform = { os: 'linux', architecture: 'amd64' };
const big = [{ name: 'big', content: randomBytes(900_000) }];

/** An image of one layer that is nowhere compressed yet. */
async function makeImage(name: string): Promise<string> {
  const { diffId } = await store.images.addLayer(undefined, tarStream(big));
  const image = await store.images.put({ platform, created: undefined, config: {}, history: [], diffIds: [diffId] });
  await store.images.tag(image.id, reference(name));
  return diffId;
}

interface PushedManifest {
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}
const manifestAt = (name: string) => JSON.parse(registry.manifests.get(name)!.bytes.toString()) as PushedManifest;

/** The registry does this to the first so many requests that upload content. */
function disturb(times: number, how: (request: IncomingMessage, response: ServerResponse) => boolean): () => number {
  let met = 0;
  registry.intercept = (request, response) => {
    if (request.method !== 'PATCH' || met >= times) return false;
    met++;
    return how(request, response);
  };
  return () => met;
}

/** After the first bytes. */
function inTheMiddle(request: IncomingMessage, then: () => void): true {
  request.once('data', () => {
    request.resume();
    then();
  });
  return true;
}

const disturbances: Readonly<Record<string, Parameters<typeof disturb>[1]>> = {
  'a 503': (request, response) => inTheMiddle(request, () => refuse(response, 503, 'UNAVAILABLE', 'not now')),
  'a 429': (request, response) => inTheMiddle(request, () => refuse(response, 429, 'TOOMANYREQUESTS', 'slower')),
  'a connection that breaks': (request) => inTheMiddle(request, () => request.socket.destroy()),
};

for (const [what, how] of Object.entries(disturbances)) {
  pushing(`${what} in the middle of an upload: it begins again, and what arrives is whole`, async () => {
    const diffId = await makeImage('a:1');
    const met = disturb(2, how);
    await store.images.push(reference('a:1'), {});
    assert.is(met(), 2);
    const [layer] = manifestAt('a/1').layers;
    const blob = registry.blobs.get(layer!.digest)!;
    assert.is(blob.length, layer!.size);
    assert.is(digestText(gunzipSync(blob)), diffId);
  });
}

pushing('a registry that goes on refusing is told, and nothing has the tag', async () => {
  await makeImage('a:1');
  disturb(100, disturbances['a 503']!);
  const error = await store.images.push(reference('a:1'), {}).catch((thrown: Error) => thrown);
  assert.match((error as Error).message, 'not now');
  assert.not.ok(registry.manifests.has('a/1'));
});

pushing('a refusal that will not pass is not tried again', async () => {
  await makeImage('a:1');
  const met = disturb(100, (_, response) => refuse(response, 403, 'DENIED', 'no'));
  const error = await store.images.push(reference('a:1'), {}).catch((thrown: Error) => thrown);
  assert.instance(error, Error);
  assert.is(met(), 1);
});

pushing('a pulled image is sent as it came, under the same digest', async () => {
  const { digest, layers } = publishImage(registry, 'a', '1', [big, [{ name: 'b', content: 'b' }]]);
  await store.images.pull(reference('a:1'), {});
  const other = await startFakeRegistry();
  try {
    const there = parseReference(`${other.host}/copy:1`);
    await store.images.tag(`${registry.host}/a:1`, there);
    assert.is((await store.images.push(there, {})).digest, digest);
    assert.equal(
      layers.map((layer) => other.blobs.get(layer.digest)?.equals(registry.blobs.get(layer.digest)!)),
      [true, true],
    );
  } finally {
    await other.close();
  }
});

pushing('what is there already is not sent again', async () => {
  await makeImage('a:1');
  await store.images.push(reference('a:1'), {});
  await store.images.tag(`${registry.host}/a:1`, reference('a:2'));
  registry.log.length = 0;
  const events: ProgressEvent[] = [];
  await store.images.push(reference('a:2'), { onProgress: (event) => events.push(event) });
  assert.not.ok(registry.log.some((line) => line.startsWith('PATCH')));
  assert.ok(events.some(({ status }) => status === 'Layer already exists'));
});

pushing('a blob that is damaged on disk is named, and not tried again', async () => {
  const diffId = await makeImage('a:1');
  writeFileSync(path.join(store.home, 'blobs/sha256', diffId.slice(7)), randomBytes(1000));
  const error = await store.images.push(reference('a:1'), {}).catch((thrown: Error) => thrown);
  assert.match((error as Error).message, new RegExp(`blob ${diffId} is damaged`));
  assert.ok(registry.log.filter((line) => line.startsWith('PATCH')).length <= 1);
  assert.not.ok(registry.manifests.has('a/1'));
});

pushing('content may be sent elsewhere, where the token does not go', async () => {
  await makeImage('a:1');
  const elsewhere = await startFakeRegistry();
  const seen: (string | undefined)[] = [];
  elsewhere.intercept = (request, response) => {
    seen.push(request.headers.authorization);
    const status = request.method === 'PATCH' ? 202 : 201;
    request.resume().once('end', () => response.writeHead(status, { location: request.url }).end());
    return true;
  };
  registry.intercept = (request, response) => {
    if (request.method !== 'POST') return false;
    response.writeHead(202, { location: `http://${elsewhere.host}/v2/a/blobs/uploads/0` }).end();
    return true;
  };
  await store.images.push(reference('a:1'), { auth: { registryToken: 'mine' } });
  assert.ok(seen.length >= 2);
  assert.ok(seen.every((header) => header === undefined));
  await elsewhere.close();
});

pushing('what was said in secret is not said again in plain text', () => {
  const trusts = (from: string, to: string) => sharesTrust(new URL(from), new URL(to));
  assert.ok(trusts('https://a/v2/', 'https://a/x'));
  assert.ok(trusts('http://a:5000/v2/', 'http://a:5000/x'));
  assert.not.ok(trusts('https://a/v2/', 'http://a/x'));
  assert.not.ok(trusts('https://a/v2/', 'https://b/x'));
});

pushing.run();
