import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isOtherEngine, startEngine, type TestEngine } from '../support/engine.js';
import { digestText } from '../support/fake-registry.js';
import { tarBytes } from '../support/tar-bytes.js';

const platforms = suite('several platforms under one tag, by the API');
let engine: TestEngine;
const NAME = 'contract-platforms:1';
const asked = (platform: object) => encodeURIComponent(JSON.stringify(platform));
const platformOf = (architecture: string) => ({ os: 'linux', architecture });

/** An OCI layout of one name, whose index has an image for each architecture. */
function layout(architectures: readonly string[]): Buffer {
  const files: { name: string; content: Buffer | string }[] = [];
  const add = (mediaType: string, content: Buffer) => {
    files.push({ name: `blobs/sha256/${digestText(content).slice(7)}`, content });
    return { mediaType: `application/vnd.oci.image.${mediaType}`, digest: digestText(content), size: content.length };
  };
  const addJson = (mediaType: string, value: object) => add(mediaType, Buffer.from(JSON.stringify(value)));
  const manifests = architectures.map((architecture) => {
    const layer = add('layer.v1.tar', tarBytes([{ name: 'which', content: architecture }]));
    const rootfs = { type: 'layers', diff_ids: [layer.digest] };
    const config = addJson('config.v1+json', { ...platformOf(architecture), config: { Cmd: ['/which'] }, rootfs });
    const manifest = addJson('manifest.v1+json', { schemaVersion: 2, config, layers: [layer] });
    return { ...manifest, platform: platformOf(architecture) };
  });
  const annotations = { 'io.containerd.image.name': `docker.io/library/${NAME}` };
  const index = { ...addJson('index.v1+json', { schemaVersion: 2, manifests }), annotations };
  return tarBytes([
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests: [index] }) },
    ...files,
  ]);
}

platforms.before(async () => {
  engine = await startEngine();
});
platforms.after(() => engine.stop());

// Docker does it with its other image store alone.
const itself = isOtherEngine ? platforms.skip : platforms;

itself('one row, each of them reached by its platform, and one goes without the other', async () => {
  const archive = layout(['amd64', 'arm64']);
  const { status, text } = await engine.request('POST', '/images/load', archive, {
    'content-type': 'application/x-tar',
  });
  assert.is(status, 200, text);
  const rows = (await engine.request('GET', '/images/json?manifests=1')).json;
  const row = rows.filter(({ RepoTags }: { RepoTags: string[] }) => RepoTags.includes(NAME));
  assert.is(row.length, 1);
  const seen = row[0].Manifests.map((one: { ImageData: { Platform: object } }) => one.ImageData.Platform);
  assert.is(seen.length, 2);
  const ids = new Set<string>();
  for (const architecture of ['amd64', 'arm64']) {
    const path = `/images/${NAME}/json?platform=${asked(platformOf(architecture))}`;
    const { json } = await engine.request('GET', path);
    assert.is(json.Architecture, architecture);
    ids.add(json.Id);
    const made = await engine.request('POST', `/containers/create?platform=linux/${architecture}`, { Image: NAME });
    assert.is(made.status, 201, made.text);
    assert.is((await engine.request('GET', `/containers/${made.json.Id}/json`)).json.Image, json.Id);
    await engine.request('DELETE', `/containers/${made.json.Id}?force=1`);
  }
  assert.is(ids.size, 2);
  const df = (await engine.request('GET', '/system/df?type=image')).json;
  const sizes = df.Images.map(({ Size }: { Size: number }) => Size);
  assert.is(
    df.LayersSize,
    sizes.reduce((sum: number, size: number) => sum + size, 0),
  );
  const missing = await engine.request('GET', `/images/${NAME}/json?platform=${asked(platformOf('s390x'))}`);
  assert.is(missing.status, 404);
  await engine.request('DELETE', `/images/${NAME}?platforms=${asked(platformOf('arm64'))}`);
  const left = (await engine.request('GET', `/images/${NAME}/json?manifests=1`)).json;
  assert.is(left.Manifests.length, 1);
  assert.is(left.Architecture, 'amd64');
});

platforms.run();
