/**
 * Builds every `test/fixtures/build/cases/NAME.Dockerfile` and compares configuration, history and file tree with
 * `NAME.json` beside it. The goldens are BuildKit's: `UPDATE_GOLDEN=1 CONTRACT_ENGINE=unix:///…` writes them with the
 * docker command, from a Docker that has buildx.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod, copyFile, link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { extract, type Header } from 'tar-stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isOtherEngine, startEngine, type TestEngine } from '../support/engine.js';

const run = promisify(execFile);
const cases = join(import.meta.dirname, '../../../test/fixtures/build/cases');
const update = Boolean(process.env.UPDATE_GOLDEN) && isOtherEngine;
const BASE = 'contract-build-base:1';
const BUILT = 'contract-built:1';

/** The first line of a case may say more: `# {"target": "x"}`. */
interface Options {
  readonly buildargs?: Record<string, string>;
  readonly labels?: Record<string, string>;
  readonly target?: string;
}

const building = suite('builds as BuildKit makes them');
let engine: TestEngine;
let folder: string;

building.before(async () => {
  engine = await startEngine();
  folder = await mkdtemp(join(tmpdir(), 'contract-build-'));
  await makeContext(join(folder, 'context'));
  await importBase();
});

building.after(async () => {
  for (const name of [BUILT, BASE]) await engine.request('DELETE', `/images/${name}?force=1`);
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

for (const file of readdirSync(cases).filter((name) => name.endsWith('.Dockerfile'))) {
  const name = file.replace('.Dockerfile', '');
  building(name, async () => {
    const text = readFileSync(join(cases, file), 'utf8').replaceAll('bb:1', BASE);
    const options: Options = text.startsWith('# {') ? JSON.parse(text.slice(2, text.indexOf('\n'))) : {};
    await (isOtherEngine ? buildWithDocker(text, options) : build(text, options));
    const got = await describeImage();
    const golden = join(cases, `${name}.json`);
    if (update) writeFileSync(golden, `${JSON.stringify(got, undefined, 2)}\n`);
    assert.equal(got, JSON.parse(readFileSync(golden, 'utf8')));
  });
}

/** Modes, links and archives that the cases copy. */
async function makeContext(context: string): Promise<void> {
  const files = {
    'a.txt': 'a\n',
    'b.txt': 'b\n',
    'dir/c.txt': 'c\n',
    'dir/sub/d.txt': 'd\n',
    'x/f': 'x\n',
    'y/f': 'y\n',
  };
  for (const [path, text] of Object.entries({ ...files, 'gl[ob.txt': '', 'notar.tar': 'plain\n' })) {
    await mkdir(dirname(join(context, path)), { recursive: true });
    await writeFile(join(context, path), text);
    await chmod(join(context, path), 0o644);
  }
  for (const path of ['dir/sub', 'x', 'y']) await chmod(join(context, path), 0o755);
  await link(join(context, 'a.txt'), join(context, 'dir/hard1'));
  await link(join(context, 'a.txt'), join(context, 'dir/hard2'));
  await symlink('a.txt', join(context, 'link'));
  await symlink('dir', join(context, 'dlink'));
  await chmod(join(context, 'dir'), 0o700);
  await chmod(join(context, 'dir/c.txt'), 0o600);
  await makeArchives(context);
}

async function makeArchives(context: string): Promise<void> {
  const inside = join(folder, 'archive/in');
  await mkdir(inside, { recursive: true });
  await writeFile(join(inside, 'f'), 'hi\n');
  await symlink('f', join(inside, 'l'));
  await chmod(join(inside, 'f'), 0o640);
  await chmod(inside, 0o750);
  const archive = ['--owner=33', '--group=33', '--sort=name', '-C', join(folder, 'archive')];
  for (const [flag, name] of [
    ['', 't.tar'],
    ['z', 't.tar.gz'],
    ['j', 't.tar.bz2'],
    ['J', 't.tar.xz'],
  ]) {
    await run('tar', [`-c${flag}f`, join(context, name!), ...archive, 'in']);
  }
  await run('sh', ['-c', 'gzip -nc "$1/a.txt" > "$1/a.txt.gz"', 'sh', context]);
}

/** busybox with its applets, two users and a group. */
async function importBase(): Promise<void> {
  const root = join(folder, 'base');
  for (const path of ['bin', 'etc', 'tmp']) await mkdir(join(root, path), { recursive: true });
  await copyFile(['/bin/busybox', '/usr/bin/busybox'].find(existsSync)!, join(root, 'bin/busybox'));
  const { stdout } = await run(join(root, 'bin/busybox'), ['--list']);
  for (const applet of stdout.split('\n').filter((name) => name !== '' && name !== 'busybox')) {
    await link(join(root, 'bin/busybox'), join(root, 'bin', applet));
  }
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\napp:x:1001:\ngrp:x:2000:\n');
  await chmod(join(root, 'tmp'), 0o1777);
  const tar = await tarOfFolder(root);
  const answer = await engine.request('POST', `/images/create?fromSrc=-&repo=${BASE.replace(':', '&tag=')}`, tar, TAR);
  assert.is(answer.status, 200, answer.text);
}

const TAR = { 'content-type': 'application/x-tar' };

function tarOfFolder(root: string): Promise<Buffer> {
  const child = spawn('tar', ['-C', root, '--owner=0', '--group=0', '-c', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return buffer(child.stdout);
}

async function build(text: string, options: Options): Promise<void> {
  await writeFile(join(folder, 'context/Dockerfile'), text);
  const query = new URLSearchParams({ t: BUILT, ...(options.target === undefined ? {} : { target: options.target }) });
  if (options.buildargs) query.set('buildargs', JSON.stringify(options.buildargs));
  if (options.labels) query.set('labels', JSON.stringify(options.labels));
  const answer = await engine.request('POST', `/build?${query}`, await tarOfFolder(join(folder, 'context')), TAR);
  assert.not.match(answer.text, /"errorDetail"/);
}

async function buildWithDocker(text: string, { buildargs = {}, labels = {}, target }: Options): Promise<void> {
  await writeFile(join(folder, 'context/Dockerfile'), text);
  const pairs = (flag: string, values: Record<string, string>) =>
    Object.entries(values).flatMap(([key, value]) => [flag, `${key}=${value}`]);
  const flags = [
    ...pairs('--build-arg', buildargs),
    ...pairs('--label', labels),
    ...(target ? ['--target', target] : []),
  ];
  const env = { ...process.env, DOCKER_HOST: process.env.CONTRACT_ENGINE, DOCKER_BUILDKIT: '1' };
  await run('docker', ['build', '-q', '-t', BUILT, ...flags, join(folder, 'context')], { env });
}

/** What does not change from machine to machine and from day to day. */
async function describeImage() {
  const saved = await entriesOf(await bytes('GET', `/images/${BUILT}/get`));
  const [manifest] = JSON.parse(saved.get('manifest.json')!.body.toString());
  const document = JSON.parse(saved.get(manifest.Config)!.body.toString());
  return {
    author: document.author ?? '',
    config: withoutEmpty(document.config),
    layers: (document.rootfs.diff_ids ?? []).length,
    history: (document.history ?? []).map(({ created: _, ...entry }: { created: string }) => plainBase(entry)),
    files: await describeFiles(),
  };
}

function withoutEmpty(config: Record<string, unknown>): Record<string, unknown> {
  const given = Object.entries(config).filter(([, value]) => value !== null && value !== '' && value !== false);
  return Object.fromEntries(given.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const plainBase = (entry: object) => JSON.parse(JSON.stringify(entry));

const UNINTERESTING =
  /^(bin|dev|proc|sys)(\/|$)|^(\.dockerenv|etc|etc\/(hosts|hostname|resolv\.conf|mtab|passwd|group))?$/;

/** Their bytes depend on the program that packed them. */
const ARCHIVE = /\.(tar|gz|bz2|xz)$/;

/** Path → type, mode, owner, size or target, content. */
async function describeFiles(): Promise<Record<string, string>> {
  const { json } = await engine.request('POST', '/containers/create', { Image: BUILT, Cmd: ['x'] });
  const entries = await entriesOf(await bytes('GET', `/containers/${json.Id}/export`));
  await engine.request('DELETE', `/containers/${json.Id}?force=1`);
  const described: Record<string, string> = {};
  for (const [path, { header, body }] of entries) {
    if (UNINTERESTING.test(path)) continue;
    const target = header.linkname?.replace(/^\.?\//, '');
    const linked = header.type === 'link' ? entries.get(target!) : undefined;
    const mode = ((linked ?? { header }).header.mode! & 0o7777).toString(8);
    const isFile = header.type === 'file' || linked !== undefined;
    const content = ARCHIVE.test(path) ? '' : isFile ? digest((linked ?? { body }).body) : (header.linkname ?? '');
    described[path] = `${linked ? 'file' : header.type} ${mode} ${header.uid}:${header.gid} ${content}`.trim();
  }
  return Object.fromEntries(Object.entries(described).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const digest = (body: Buffer) => `${body.length} ${createHash('sha256').update(body).digest('hex').slice(0, 12)}`;

async function entriesOf(tar: Buffer) {
  const found: Map<string, { header: Header; body: Buffer }> = new Map();
  const stream = extract();
  stream.end(tar);
  for await (const entry of stream) {
    const body = await buffer(entry as unknown as Readable);
    found.set(entry.header.name.replace(/^\.?\//, '').replace(/\/$/, ''), { header: entry.header, body });
  }
  return found;
}

function bytes(method: string, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath: engine.socket, method, path, agent: false }, (response) =>
      buffer(response).then(resolve, reject),
    );
    request.once('error', reject);
    request.end();
  });
}

building.run();
