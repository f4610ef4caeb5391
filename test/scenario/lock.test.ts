/** Production by digest: an index of two platforms in Debian's docker-registry, locked, drifting and run. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage } from '../support/busybox.js';
import { type RealRegistry, startRealRegistry } from '../support/docker-registry.js';
import { requestOn } from '../support/engine.js';
import { freePort, giveBusybox, makeProject, runOnOwnEngine, type TestProject } from '../support/project.js';

const story = suite<{ project: TestProject; registry: RealRegistry; port: number }>('lock');

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';
const indexType = 'application/vnd.docker.distribution.manifest.list.v2+json';
const sha256 = (bytes: string | Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly location: string | undefined;
}

/** The registry's own API, as its one user. */
function ask({ host, authority }: RealRegistry, method: string, url: string, body = '', type = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { accept: `${manifestType}, ${indexType}`, 'content-type': type || 'application/octet-stream' };
    const target = new URL(url, `https://${host}`);
    const options = { method, ca: authority, auth: 'user:secret', headers };
    const asked = httpsRequest(target, options, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      resolve({
        status: response.statusCode ?? 0,
        body: Buffer.concat(chunks),
        location: response.headers.location,
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** The same image for another platform: its config says so. Gives its manifest's bytes. */
async function forPlatform(registry: RealRegistry, manifest: string, architecture: string): Promise<string> {
  const tree = JSON.parse(manifest);
  const config = await ask(registry, 'GET', `/v2/shop/web/blobs/${tree.config.digest}`);
  const changed = JSON.stringify({ ...JSON.parse(config.body.toString()), architecture });
  const begun = await ask(registry, 'POST', '/v2/shop/web/blobs/uploads/');
  const target = new URL(begun.location!, `https://${registry.host}`);
  target.searchParams.set('digest', sha256(changed));
  assert.is((await ask(registry, 'PUT', target.pathname + target.search, changed)).status, 201);
  return JSON.stringify({ ...tree, config: { ...tree.config, digest: sha256(changed), size: changed.length } });
}

/** An index of two platforms under `web:TAG`; `word` makes its content its own. Gives its digest. */
async function publish(project: TestProject, registry: RealRegistry, tag: string, word: string): Promise<string> {
  const name = `${registry.host}/shop/web`;
  const changes = `FROM ${busyboxImage}\nLABEL word=${word}\n`;
  await writeFile(path.join(project.folder, 'Dockerfile'), changes);
  const built = await project.devenv('-f', 'make.yml', 'build');
  assert.is(built.code, 0, built.output);
  const pushed = await requestOn(
    project.socket,
    'POST',
    `/images/${name}/push?tag=make`,
    undefined,
    registry.credentials,
  );
  assert.not.match(pushed.text, '"error"');
  const one = (await ask(registry, 'GET', '/v2/shop/web/manifests/make')).body.toString();
  const other = await forPlatform(registry, one, 'arm64');
  const manifests = [];
  for (const [bytes, architecture] of [
    [one, 'amd64'],
    [other, 'arm64'],
  ] as const) {
    const { mediaType } = JSON.parse(bytes);
    const put = await ask(registry, 'PUT', `/v2/shop/web/manifests/${sha256(bytes)}`, bytes, mediaType);
    assert.is(put.status, 201, put.body.toString());
    manifests.push({ mediaType, digest: sha256(bytes), size: bytes.length, platform: { os: 'linux', architecture } });
  }
  const index = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests });
  const put = await ask(registry, 'PUT', `/v2/shop/web/manifests/${tag}`, index, indexType);
  assert.is(put.status, 201, put.body.toString());
  await requestOn(project.socket, 'DELETE', `/images/${name}:make?force=1`);
  return sha256(index);
}

const config = (host: string, port: number, tag = '1') => `
name: shop
services:
  web:
    image: ${host}/shop/web:${tag}
    build: .
    command: ["sh", "-c", "mkdir -p /tmp/w; hostname > /tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"]
    stop_signal: SIGKILL
    ports: ["${port}:80"]
  tool: {image: "${host}/shop/web:1", profiles: [tools]}
environments:
  dev:
    services: {web: {volumes: [".:/src"]}}
  prod:
    services: {web: {command: !override ["sh", "-c", "mkdir -p /tmp/w; hostname > /tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"], deploy: {replicas: 2, resources: {limits: {memory: 64m}}}, read_only: true, tmpfs: [/tmp], user: "1000"}}
`;

story.before(async (context) => {
  const registry = await startRealRegistry();
  const port = await freePort();
  const project = await makeProject({
    'devenv.yml': config(registry.host, port),
    'make.yml': `services: {web: {image: "${registry.host}/shop/web:make", build: .}}\n`,
    'docker/config.json': JSON.stringify({
      auths: { [registry.host]: { auth: Buffer.from('user:secret').toString('base64') } },
    }),
  });
  Object.assign(context, { project, registry, port });
  project.env.DOCKER_CONFIG = path.join(project.folder, 'docker');
  const trusted = path.join(project.home, 'certs.d', registry.host);
  await mkdir(trusted, { recursive: true });
  await writeFile(path.join(trusted, 'ca.crt'), registry.authority);
  await giveBusybox(project);
});

story.after(async ({ project, registry }) => {
  await project.remove();
  await registry.stop();
});

const lockOf = ({ folder }: TestProject) => readFile(path.join(folder, 'devenv-lock.yml'), 'utf8');
let first = '';

story('an image is locked by its index, for the platforms that were named', async ({ project, registry }) => {
  first = await publish(project, registry, '1', 'first');
  const lacking = await project.devenv('lock', '--platform', 'linux/s390x');
  assert.is(lacking.code, 1);
  assert.match(lacking.stderr, 'has no image for linux/s390x (it has linux/amd64, linux/arm64)');
  const { code, output } = await project.devenv('lock', '--platform', 'linux/arm64', '--platform', 'linux/amd64');
  assert.is(code, 0, output);
  const text = await lockOf(project);
  assert.match(text, `digest: ${first}\n    platforms:\n      - linux/amd64\n      - linux/arm64\n`);
  assert.match(text, /^ {2}prod:\n {4}tool:\n {6}image: \S+\/shop\/web:1\n {4}web:/m, 'also where a profile is off');
  assert.match(text, busyboxImage.replace(/:.*/, ''), 'what the build stands on');
  assert.match((await project.devenv('lock')).stderr, 'nothing changed');
  assert.is((await project.devenv('lock', '--check')).code, 0);
});

story('production runs what was locked, though its tag means something else by now', async (context) => {
  const { project, registry, port } = context;
  const second = await publish(project, registry, '1', 'second');
  assert.is.not(second, first);
  const { code, output } = await project.devenv('--env', 'prod', 'up', '--detach', '--wait');
  assert.is(code, 0, output);
  assert.match(output, `Pulling ${registry.host}/shop/web:1 as locked`);
  assert.not.match(output, 'Building');
  const image = await requestOn(project.socket, 'GET', `/images/${registry.host}/shop/web:1/json`);
  assert.is(image.json.Config.Labels.word, 'first');
  const ran = await project.devenv('--env', 'prod', 'exec', '-T', 'web', 'sh', '-c', 'id -u; touch /x || ls /src');
  assert.is(ran.stdout.trim(), '1000', 'read-only, its user, and no mount of development');
  const names = new Set<string>();
  for (let tries = 0; tries < 200 && names.size < 2; tries += 1)
    names.add((await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text()).trim());
  assert.is(names.size, 2, 'both replicas answer at the one port');
});

story('a replica that is gone is asked no more', async ({ project, port }) => {
  const one = await requestOn(project.socket, 'POST', '/containers/shop-web-1/kill');
  assert.is(one.status, 204);
  await requestOn(project.socket, 'POST', '/containers/shop-web-1/wait');
  const names = new Set<string>();
  for (let tries = 0; tries < 20; tries += 1)
    names.add((await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text()).trim());
  assert.is(names.size, 1);
  assert.is((await project.devenv('--env', 'prod', 'up', '--detach', '--wait')).code, 0);
});

story('what runs is what the config says, and CI can insist on it', async ({ project }) => {
  const here = `docker:unix://${project.socket}`;
  const same = await project.devenv('diff', 'prod', '--against', here, '--fail-on', 'image,command,user,limits');
  assert.is(same.code, 0, same.output);
  const dev = await project.devenv('diff', 'dev', '--against', here, '--fail-on', 'user');
  assert.is(dev.code, 1, dev.output);
  assert.match(dev.stdout, '67108864');
  const json = await project.devenv('diff', 'dev', 'prod', '--format', 'json');
  const aspects = JSON.parse(json.stdout).differences.map((one: { aspect: string }) => one.aspect);
  assert.equal([...new Set(aspects)], ['user', 'privileges', 'mounts', 'limits', 'replicas']);
  assert.match((await project.devenv('diff', 'dev', 'prod', '--fail-on', 'colour')).stderr, 'Aspects: ');
});

story('the newest comes when it is asked for', async ({ project }) => {
  const before = await lockOf(project);
  assert.is((await project.devenv('lock')).code, 0);
  assert.is(await lockOf(project), before);
  const { code, output } = await project.devenv('lock', '--update', 'web');
  assert.is(code, 0, output);
  assert.match(output, `${first.slice(0, 19)} -> sha256:`);
  assert.is.not(await lockOf(project), before);
});

story('drift is refused, and named', async ({ project, registry, port }) => {
  await project.write({ 'devenv.yml': config(registry.host, port, '2') });
  const up = await project.devenv('--env', 'prod', 'up', '--detach');
  assert.is(up.code, 1);
  assert.match(up.stderr, `web: image ${registry.host}/shop/web:1 was locked, ${registry.host}/shop/web:2 is wanted`);
  await project.write({ Dockerfile: 'FROM other:2\n' });
  const inDev = await project.devenv('--env', 'dev', 'up', '--detach', '--locked');
  assert.match(inDev.stderr, /The project is not what was locked:\n {2}web: .*other:2/);
  project.env.CI = 'true';
  const inCi = await project.devenv('--env', 'dev', 'up', '--detach');
  delete project.env.CI;
  assert.is(inCi.code, 1);
  assert.is(inCi.stderr, inDev.stderr, 'what CI does by itself');
  const check = await project.devenv('lock', '--check');
  assert.is(check.code, 1);
  assert.match(check.stderr, 'prod: web: image');
  assert.match((await project.devenv('--env', 'prod', 'up', '--no-locked', '--detach')).stderr, '--build builds it');
  await project.write({ 'devenv-lock.yml': 'version: 9\n' });
  assert.match((await project.devenv('lock', '--check')).stderr, 'its version is 9');
});

runOnOwnEngine(story, 'lock', 'digests are looked for by an endpoint of our engine');
