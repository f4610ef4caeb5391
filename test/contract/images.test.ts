import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startEngine, type TestEngine } from '../support/engine.js';
import { savedImage, tarOf } from '../support/tar.js';

const images = suite('images');
let engine: TestEngine;
const query = (values: Readonly<Record<string, string>>) => new URLSearchParams(values).toString();
const filter = (value: object) => query({ filters: JSON.stringify(value) });
const tarType = { 'content-type': 'application/x-tar' };
const linesOf = (text: string) =>
  text
    .trim()
    .split('\r\n')
    .map((line) => JSON.parse(line));

async function load(name: string, files: Readonly<Record<string, string | null>> = { run: name }) {
  const { status, text } = await engine.request('POST', '/images/load', await savedImage(name, files), tarType);
  assert.is(status, 200, text);
  return text;
}

async function drop(...names: readonly string[]) {
  for (const name of names) await engine.request('DELETE', `/images/${encodeURIComponent(name)}?force=1`);
}

images.before(async () => {
  engine = await startEngine();
});
images.after(async () => {
  await engine.stop();
});

images('a saved image is loaded, told and found', async () => {
  const text = await load('contract-load:1');
  assert.ok(
    linesOf(text).some(({ stream }) => stream === 'Loaded image: contract-load:1\n'),
    text,
  );
  const { json } = await engine.request('GET', '/images/contract-load:1/json');
  assert.match(json.Id, /^sha256:[0-9a-f]{64}$/);
  assert.equal(json.RepoTags, ['contract-load:1']);
  assert.is(json.Created, '2024-01-02T03:04:05Z');
  assert.equal(json.Config.Cmd, ['/run']);
  assert.equal(json.Config.Labels, { from: 'contract' });
  assert.is(json.RootFS.Layers.length, 1);
  assert.is((await engine.request('GET', `/images/${json.Id.slice(7, 19)}/json`)).json.Id, json.Id);
  await drop('contract-load:1');
});

images('the shape of an image changed with the versions', async () => {
  await load('contract-shape:1');
  const at = async (version: string) => (await engine.request('GET', `/v${version}/images/contract-shape:1/json`)).json;
  assert.ok('VirtualSize' in (await at('1.43')));
  assert.not('VirtualSize' in (await at('1.44')));
  assert.ok('Hostname' in (await at('1.49')).Config);
  assert.not('Hostname' in (await at('1.51')).Config);
  const [old] = (await engine.request('GET', `/v1.43/images/json?${filter({ reference: ['contract-shape'] })}`)).json;
  assert.ok('VirtualSize' in old);
  await drop('contract-shape:1');
});

images('lists are filtered by reference, label, dangling, before and since', async () => {
  await load('contract-l1:1');
  await load('contract-l2:1');
  const list = async (value: object) =>
    (await engine.request('GET', `/images/json?${filter(value)}`)).json
      .flatMap(({ RepoTags }: { RepoTags: string[] }) => RepoTags)
      .sort();
  assert.equal(await list({ reference: ['contract-l*'] }), ['contract-l1:1', 'contract-l2:1']);
  assert.equal(await list({ reference: ['contract-l1:*'] }), ['contract-l1:1']);
  assert.equal(await list({ reference: ['contract-l*'], label: ['from=contract'] }), [
    'contract-l1:1',
    'contract-l2:1',
  ]);
  assert.equal(await list({ reference: ['contract-l*'], label: ['from=nobody'] }), []);
  assert.equal(await list({ reference: ['contract-l*'], dangling: ['true'] }), []);
  await drop('contract-l1:1', 'contract-l2:1');
});

images('a tag is set, moved and taken away; the image goes with the last one', async () => {
  await load('contract-t:1');
  const { json: image } = await engine.request('GET', '/images/contract-t:1/json');
  const tagged = await engine.request(
    'POST',
    `/images/contract-t:1/tag?${query({ repo: 'localhost:5000/contract/t', tag: 'x' })}`,
  );
  assert.is(tagged.status, 201);
  const untag = await engine.request('DELETE', '/images/contract-t:1');
  assert.equal(untag.json, [{ Untagged: 'contract-t:1' }]);
  const gone = await engine.request('DELETE', '/images/localhost:5000/contract/t:x');
  assert.is(gone.status, 200);
  assert.is(gone.json[0].Untagged, 'localhost:5000/contract/t:x');
  assert.ok(gone.json.some(({ Deleted }: { Deleted?: string }) => Deleted === image.Id));
  assert.is((await engine.request('GET', `/images/${image.Id}/json`)).status, 404);
});

images('bad names are refused with what is bad', async () => {
  await load('contract-n:1');
  const upper = await engine.request('POST', `/images/contract-n:1/tag?${query({ repo: 'UP' })}`);
  assert.is(upper.status, 400);
  assert.match(upper.json.message, /^invalid reference format: repository name \((library\/)?UP\) must be lowercase$/);
  for (const [method, path] of [
    ['GET', '/images/contract-none/json'],
    ['GET', '/images/contract-none/history'],
    ['DELETE', '/images/contract-none'],
    ['POST', '/images/contract-none/tag?repo=x'],
  ] as const) {
    const { status, json } = await engine.request(method, path);
    assert.is(status, 404);
    assert.is(json.message, 'No such image: contract-none:latest');
  }
  await drop('contract-n:1');
});

images('a root tarball is imported with changes', async () => {
  const { status, text } = await engine.request(
    'POST',
    `/images/create?${query({ fromSrc: '-', repo: 'contract-import', tag: '2', message: 'said' })}&changes=${encodeURIComponent('CMD ["/a"]')}&changes=${encodeURIComponent('ENV A=b')}`,
    await tarOf({ bin: null, 'bin/a': 'x' }),
    tarType,
  );
  assert.is(status, 200, text);
  const { json } = await engine.request('GET', '/images/contract-import:2/json');
  assert.is(linesOf(text).at(-1).status, json.Id);
  assert.equal(json.Config.Cmd, ['/a']);
  assert.equal(json.Config.Env, ['A=b']);
  assert.is(json.Comment, 'said');
  const { json: history } = await engine.request('GET', '/images/contract-import:2/history');
  assert.is(history.length, 1);
  assert.is(history[0].Id, json.Id);
  assert.equal(history[0].Tags, ['contract-import:2']);
  await drop('contract-import:2');
});

images('what is saved can be loaded again as the same image', async () => {
  await load('contract-save:1');
  const { json: before } = await engine.request('GET', '/images/contract-save:1/json');
  const http = await import('node:http');
  const archive = await new Promise<Buffer>((resolve, reject) => {
    http
      .get({ socketPath: engine.socket, path: '/images/get?names=contract-save:1' }, async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        resolve(Buffer.concat(chunks));
      })
      .once('error', reject);
  });
  await drop('contract-save:1');
  const { status, text } = await engine.request('POST', '/images/load', archive, tarType);
  assert.is(status, 200, text);
  const { json: after } = await engine.request('GET', '/images/contract-save:1/json');
  assert.is(after.Id, before.Id);
  await drop('contract-save:1');
});

images('saving an unknown image is not found, loading junk fails with a sentence', async () => {
  const unknown = await engine.request('GET', '/images/get?names=contract-none');
  assert.is(unknown.status, 404);
  assert.match(unknown.json.message, /^No such image: contract-none/);
  const junk = await engine.request('POST', '/images/load', 'this is no archive', tarType);
  assert.ok(junk.status >= 400 || /error/.test(junk.text), junk.text);
});

images('a registry that cannot be reached is told by its name', async () => {
  const { status, json } = await engine.request(
    'POST',
    `/images/create?${query({ fromImage: 'registry.invalid/x', tag: '1' })}`,
  );
  assert.ok(status >= 500, String(status));
  assert.match(json.message, /registry\.invalid/);
});

images('a build makes an image out of its context, with Docker’s lines', async () => {
  await load('contract-base:1', { run: 'x', bin: null });
  const context = await tarOf({
    Dockerfile: 'FROM contract-base:1\nARG WHO=nobody\nENV FOR=$WHO\nCOPY data /data\nLABEL a=b\n',
    data: 'hello',
  });
  const { status, text } = await engine.request(
    'POST',
    `/build?${query({ t: 'contract-built:1', buildargs: '{"WHO":"me"}', labels: '{"extra":"1"}', version: '1' })}`,
    context,
    tarType,
  );
  assert.is(status, 200, text);
  const lines = linesOf(text);
  const said = lines.map(({ stream }) => stream ?? '').join('');
  assert.match(said, /^Step 1\/\d : FROM contract-base:1\n ---> [0-9a-f]{12}\nStep 2\//);
  assert.match(said, /Successfully built [0-9a-f]{12}\nSuccessfully tagged contract-built:1\n$/);
  const { json } = await engine.request('GET', '/images/contract-built:1/json');
  assert.ok(lines.some(({ aux }) => aux?.ID === json.Id));
  assert.ok(json.Config.Env.includes('FOR=me'));
  assert.is(json.Config.Labels.a, 'b');
  assert.is(json.Config.Labels.extra, '1');
  await drop('contract-built:1', 'contract-base:1');
});

images('a Dockerfile that cannot be read is a bad request', async () => {
  const { status, json } = await engine.request(
    'POST',
    '/build?version=1',
    await tarOf({ Dockerfile: 'FROM scratch\nNOSUCH x\n' }),
    tarType,
  );
  assert.is(status, 400);
  assert.match(json.message, /unknown instruction: NOSUCH/);
  const missing = await engine.request('POST', '/build?version=1', await tarOf({ other: 'x' }), tarType);
  assert.ok(missing.status >= 400);
  assert.match(missing.json.message, /Dockerfile/);
});

images('prune takes what has no name', async () => {
  const build = async (text: string) =>
    engine.request(
      'POST',
      '/build?version=1&t=contract-prune:1',
      await tarOf({ Dockerfile: `FROM scratch\nCOPY d /d\nLABEL contract-prune=1\n`, d: text }),
      tarType,
    );
  await build('one');
  const { json: first } = await engine.request('GET', '/images/contract-prune:1/json');
  await build('two');
  const { json } = await engine.request(
    'POST',
    `/images/prune?${filter({ dangling: ['true'], label: ['contract-prune'] })}`,
  );
  assert.ok(
    json.ImagesDeleted.some(({ Deleted }: { Deleted?: string }) => Deleted === first.Id),
    JSON.stringify(json),
  );
  assert.is((await engine.request('GET', '/images/contract-prune:1/json')).status, 200);
  await drop('contract-prune:1');
});

images.run();
