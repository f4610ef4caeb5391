/** Provenance and lists of packages go to a registry with the image, as BuildKit lays them out. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { type RealRegistry, startRealRegistry } from '../support/docker-registry.js';
import { isOtherEngine, startEngine, type TestEngine } from '../support/engine.js';
import { tarOf } from '../support/tar.js';

const attested = suite('attestations');
let registry: RealRegistry;
let engine: TestEngine;

attested.before(async () => {
  if (isOtherEngine) return;
  registry = await startRealRegistry();
  engine = await startEngine({
    env: { DEVENV_ENGINE_CONFIG: '/nonexistent', DEVENV_INSECURE_REGISTRIES: registry.host },
  });
  await importBusybox(engine);
});
attested.after(async () => {
  if (isOtherEngine) return;
  await engine.stop();
  await registry.stop();
});

async function buildAndPush(name: string, query: Record<string, string>): Promise<void> {
  const Dockerfile = `FROM ${busyboxImage}\nARG COLOUR=red\nRUN echo $COLOUR > /colour\n`;
  const parameters = new URLSearchParams({ t: `${registry.host}/${name}:1`, ...query });
  const body = await tarOf({ Dockerfile });
  const built = await engine.request('POST', `/build?${parameters}`, body, { 'content-type': 'application/x-tar' });
  assert.not.match(built.text, '"error"');
  const url = `/images/${registry.host}/${name}/push?tag=1`;
  const pushed = await engine.request('POST', url, undefined, registry.credentials);
  assert.not.match(pushed.text, '"error"');
}

/** What lies in the registry under a tag or a digest; asked for as a client of today does. */
async function stored(repository: string, kind: 'manifests' | 'blobs', name: string) {
  const types = ['oci.image.index.v1', 'oci.image.manifest.v1', 'docker.distribution.manifest.v2'];
  const accept = types.map((type) => `application/vnd.${type}+json`).join(', ');
  const authorization = `Basic ${Buffer.from('user:secret').toString('base64')}`;
  const [address, port] = registry.host.split(':');
  const { get } = await import('node:https');
  const text = await new Promise<string>((resolve, reject) => {
    const path = `/v2/${repository}/${kind}/${name}`;
    const options = { host: address, port, path, ca: registry.authority, agent: false };
    get({ ...options, headers: { accept, authorization } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    }).once('error', reject);
  });
  return JSON.parse(text);
}

const test = isOtherEngine ? attested.skip : attested;

test('an index names the image and the manifest of its statements', async () => {
  await buildAndPush('team/app', { provenance: 'max', sbom: '1', buildargs: JSON.stringify({ COLOUR: 'blue' }) });
  const { mediaType, manifests } = await stored('team/app', 'manifests', '1');
  assert.is(mediaType, 'application/vnd.oci.image.index.v1+json');
  assert.is(manifests.length, 2);
  const [image, attestation] = manifests;
  assert.equal([image.platform.os, attestation.platform], ['linux', { architecture: 'unknown', os: 'unknown' }]);
  assert.equal(attestation.annotations, {
    'vnd.docker.reference.digest': image.digest,
    'vnd.docker.reference.type': 'attestation-manifest',
  });

  const { layers } = await stored('team/app', 'manifests', attestation.digest);
  const types = layers.map(
    (layer: { annotations: Record<string, string> }) => layer.annotations['in-toto.io/predicate-type'],
  );
  assert.equal([...types].sort(), ['https://slsa.dev/provenance/v0.2', 'https://spdx.dev/Document']);
  for (const layer of layers) {
    const statement = await stored('team/app', 'blobs', layer.digest);
    assert.is(statement.subject[0].digest.sha256, image.digest.replace('sha256:', ''));
    const isProvenance = statement.predicateType.includes('provenance');
    if (isProvenance) assert.match(JSON.stringify(statement.predicate), 'blue');
    else assert.match(statement.predicate.spdxVersion, /^SPDX-2/);
  }
});

test('without them a manifest is all there is', async () => {
  await buildAndPush('team/plain', {});
  const { layers, manifests } = await stored('team/plain', 'manifests', '1');
  assert.is(manifests, undefined);
  assert.is(layers.length, 2);
});

test('the least provenance keeps the values of arguments to itself', async () => {
  await buildAndPush('team/least', { provenance: 'min', buildargs: JSON.stringify({ COLOUR: 'hush-hush' }) });
  const { manifests } = await stored('team/least', 'manifests', '1');
  const { layers } = await stored('team/least', 'manifests', manifests[1].digest);
  assert.is(layers.length, 1);
  const statement = await stored('team/least', 'blobs', layers[0].digest);
  assert.not.match(JSON.stringify(statement), 'hush-hush');
});

test('annotations are on the manifest, and on the index where there is one', async () => {
  await buildAndPush('team/noted', { annotations: JSON.stringify(['org.x=1']) });
  const plain = await stored('team/noted', 'manifests', '1');
  assert.is(plain.mediaType, 'application/vnd.oci.image.manifest.v1+json');
  assert.equal(plain.annotations, { 'org.x': '1' });
  const words = ['a=b', 'index:c=d', 'manifest-descriptor:e=f'];
  await buildAndPush('team/noted-index', { provenance: 'min', annotations: JSON.stringify(words) });
  const index = await stored('team/noted-index', 'manifests', '1');
  assert.equal([index.annotations, index.manifests[0].annotations], [{ c: 'd' }, { e: 'f' }]);
  const manifest = await stored('team/noted-index', 'manifests', index.manifests[0].digest);
  assert.equal(manifest.annotations, { a: 'b' });
});

attested.run();
