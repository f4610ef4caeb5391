import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadProject } from '../../../../src/config/load.js';
import { parseGitAddress } from '../../../../src/config/remote/git.js';
import { parseArtifact } from '../../../../src/config/remote/registry.js';
import { isRemote } from '../../../../src/config/remote/remote.js';
import { UserError } from '../../../../src/errors.js';

const remote = suite<{ folder: string; registry: http.Server; seen: string[]; git: { port: number; end(): void } }>(
  'remote configs',
);

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const files = ['services: {one: {image: "one:1"}}\n', 'services: {two: {image: "two:1"}}\n'];
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  artifactType: 'application/vnd.docker.compose.project',
  layers: files.map((text, index) => ({
    mediaType: 'application/vnd.docker.compose.file+yaml',
    digest: digestOf(text),
    size: text.length,
    annotations: { 'com.docker.compose.file': `${index}.yaml` },
  })),
});

/** A registry that wants a token, as Docker Hub does. */
function startRegistry(seen: string[]): Promise<http.Server> {
  const server = http.createServer((request, response) => {
    const url = request.url ?? '';
    seen.push(url);
    if (url.startsWith('/token')) return response.end(JSON.stringify({ token: 'let-me' }));
    if (request.headers.authorization !== 'Bearer let-me') {
      const realm = `http://${request.headers.host}/token`;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="s",scope="x"` });
      return response.end();
    }
    const blob = files.find((text) => url.endsWith(digestOf(text)));
    if (url === '/v2/team/stack/manifests/v1') return response.end(manifest);
    if (blob) return response.end(blob);
    response.writeHead(404);
    return response.end();
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const gitIn = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.email=a@b.c', '-c', 'user.name=a', '-c', 'init.defaultBranch=main', ...args], {
    cwd: folder,
    stdio: 'pipe',
  });

async function startGit(folder: string): Promise<{ port: number; end(): void }> {
  const repository = join(folder, 'base/shop.git');
  mkdirSync(join(repository, 'sub'), { recursive: true });
  writeFileSync(join(repository, 'compose.yaml'), 'services: {top: {image: "top:1", build: ./ctx}}\n');
  writeFileSync(join(repository, 'sub/compose.yaml'), 'services: {sub: {image: "sub:1"}}\n');
  gitIn(repository, 'init', '-q');
  gitIn(repository, 'add', '-A');
  gitIn(repository, 'commit', '-qm', 'first');
  gitIn(repository, 'tag', '-a', 'v1', '-m', 'one');
  writeFileSync(join(repository, 'compose.yaml'), 'services: {top: {image: "top:2"}}\n');
  gitIn(repository, 'commit', '-qam', 'second');
  const port = await freePort();
  const daemon = spawn(
    'git',
    ['daemon', '--reuseaddr', '--listen=127.0.0.1', `--port=${port}`, '--export-all', `--base-path=${folder}/base`],
    { stdio: 'ignore', detached: true },
  );
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      execFileSync('git', ['ls-remote', `git://127.0.0.1:${port}/shop.git`], { stdio: 'pipe' });
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return { port, end: () => process.kill(-daemon.pid!) };
}

remote.before(async (context) => {
  context.folder = mkdtempSync('/tmp/devenv-remote-');
  context.seen = [];
  context.registry = await startRegistry(context.seen);
  context.git = await startGit(context.folder);
});

remote.after(({ folder, registry, git }) => {
  git.end();
  registry.closeAllConnections();
  registry.close();
  rmSync(folder, { recursive: true, force: true });
});

async function load(folder: string, include: string) {
  writeFileSync(
    join(folder, 'compose.yaml'),
    `include: [${JSON.stringify(include)}]\nservices: {own: {image: "own:1"}}\n`,
  );
  const env = { HOME: folder, PATH: process.env.PATH, XDG_CACHE_HOME: join(folder, 'cache') };
  return loadProject({ cwd: folder, files: [], envFiles: [], profiles: [], env });
}

const imagesOf = (loaded: Awaited<ReturnType<typeof load>>) =>
  Object.values(loaded.project.services).map(({ image }) => image);

remote('an artifact of a registry, with its token, fetched once', async ({ folder, registry, seen }) => {
  const { port } = registry.address() as AddressInfo;
  const address = `oci://127.0.0.1:${port}/team/stack:v1`;
  const loaded = await load(folder, address);
  assert.equal(imagesOf(loaded), ['one:1', 'own:1', 'two:1']);
  assert.match(loaded.warnings.map(({ text }) => text).join('\n'), /somebody else's text.*only if you trust/);
  seen.length = 0;
  await load(folder, address);
  assert.equal(
    seen.filter((url) => url.includes('/blobs/')),
    [],
  );
});

remote('a repository at its newest, at a tag, and a folder of it', async ({ folder, git }) => {
  const address = `git://127.0.0.1:${git.port}/shop.git`;
  assert.equal(imagesOf(await load(folder, address)), ['own:1', 'top:2']);
  const tagged = await load(folder, `${address}#v1`);
  assert.equal(imagesOf(tagged), ['own:1', 'top:1']);
  assert.match(tagged.project.services.top!.build!.context, /\/cache\/devenv\/remote\/git\/[0-9a-f]{40}\/shop\/ctx$/);
  assert.equal(imagesOf(await load(folder, `${address}#main:sub`)), ['own:1', 'sub:1']);
});

async function refusal(work: Promise<unknown>): Promise<UserError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  return assert.unreachable('is accepted') as never;
}

remote('says what is wrong, where it is written', async ({ folder, registry, git }) => {
  const { port } = registry.address() as AddressInfo;
  const wrong: [string, RegExp][] = [
    [`oci://127.0.0.1:${port}/team/none:v1`, /registry does not have it/],
    [`git://127.0.0.1:${git.port}/shop.git#nope`, /cannot be fetched/],
    [`git://127.0.0.1:${git.port}/shop.git#v1:../..`, /leads out of the repository/],
    [`git://127.0.0.1:${git.port}/shop.git#v1:none`, /no config in none/],
    ['https://127.0.0.1/compose.yaml', /neither a git repository/],
  ];
  for (const [address, sentence] of wrong) {
    const error = await refusal(load(folder, address));
    assert.is(error.code, 'remote-config', address);
    assert.match(error.message, sentence);
    assert.is(error.location?.line, 1, address);
  }
});

remote('addresses are read as Compose reads them', () => {
  assert.ok(isRemote('https://github.com/a/b.git#main:x'));
  assert.ok(isRemote('git@github.com:a/b.git'));
  assert.not.ok(isRemote('./a.git/compose.yaml'));
  assert.equal(parseGitAddress('github.com/a/b#v1:sub/dir'), {
    remote: 'https://github.com/a/b',
    ref: 'v1',
    folder: 'sub/dir',
  });
  assert.equal(parseArtifact('oci://reg.io:5000/a/b:1'), { registry: 'reg.io:5000', path: 'a/b', reference: '1' });
  assert.equal(parseArtifact('oci://me/app'), {
    registry: 'registry-1.docker.io',
    path: 'me/app',
    reference: 'latest',
  });
  assert.equal(parseArtifact('oci://app'), {
    registry: 'registry-1.docker.io',
    path: 'library/app',
    reference: 'latest',
  });
});

remote.run();
