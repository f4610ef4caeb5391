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
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { extract, type Header } from 'tar-stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isOtherEngine, startEngine, type TestEngine } from '../support/engine.js';
import { type FileServer, startFileServer } from '../support/file-server.js';
import { needs } from '../support/without-root.js';

const run = promisify(execFile);
const cases = join(import.meta.dirname, '../../../test/fixtures/build/cases');
const update = Boolean(process.env.UPDATE_GOLDEN) && isOtherEngine;
const BASE = 'contract-build-base:1';
const BUILT = 'contract-built:1';

/** The first line of a case may say more: `# {"target": "x"}`; it is no part of the Dockerfile then. */
interface Options {
  readonly buildargs?: Record<string, string>;
  readonly labels?: Record<string, string>;
  readonly target?: string;
  readonly platform?: string;
  readonly network?: string;
  readonly addHosts?: readonly string[];
  /** `nofile=1024:2048`. */
  readonly ulimits?: readonly string[];
  readonly shmSize?: string;
  /** Texts of `.dockerignore` and of `<Dockerfile>.dockerignore`. */
  readonly ignore?: string;
  readonly ownIgnore?: string;
  /** Where the Dockerfile lies in the context. */
  readonly file?: string;
  readonly secrets?: Record<string, string>;
  readonly ssh?: boolean;
  /** A folder of the context, or what buildx takes. */
  readonly contexts?: Record<string, string>;
  /** Path → text of a context that this case has for itself; one that ends in `/` is a folder, `->x` a link to x. */
  readonly files?: Record<string, string>;
}

const building = suite('builds as BuildKit makes them');
const unique = `case${process.pid}-${Date.now()}`;
let engine: TestEngine;
let server: FileServer;
let agent: Server;
let folder: string;

building.before(async () => {
  engine = await startEngine();
  folder = await mkdtemp(join(tmpdir(), 'contract-build-'));
  await makeContext(join(folder, 'context'));
  server = await startFileServer({
    'hello.txt': 'hello\n',
    't.tar': readFileSync(join(folder, 'context/t.tar')),
  });
  agent = createServer((socket) => socket.end()).listen(join(folder, 'agent.sock'));
  await importBase();
});

building.after(async () => {
  for (const name of [BUILT, BASE]) await engine.request('DELETE', `/images/${name}?force=1`);
  await engine.stop();
  await server.stop();
  agent.close();
  await rm(folder, { recursive: true, force: true });
});

/** Their steps make devices. */
const WITH_DEVICES = new Set(['copy-from', 'run-modes', 'run-special-files']);

/** `CASES=REGEXP` runs some of them. */
const chosen = new RegExp(process.env.CASES ?? '');

for (const file of readdirSync(cases).filter((name) => name.endsWith('.Dockerfile') && chosen.test(name))) {
  const name = file.replace('.Dockerfile', '');
  (WITH_DEVICES.has(name) ? needs(building, 'no user namespace') : building)(name, async () => {
    const { text, options } = readCase(readFileSync(join(cases, file), 'utf8'));
    const context = options.files ? await ownContext(options.files) : join(folder, 'context');
    const written = await writeCase(context, text, options);
    try {
      await (isOtherEngine ? buildWithDocker(context, options) : build(context, options));
    } finally {
      for (const path of written) await rm(path);
    }
    const got = await describeImage();
    const golden = join(cases, `${name}.json`);
    if (update) writeFileSync(golden, `${JSON.stringify(got, undefined, 2)}\n`);
    assert.equal(got, JSON.parse(readFileSync(golden, 'utf8')));
  });
}

function readCase(whole: string): { text: string; options: Options } {
  const first = whole.startsWith('# {') ? whole.slice(0, whole.indexOf('\n') + 1) : '';
  const options = JSON.parse(fill(first.slice(2)) || '{}');
  return { text: fill(whole.slice(first.length)).replaceAll('bb:1', BASE), options };
}

/** Addresses and cache mounts that belong to this run. */
function fill(text: string): string {
  return text.replaceAll('HOST/', `${server.host}/`).replaceAll('CASEID', unique);
}

const unfill = (text: string) => text.replaceAll(server.host, 'HOST').replaceAll(unique, 'CASEID');

async function ownContext(files: Readonly<Record<string, string>>): Promise<string> {
  const context = await mkdtemp(join(folder, 'own-'));
  await chmod(context, 0o755);
  for (const [path, text] of Object.entries(files)) {
    const place = join(context, path);
    await mkdir(path.endsWith('/') ? place : dirname(place), { recursive: true, mode: 0o755 });
    if (path.endsWith('/')) continue;
    if (text.startsWith('->')) await symlink(text.slice(2), place);
    else await writeFile(place, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
  return context;
}

async function writeCase(
  context: string,
  text: string,
  { file = 'Dockerfile', ignore, ownIgnore }: Options,
): Promise<string[]> {
  const files = { [file]: text, '.dockerignore': ignore, [`${file}.dockerignore`]: ownIgnore };
  const given = Object.entries(files).filter((pair): pair is [string, string] => pair[1] !== undefined);
  for (const [name, content] of given) await writeFile(join(context, name), content, { mode: 0o644 });
  return given.map(([name]) => join(context, name));
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

/** Through `POST /build`; what Docker has no parameter for goes in our own (see `api/handlers/build.ts`). */
async function build(context: string, options: Options): Promise<void> {
  const query = new URLSearchParams({ t: BUILT });
  const texts = { target: options.target, platform: options.platform, networkmode: options.network };
  const others = { shmsize: options.shmSize, dockerfile: options.file, extrahosts: options.addHosts?.join(',') };
  for (const [key, value] of Object.entries({ ...texts, ...others })) if (value) query.set(key, value);
  const { buildargs, labels, contexts, ulimits, ssh } = options;
  const documents = {
    buildargs,
    labels,
    contexts: contexts && mapValues(contexts, contextPlace),
    ulimits: ulimits?.map(parseUlimit),
    ssh: ssh && { default: join(folder, 'agent.sock') },
  };
  for (const [key, value] of Object.entries(documents)) if (value) query.set(key, JSON.stringify(value));
  const secrets = mapValues(options.secrets ?? {}, (text) => Buffer.from(text).toString('base64'));
  const headers = { ...TAR, 'x-build-secrets': Buffer.from(JSON.stringify(secrets)).toString('base64url') };
  const answer = await engine.request('POST', `/build?${query}`, await tarOfFolder(context), headers);
  assert.not.match(answer.text, /"errorDetail"/);
  assert.is(answer.status, 200, answer.text);
}

const mapValues = (values: Record<string, string>, change: (value: string) => string) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));

const contextPlace = (value: string) => (value.includes('://') ? value : join(folder, 'context', value));

function parseUlimit(text: string) {
  const [, name, soft, hard] = /^(\w+)=(\d+):(\d+)$/.exec(text)!;
  return { Name: name, Soft: Number(soft), Hard: Number(hard) };
}

async function buildWithDocker(context: string, options: Options): Promise<void> {
  const { buildargs = {}, labels = {}, contexts = {}, secrets = {}, target, platform, network } = options;
  const secretFiles = await Promise.all(
    Object.entries(secrets).map(async ([id, text]) => {
      await writeFile(join(folder, `secret-${id}`), text);
      return `id=${id},src=${join(folder, `secret-${id}`)}`;
    }),
  );
  const flags = {
    'build-arg': pairs(buildargs),
    label: pairs(labels),
    'build-context': pairs(mapValues(contexts, contextPlace)),
    secret: secretFiles,
    ssh: options.ssh ? [`default=${join(folder, 'agent.sock')}`] : [],
    'add-host': options.addHosts ?? [],
    ulimit: options.ulimits ?? [],
    ...mapGiven({ target, platform, network, 'shm-size': options.shmSize }),
    ...mapGiven({ file: options.file && join(context, options.file) }),
  };
  const words = Object.entries(flags).flatMap(([name, values]) => values.flatMap((value) => [`--${name}`, value]));
  const env = { ...process.env, DOCKER_HOST: process.env.CONTRACT_ENGINE, DOCKER_BUILDKIT: '1' };
  await run('docker', ['build', '-q', '-t', BUILT, ...words, context], { env });
}

const pairs = (values: Record<string, string>) => Object.entries(values).map(([key, value]) => `${key}=${value}`);

const mapGiven = (values: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value ? [value] : []]));

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

const plainBase = (entry: object) => JSON.parse(unfill(JSON.stringify(entry)));

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
    const xattrs = Object.entries((linked ?? { header }).header.pax ?? {}).filter(([key]) =>
      key.startsWith('SCHILY.xattr.'),
    );
    const extra = xattrs.map(([key, value]) => ` ${key.slice(13)}=${Buffer.from(value).toString('hex')}`).join('');
    described[path] = `${linked ? 'file' : header.type} ${mode} ${header.uid}:${header.gid} ${content}${extra}`.trim();
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
