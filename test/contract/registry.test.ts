/** Pull and push through Debian's docker-registry, with TLS and basic auth, and all that may go wrong on the way. */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type RealRegistry, startRealRegistry } from '../support/docker-registry.js';
import { isOtherEngine, startEngine, type TestEngine } from '../support/engine.js';
import { savedImage } from '../support/tar.js';

const registries = suite('registry');
let registry: RealRegistry;
let engine: TestEngine;
const tarType = { 'content-type': 'application/x-tar' };
/** Does not compress: what is cut is cut in the middle. */
const noise = randomBytes(3 << 20).toString('base64');

interface Line {
  readonly id?: string;
  readonly status?: string;
  readonly error?: string;
}

const linesOf = (text: string): Line[] =>
  text
    .trim()
    .split('\r\n')
    .flatMap((line) => (line ? JSON.parse(line) : []));
const statuses = (lines: readonly Line[]) => lines.map((line) => line.status ?? `error: ${line.error}`);

async function pull(name: string, headers = registry.credentials): Promise<Line[]> {
  const query = new URLSearchParams({ fromImage: `${registry.host}/${name}` });
  const { status, text } = await engine.request('POST', `/images/create?${query}`, undefined, headers);
  return status === 200 ? linesOf(text) : [{ error: `${status} ${JSON.parse(text).message}` }];
}

async function push(name: string): Promise<Line[]> {
  const [repository, tag] = name.split(':');
  const url = `/images/${registry.host}/${repository}/push?tag=${tag}`;
  return linesOf((await engine.request('POST', url, undefined, registry.credentials)).text);
}

/** The layers of an image in the registry's own store, as files. */
async function publish(name: string, files: Record<string, string>): Promise<string> {
  const full = `${registry.host}/${name}`;
  await engine.request('POST', '/images/load', await savedImage(full, files), tarType);
  const lines = await push(name);
  assert.not(
    lines.some((line) => line.error),
    JSON.stringify(lines.at(-1)),
  );
  const manifest = await engine.request('GET', `/distribution/${full}/json`, undefined, registry.credentials);
  await drop(name);
  return manifest.json.Descriptor.digest;
}

async function drop(name: string) {
  await engine.request('DELETE', `/images/${encodeURIComponent(`${registry.host}/${name}`)}?force=1`);
  await engine.request('POST', '/images/prune');
}

const blobFile = (digest: string) => {
  const hex = digest.slice('sha256:'.length);
  return path.join(registry.data, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
};

async function layerOf(manifestDigest: string): Promise<string> {
  const manifest = JSON.parse(await readFile(blobFile(manifestDigest), 'utf8'));
  return manifest.layers[0].digest;
}

/** No image of that name, nothing half fetched. */
async function nothingOf(name: string) {
  assert.is((await engine.request('GET', `/images/${registry.host}/${name}/json`)).status, 404);
  assert.equal(readdirSync(path.join(engine.home, 'ingest')), []);
}

async function trust(): Promise<void> {
  const folder = path.join(engine.home, 'certs.d', registry.host);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'ca.crt'), registry.authority);
}

registries.before(async () => {
  registry = await startRealRegistry();
  engine = await startEngine({ env: { DEVENV_ENGINE_CONFIG: '/nonexistent' } });
});
registries.after(async () => {
  await engine.stop();
  await registry.stop();
});
registries.before.each(() => {
  registry.intercept = () => false;
  registry.cutAfter = undefined;
  registry.log.length = 0;
});

registries('an authority that nobody knows is refused, and its folder makes it known', async () => {
  assert.match((await pull('any:1'))[0]!.error!, /^500 .*(self-signed|unable to verify|issuer)/);
  await engine.kill();
  await trust();
  await engine.restart();
  assert.match((await pull('any:1'))[0]!.error!, /^404 .*manifest unknown/);
});

registries('credentials are asked for, and checked by login', async () => {
  assert.match((await pull('any:1', {}))[0]!.error!, /^40[14] .*(authentication required|no basic auth credentials)/);
  const login = (password: string) =>
    engine.request('POST', '/auth', { username: 'user', password, serveraddress: registry.host });
  assert.is((await login('wrong')).status, 401);
  assert.is((await login('secret')).json.Status, 'Login Succeeded');
});

registries('what was pushed is pulled again, and mounted where another repository has it', async () => {
  const digest = await publish('one/a:1', { run: 'a', large: noise });
  const said = statuses(await pull('one/a:1'));
  assert.ok(said.includes(`Digest: ${digest}`), said.join('\n'));
  assert.ok(said.includes(`Status: Downloaded newer image for ${registry.host}/one/a:1`));
  const query = new URLSearchParams({ repo: `${registry.host}/two/b`, tag: '2' });
  await engine.request('POST', `/images/${registry.host}/one/a:1/tag?${query}`);
  const pushed = statuses(await push('two/b:2'));
  assert.ok(pushed.includes('Mounted from one/a'), pushed.join('\n'));
  await drop('two/b:2');
  await drop('one/a:1');
});

registries('a connection that breaks in the middle of a layer goes on where it broke', async () => {
  await publish('cut:1', { run: 'cut', large: noise });
  registry.cutAfter = 1 << 20;
  registry.log.length = 0;
  const lines = await pull('cut:1');
  assert.not(
    lines.some((line) => line.error),
    JSON.stringify(lines.at(-1)),
  );
  const parts = registry.log.flatMap((line) => /blobs\/sha256:\w+ bytes=(\d+)-/.exec(line)?.[1] ?? []);
  assert.is(parts.length, 1);
  assert.ok(Number(parts[0]) > 0 && Number(parts[0]) <= 1 << 20, parts[0]);
  await drop('cut:1');
});

registries('too many requests are waited for as long as the registry says', async () => {
  await publish('busy:1', { run: 'busy' });
  let refusals = 0;
  registry.intercept = (request, response) => {
    if (!/\/(manifests|blobs)\//.test(request.url!) || refusals === 3) return false;
    refusals += 1;
    response.writeHead(429, { 'retry-after': '0', 'content-type': 'application/json' });
    response.end(JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message: 'slow down' }] }));
    return true;
  };
  assert.ok(statuses(await pull('busy:1')).some((text) => text.startsWith('Status: Downloaded newer image')));
  assert.is(refusals, 3);
  await drop('busy:1');
});

registries('a layer that is not what its digest says is not taken', async () => {
  const layer = await layerOf(await publish('lie:1', { run: 'lie', large: noise }));
  const file = blobFile(layer);
  const bytes = await readFile(file);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(file, bytes);
  const failure = (await pull('lie:1')).at(-1)!.error;
  assert.match(failure!, new RegExp(`verification failed for digest ${layer}|damaged|invalid tar header`));
  await nothingOf('lie:1');
});

registries('a layer that ends too early is not taken', async () => {
  const layer = await layerOf(await publish('short:1', { run: 'short', large: `${noise}s` }));
  await truncate(blobFile(layer), 100_000);
  registry.log.length = 0;
  assert.match((await pull('short:1')).at(-1)!.error!, /has 100000 bytes, its manifest says \d+/);
  await nothingOf('short:1');
});

registries('an engine killed in the middle of a pull begins again and ends well', async () => {
  await publish('killed:1', { run: 'killed', large: `${noise}k` });
  let reached = false;
  registry.intercept = (request, response) => {
    if (request.method !== 'GET' || !/\/blobs\//.test(request.url!) || reached) return false;
    const isLayer = registry.log.filter((line) => /GET .*\/blobs\//.test(line)).length > 1;
    if (!isLayer) return false;
    reached = true;
    response.writeHead(200, { 'content-length': 5_000_000 });
    response.write(Buffer.alloc(100_000));
    return true;
  };
  const broken = pull('killed:1').catch(() => undefined);
  while (!reached) await sleep(10);
  await engine.kill();
  await broken;
  await engine.restart();
  await nothingOf('killed:1');
  const lines = statuses(await pull('killed:1'));
  assert.ok(lines.at(-1)?.startsWith('Status: Downloaded'), lines.join('\n'));
  assert.ok(existsSync(path.join(engine.home, 'layers')));
  await drop('killed:1');
});

// Another engine has no folder for the authorities that the test could write.
if (isOtherEngine) registries.before.each(() => assert.unreachable('this engine cannot be told whom to trust'));
registries.run();
