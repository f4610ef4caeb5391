/** What every client relies on before it asks for anything in particular: paths, versions, errors, headers. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isOtherEngine, startEngine, type TestEngine } from '../support/engine.js';

const routing = suite('routing');
let engine: TestEngine;
routing.before(async () => {
  engine = await startEngine();
});
routing.after(() => engine.stop());

routing('a ping says OK with the version in its headers, by GET and by HEAD', async () => {
  for (const method of ['GET', 'HEAD']) {
    const { status, text, headers } = await engine.request(method, '/_ping');
    assert.is(status, 200);
    assert.is(text, method === 'GET' ? 'OK' : '');
    assert.is(headers['api-version'], '1.51');
    assert.is(headers.ostype, 'linux');
    assert.is(headers.swarm, 'inactive');
    assert.ok(['1', '2'].includes(String(headers['builder-version'])));
    assert.match(String(headers['cache-control']), /no-cache/);
  }
});

routing('a path works without a version and with any that we speak', async () => {
  for (const prefix of ['', '/v1.24', '/v1.40', '/v1.51'])
    assert.is((await engine.request('GET', `${prefix}/_ping`)).status, 200, prefix);
});

routing('a version that is too new is refused in JSON', async () => {
  const { status, json } = await engine.request('GET', '/v1.99/info');
  assert.is(status, 400);
  assert.is(json.message, 'client version 1.99 is too new. Maximum supported API version is 1.51');
});

routing('a version that is too old is refused in plain text', async () => {
  const { status, text, headers } = await engine.request('GET', '/v1.12/info');
  assert.is(status, 400);
  assert.match(String(headers['content-type']), /^text\/plain/);
  assert.match(text, /^client version 1\.12 is too old\. Minimum supported API version is 1\.24, please upgrade/);
});

routing('what a resource allows is told only to versions that we speak', async () => {
  for (const [path, status] of [
    ['/info', 200],
    ['/nothing', 200],
    ['/v9.9/nothing', 400],
    ['/v1.2/info', 400],
  ] as const)
    assert.is((await engine.request('OPTIONS', path)).status, status, path);
});

routing('an unknown path and a wrong method are not found', async () => {
  for (const [method, path] of [
    ['GET', '/nothing'],
    ['PUT', '/info'],
    ['POST', '/v1.47/nowhere/at/all'],
    // Clients ask so whether it is Podman that answers.
    ['GET', '/v4.0.0/libpod/_ping'],
    ['GET', '/v1.2/nothing'],
    ['PUT', '/v9.9/info'],
  ] as const) {
    const { status, json } = await engine.request(method, path);
    assert.is(status, 404);
    assert.is(json.message, 'page not found');
  }
});

routing('names of images may hold slashes, plain or encoded', async () => {
  for (const name of ['localhost:5000/no/such:1', 'localhost:5000%2Fno%2Fsuch:1']) {
    const { status, json } = await engine.request('GET', `/images/${name}/json`);
    assert.is(status, 404);
    assert.is(json.message, 'No such image: localhost:5000/no/such:1');
  }
});

const wrongBodies: readonly (readonly [body: string, type: string, message: RegExp])[] = [
  ['{"Name":', 'application/json', /^invalid JSON: unexpected EOF$/],
  [
    '{"Name":1}',
    'application/json',
    /^invalid JSON: json: cannot unmarshal number into Go struct field .*Name of type string$/,
  ],
  ['{"Name":"x"}', 'text/plain', /^unsupported Content-Type header \(text\/plain\): must be 'application\/json'$/],
  ['{"Name":"x"} y', 'application/json', /^unexpected content after JSON$/],
  ['{"Name":""}', 'application/json', /name is empty/],
];

for (const [body, type, message] of wrongBodies)
  routing(`the body ${body} as ${type} is refused with what is wrong`, async () => {
    const { status, json } = await engine.request('POST', '/networks/create', body, { 'content-type': type });
    assert.is(status, 400);
    assert.match(json.message, message);
  });

routing('a bracket too many behind a body is no mistake, as for the decoder of Docker', async () => {
  for (const bracket of ['}', ' ]', '}}x']) {
    const body = `{"Name":"contract-brackets"}${bracket}`;
    const { status, text } = await engine.request('POST', '/volumes/create', body, {
      'content-type': 'application/json',
    });
    assert.is(status, 201, text);
  }
  assert.is((await engine.request('DELETE', '/volumes/contract-brackets')).status, 204);
});

routing('keys that nobody knows are ignored, keys in lower case are read', async () => {
  const body = { name: 'contract-lower', nonsense: { deep: 1 }, labels: null };
  const { status, json } = await engine.request('POST', '/networks/create', body);
  assert.is(status, 201);
  assert.is((await engine.request('DELETE', `/networks/${json.Id}`)).status, 204);
});

routing('filters are checked', async () => {
  const unknown = await engine.request('GET', `/images/json?filters=${encodeURIComponent('{"x":["y"]}')}`);
  assert.is(unknown.status, 400);
  assert.is(unknown.json.message, "invalid filter 'x'");
  const broken = await engine.request('GET', '/images/json?filters=zz');
  assert.is(broken.status, 400);
  assert.is(broken.json.message, 'invalid filter');
});

routing('swarm answers as switched off', async () => {
  for (const path of [
    '/swarm',
    '/nodes',
    '/services',
    '/tasks',
    '/secrets',
    '/configs',
    '/nodes/x',
    '/services/x/logs?stdout=1',
  ]) {
    const { status, json } = await engine.request('GET', path);
    assert.is(status, 503, path);
    assert.match(json.message, /^This node is not a swarm manager\. Use "docker swarm init" or "docker swarm join"/);
  }
  const leave = await engine.request('POST', '/swarm/leave');
  assert.is(leave.status, 503);
  assert.is(leave.json.message, 'This node is not part of a swarm');
});

routing('plugins are none', async () => {
  assert.equal((await engine.request('GET', '/plugins')).json, []);
  const one = await engine.request('GET', '/plugins/some/one:latest/json');
  assert.is(one.status, 404);
});

routing('version and info say what clients decide by', async () => {
  const version = (await engine.request('GET', '/version')).json;
  assert.is(version.ApiVersion, '1.51');
  assert.is(version.MinAPIVersion, '1.24');
  assert.is(version.Os, 'linux');
  assert.ok(version.Components.some(({ Name }: { Name: string }) => Name === 'Engine'));
  const info = (await engine.request('GET', '/info')).json;
  assert.is(info.OSType, 'linux');
  assert.is(info.DefaultRuntime, 'runc');
  assert.is(info.Swarm.LocalNodeState, 'inactive');
  assert.ok(info.NCPU >= 1 && info.MemTotal > 0);
  for (const key of ['ID', 'Name', 'Driver', 'KernelVersion', 'OperatingSystem', 'Architecture', 'CgroupVersion'])
    assert.type(info[key], 'string', key);
  assert.is((await engine.request('GET', '/info')).json.ID, info.ID);
});

routing('only the socket’s owner may open it', async () => {
  if (isOtherEngine) return;
  const { statSync } = await import('node:fs');
  assert.is(statSync(engine.socket).mode & 0o777, 0o600);
});

routing.run();
