/** Images that come and go: pulls and pushes at a registry of the test's own, archives, imports; and what fails on the way. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, expectRefusal, linesOf, queryOf, tarType } from '../support/api.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { type FakeRegistry, refuse, startFakeRegistry } from '../support/fake-registry.js';
import { savedImage, tarOf } from '../support/tar.js';

const transfer = suite('images that come and go');
let engine: TestEngine;
let registry: FakeRegistry;
transfer.before(async () => {
  engine = await startEngine();
  registry = await startFakeRegistry();
});
transfer.after.each(() => {
  registry.intercept = () => false;
});
transfer.after(async () => {
  await registry.close();
  await engine.stop();
});

async function load(name: string): Promise<string> {
  const { text } = await engine.request('POST', '/images/load', await savedImage(name, { run: name }), tarType);
  assert.match(text, /Loaded image/);
  return (await ask(engine, 'GET', `/images/${name}/json`)).json.Id;
}

const drop = (name: string) => engine.request('DELETE', `/images/${name}?force=1`);
const statuses = (text: string) => linesOf(text).flatMap(({ status }) => status ?? []);
const messageOf = (text: string) => linesOf(text).at(-1).error as string;

/** Pushes an image to the registry, and forgets it here; its id. */
async function published(repository: string): Promise<string> {
  const name = `${registry.host}/${repository}`;
  await load(`${name}:1`);
  const { text } = await ask(engine, 'POST', `/images/${name}/push?tag=1`);
  assert.is(linesOf(text).at(-1).error, undefined, text);
  const { Id } = (await ask(engine, 'GET', `/images/${name}:1/json`)).json;
  await drop(`${name}:1`);
  return Id;
}

transfer('a push tells its layers, its digest and its size', async () => {
  const name = `${registry.host}/contract-push`;
  await load(`${name}:1`);
  const { text, headers } = await ask(engine, 'POST', `/images/${name}/push?tag=1`);
  assert.is(headers['content-type'], 'application/json');
  const said = statuses(text);
  assert.is(said[0], `The push refers to repository [${name}]`);
  assert.ok(said.includes('Preparing') && said.includes('Pushed'), text);
  const { aux } = linesOf(text).at(-1);
  assert.is(aux.Tag, '1');
  assert.match(aux.Digest, /^sha256:[0-9a-f]{64}$/);
  assert.type(aux.Size, 'number');
  assert.ok(
    said.some((status) => status.startsWith(`1: digest: ${aux.Digest} size: `)),
    text,
  );
  const { RepoDigests } = (await ask(engine, 'GET', `/images/${name}:1/json`)).json;
  assert.equal(RepoDigests, [`${name}@${aux.Digest}`]);
  await drop(`${name}:1`);
});

transfer('a pull tells its layers, its digest and whether it was new', async () => {
  const id = await published('contract-pull');
  const fromImage = `${registry.host}/contract-pull`;
  const pull = async () => (await ask(engine, 'POST', `/images/create?${queryOf({ fromImage, tag: '1' })}`)).text;
  const first = await pull();
  const [head] = linesOf(first);
  assert.equal(head, { status: 'Pulling from contract-pull', id: '1' });
  for (const status of ['Pulling fs layer', 'Download complete', 'Pull complete'])
    assert.ok(statuses(first).includes(status), status);
  assert.match(statuses(first).at(-2), /^Digest: sha256:[0-9a-f]{64}$/);
  assert.is(statuses(first).at(-1), `Status: Downloaded newer image for ${fromImage}:1`);
  assert.is(statuses(await pull()).at(-1), `Status: Image is up to date for ${fromImage}:1`);
  assert.is((await ask(engine, 'GET', `/images/${fromImage}:1/json`)).json.Id, id);
  await drop(`${fromImage}:1`);
});

transfer('an image is pulled by its digest, and has no tag then', async () => {
  await published('contract-digest');
  const fromImage = `${registry.host}/contract-digest`;
  const { json } = await ask(engine, 'GET', `/distribution/${fromImage}:1/json`);
  const { digest } = json.Descriptor;
  const { text } = await ask(engine, 'POST', `/images/create?${queryOf({ fromImage, tag: digest })}`);
  assert.is(statuses(text).at(-1), `Status: Downloaded newer image for ${fromImage}@${digest}`);
  const image = (await ask(engine, 'GET', `/images/${fromImage}@${digest}/json`)).json;
  assert.equal(image.RepoTags, []);
  assert.equal(image.RepoDigests, [`${fromImage}@${digest}`]);
  await drop(image.Id);
});

transfer('the registry is asked for what it holds without a pull', async () => {
  await published('contract-ask');
  const { json } = await ask(engine, 'GET', `/distribution/${registry.host}/contract-ask:1/json`);
  assert.match(json.Descriptor.digest, /^sha256:/);
  assert.match(json.Descriptor.mediaType, /manifest/);
  assert.ok(json.Descriptor.size > 0);
  assert.is((await engine.request('GET', `/images/${registry.host}/contract-ask:1/json`)).status, 404);
});

transfer('what a registry lacks is not found', async () => {
  const fromImage = `${registry.host}/contract-lacks`;
  await expectRefusal(engine, {
    method: 'POST',
    path: `/images/create?${queryOf({ fromImage, tag: '1' })}`,
    status: 404,
    message: /manifest unknown$/,
  });
});

transfer('what a registry wants a login for is unauthorized', async () => {
  registry.intercept = (request, response) =>
    request.url !== '/v2/' && refuse(response, 401, 'UNAUTHORIZED', 'authentication required');
  const fromImage = `${registry.host}/contract-denied`;
  await expectRefusal(engine, {
    method: 'POST',
    path: `/images/create?${queryOf({ fromImage, tag: '1' })}`,
    status: 401,
    message: /^unauthorized/,
  });
});

transfer('nobody answers: the pull fails with who was asked', async () => {
  await expectRefusal(engine, {
    method: 'POST',
    path: '/images/create?fromImage=127.0.0.1:1/x&tag=y',
    status: 500,
    message: 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
  });
});

transfer('nobody answers: the push fails in its stream', async () => {
  const name = '127.0.0.1:1/contract-gone';
  await load(`${name}:1`);
  const { text } = await ask(engine, 'POST', `/images/${name}/push?tag=1`);
  assert.is(messageOf(text), 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused');
  await drop(`${name}:1`);
});

transfer('a push of what is not here fails in its stream', async () => {
  const name = `${registry.host}/contract-nothing`;
  const { text } = await ask(engine, 'POST', `/images/${name}/push?tag=1`);
  const lines = linesOf(text);
  assert.is(lines[0].status, `The push refers to repository [${name}]`);
  const message = `An image does not exist locally with the tag: ${name}`;
  assert.equal(lines.at(-1), { errorDetail: { message }, error: message });
});

transfer('a push without a tag takes every tag', async () => {
  const name = `${registry.host}/contract-all`;
  await load(`${name}:1`);
  await ask(engine, 'POST', `/images/${name}:1/tag?${queryOf({ repo: name, tag: '2' })}`);
  const { text } = await ask(engine, 'POST', `/images/${name}/push`);
  const tags = linesOf(text).flatMap(({ aux }) => aux?.Tag ?? []);
  assert.equal(tags.sort(), ['1', '2']);
  await drop(`${name}:1`);
  await drop(`${name}:2`);
});

transfer('several images go through one archive', async () => {
  const ids = [await load('contract-s1:1'), await load('contract-s2:1')];
  const names = ['contract-s1:1', 'contract-s2:1'];
  const query = new URLSearchParams(names.map((name) => ['names', name] as [string, string]));
  const archive = await raw(`/images/get?${query}`);
  for (const name of names) await drop(name);
  const { text } = await engine.request('POST', '/images/load', archive, tarType);
  for (const name of names) assert.ok(text.includes(`Loaded image: ${name}`), text);
  for (const [index, name] of names.entries())
    assert.is((await ask(engine, 'GET', `/images/${name}/json`)).json.Id, ids[index]);
  for (const name of names) await drop(name);
});

async function raw(path: string): Promise<Buffer> {
  const http = await import('node:http');
  return new Promise((resolve, reject) => {
    http
      .get({ socketPath: engine.socket, path, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks)));
      })
      .on('error', reject);
  });
}

transfer('an archive that is none fails in its stream', async () => {
  for (const body of [Buffer.from('junk'), await tarOf({ other: 'x' })]) {
    const { status, text } = await engine.request('POST', '/images/load', body, tarType);
    assert.is(status, 200);
    assert.ok(messageOf(text), text);
  }
});

transfer('an archive whose manifest is nonsense is refused, in a sentence', async () => {
  const nothing = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } };
  const named = (more: object) => JSON.stringify([{ Config: 'c.json', Layers: [], RepoTags: [], ...more }]);
  for (const manifest of [
    '[null]',
    '[7]',
    named({ Config: 7 }),
    named({ Layers: { a: 1 } }),
    named({ RepoTags: 'x' }),
  ]) {
    const body = await tarOf({ 'manifest.json': manifest, 'c.json': JSON.stringify(nothing) });
    const { text } = await engine.request('POST', '/images/load', body, tarType);
    assert.not.match(messageOf(text), /undefined|not a function|properties of/, manifest);
  }
});

transfer('layers do not lie upon each other without end', async () => {
  const layer = (await tarOf({ f: 'x' })).toString('latin1');
  const digest = `sha256:${createHash('sha256').update(layer, 'latin1').digest('hex')}`;
  const count = 200;
  const config = {
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: Array(count).fill(digest) },
  };
  const manifest = [{ Config: 'c.json', Layers: Array(count).fill('l.tar'), RepoTags: ['contract-deep:1'] }];
  const files = { 'manifest.json': JSON.stringify(manifest), 'c.json': JSON.stringify(config), 'l.tar': layer };
  const { text } = await engine.request('POST', '/images/load', await tarOf(files), tarType);
  assert.match(messageOf(text), 'max depth exceeded');
});

transfer('an import keeps its message, its changes and its name', async () => {
  const query = new URLSearchParams({ fromSrc: '-', repo: 'contract-import', tag: '1', message: 'why' });
  for (const change of ['ENV A=b', 'CMD run it']) query.append('changes', change);
  const { status, text } = await engine.request('POST', `/images/create?${query}`, await tarOf({ f: 'x' }), tarType);
  assert.is(status, 200);
  const { json } = await ask(engine, 'GET', '/images/contract-import:1/json');
  assert.is(linesOf(text).at(-1).status, json.Id);
  assert.is(json.Comment, 'why');
  assert.equal(json.Config.Env, ['A=b']);
  assert.equal(json.Config.Cmd, ['/bin/sh', '-c', 'run it']);
  assert.not('ArgsEscaped' in json.Config);
  assert.ok(Date.parse(json.Metadata.LastTagTime) > Date.now() - 600_000);
  const [entry] = (await ask(engine, 'GET', '/images/contract-import:1/history')).json;
  assert.is(entry.Comment, 'why');
  assert.is(entry.Size, 1);
  await drop('contract-import:1');
});

transfer('an import from where nobody answers fails with a status', async () => {
  await expectRefusal(engine, {
    method: 'POST',
    path: '/images/create?fromSrc=http://127.0.0.1:9/x.tar&repo=contract-x',
    status: 500,
    message: /^Get "http:\/\/127\.0\.0\.1:9\/x\.tar": /,
  });
});

transfer('an import and a context come from every port', async () => {
  const tar = await tarOf({ Dockerfile: 'FROM scratch\nLABEL from=afar\n' });
  const server = createServer(({ url }, response) => {
    if (url === '/gone') response.writeHead(404).end();
    else response.end(tar);
  });
  // One of those that browsers refuse to ask.
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(10080, '127.0.0.1', resolve));
  const at = (path: string) => encodeURIComponent(`http://127.0.0.1:10080/${path}`);
  try {
    const imported = await ask(engine, 'POST', `/images/create?fromSrc=${at('root.tar')}&repo=contract-afar&tag=1`);
    assert.match(linesOf(imported.text).at(-1).status, /^sha256:/);
    await expectRefusal(engine, {
      method: 'POST',
      path: `/images/create?fromSrc=${at('gone')}&repo=contract-afar&tag=1`,
      status: 404,
      message: 'failed to GET http://127.0.0.1:10080/gone with status 404 Not Found: ',
    });
    const built = await ask(engine, 'POST', `/build?t=contract-afar:2&remote=${at('context.tar')}`);
    assert.match(built.text, 'Successfully tagged contract-afar:2');
  } finally {
    server.close();
    server.closeAllConnections();
  }
  await drop('contract-afar:1');
  await drop('contract-afar:2');
});

transfer.run();
