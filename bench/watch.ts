/** Hot reload through each one's own command: `devenv watch`, and `docker compose watch`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ignoredByAll } from '../src/watch/classify.js';
import { ruleIgnore } from '../src/watch/rules.js';
import type { WatchRule } from '../src/watch/types.js';
import { watchFiles } from '../src/watch/watcher.js';
import type { EngineUnderTest } from './engine-under-test.js';
import { benchImage } from './image.js';
import { type Figure, figure, run } from './measure.js';

const distRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const PORT = 45_871;
const LIMIT_MS = 60_000;
const REQUESTS_A_SECOND = 200;

const project = `name: benchwatch
services:
  web:
    build: .
    ports: ["127.0.0.1:${PORT}:80"]
    healthcheck: {test: ["CMD", "busybox", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"], interval: 1s}
    develop:
      watch:
        - {path: src, action: sync, target: /src}
        - {path: www, action: sync+restart, target: /www}
        - {path: built, action: rebuild}
`;
// Read once, at its start: what is served is what the process found then, as with a program of Node's.
const dockerfile = `FROM ${benchImage}
COPY src /src
COPY www /www
COPY built /built
CMD ["sh", "-c", "busybox mkdir -p /srv && cat /www/page /built/page > /srv/index.html && { busybox httpd -f -p 80 -h /srv & trap 'kill $!; exit 0' TERM; wait; }"]
`;

/**
 * In memory where there is such a folder: ext4 writes a file that is truncated and written again to the disk at once
 * (ext4(5), auto_da_alloc), which for a hundred files takes longer than all that is measured here.
 */
const sourcesRoot = () => (existsSync('/dev/shm') ? '/dev/shm' : '/var/tmp');

interface Bench {
  readonly engine: EngineUnderTest;
  readonly folder: string;
  readonly name: string;
}

export async function measureWatch(engine: EngineUnderTest): Promise<Figure[]> {
  const folder = await mkdtemp(path.join(sourcesRoot(), 'devenv-bench-watch-'));
  const ours = engine.name === 'devenv';
  const bench = { engine, folder, name: ours ? 'devenv' : 'docker compose' };
  for (const name of ['src', 'www', 'built']) await mkdir(path.join(folder, name));
  await write(bench, {
    'compose.yaml': project,
    Dockerfile: dockerfile,
    'src/a': '0',
    'www/page': 'w',
    'built/page': 'b',
  });
  let watcher: ChildProcess | undefined;
  try {
    await compose(bench, 'up', '-d', '--build');
    watcher = await startWatching(bench);
    return [
      figure(`${bench.name}: one file, written to visible`, 'ms', await oneFile(bench, 50)),
      figure(`${bench.name}: 100 files, written to visible`, 'ms', await manyFiles(bench, 7)),
      figure(`${bench.name}: save to first answer of the restarted service`, 'ms', await saveToAnswer(bench, 7)),
      ...(await rebuilds(bench, ours ? 20 : 7)),
      ...(ours ? await largeTree() : []),
    ];
  } finally {
    watcher?.kill('SIGKILL');
    await compose(bench, 'down', '-t', '0');
    await rm(folder, { recursive: true, force: true });
  }
}

async function write({ folder }: Bench, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
}

const toolOf = ({ engine }: Bench): [string, string[]] =>
  engine.name === 'devenv' ? [process.execPath, [path.join(distRoot, 'bundle/cli-main.cjs')]] : ['docker', ['compose']];

function compose(bench: Bench, ...args: string[]): Promise<string> {
  const [command, prefix] = toolOf(bench);
  return run(command, [...prefix, ...args], { cwd: bench.folder, env: bench.engine.env });
}

async function startWatching(bench: Bench): Promise<ChildProcess> {
  const [command, prefix] = toolOf(bench);
  const { folder: cwd, engine } = bench;
  const child = spawn(command, [...prefix, 'watch', '--no-up'], {
    cwd,
    env: engine.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  await until('watching', () => /Watch enabled|_devenv\/events/.test(said));
  await sleep(1000);
  return child;
}

async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const limit = performance.now() + LIMIT_MS;
  while (!(await isTrue())) {
    if (performance.now() > limit) throw new Error(`never: ${what}`);
    await sleep(1); // without a pause the looking takes the processor from what is looked at
  }
}

/** The container's files as the kernel shows them to us, so that looking costs nothing. */
async function rootOf({ engine }: Bench): Promise<string> {
  const filters = encodeURIComponent(JSON.stringify({ label: ['com.docker.compose.project=benchwatch'] }));
  const { body } = await engine.call('GET', `/containers/json?filters=${filters}`);
  const { body: one } = await engine.call('GET', `/containers/${(body as { Id: string }[])[0]!.Id}/json`);
  return `/proc/${(one as { State: { Pid: number } }).State.Pid}/root`;
}

/** At once: five trips through the thread pool a file would be part of what is measured. */
function holds(file: string, text: string): boolean {
  try {
    return readFileSync(file, 'utf8') === text;
  } catch {
    return false; // it is not there yet
  }
}

async function oneFile(bench: Bench, runs: number): Promise<number[]> {
  const root = await rootOf(bench);
  const values: number[] = [];
  for (let round = 0; round < runs; round++) {
    await sleep(50);
    const began = performance.now();
    writeFileSync(path.join(bench.folder, 'src/a'), `one ${round}`);
    await until('one file', () => holds(`${root}/src/a`, `one ${round}`));
    values.push(performance.now() - began);
  }
  return values;
}

async function manyFiles(bench: Bench, runs: number): Promise<number[]> {
  const root = await rootOf(bench);
  const values: number[] = [];
  for (let round = 0; round < runs; round++) {
    await sleep(300);
    const names = Array.from({ length: 100 }, (_, at) => `src/many-${at}`);
    const began = performance.now();
    for (const name of names) writeFileSync(path.join(bench.folder, name), `${round}`);
    for (const name of names) await until('all files', () => holds(`${root}/${name}`, `${round}`));
    values.push(performance.now() - began);
  }
  return values;
}

const page = () =>
  new Promise<string>((resolve, reject) => {
    const request = http.get({ hostname: '127.0.0.1', port: PORT, agent: false, timeout: 5000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.once('end', () => resolve(text)).once('error', reject);
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', reject);
  });

const shows = (text: string) => until(text, async () => (await page().catch(() => '')).includes(text));

async function saveToAnswer(bench: Bench, runs: number): Promise<number[]> {
  const values: number[] = [];
  for (let round = 0; round < runs; round++) {
    await sleep(300);
    const began = performance.now();
    await write(bench, { 'www/page': `saved ${round} ` });
    await shows(`saved ${round} `);
    values.push(performance.now() - began);
  }
  return values;
}

/** How long until the new one serves, and how many of 200 requests a second failed until then. */
async function rebuilds(bench: Bench, runs: number): Promise<Figure[]> {
  const values: number[] = [];
  const pending = new Set<Promise<void>>();
  let failed = 0;
  const ask = () => {
    const answer = page().then(
      () => undefined,
      () => {
        failed += 1;
      },
    );
    pending.add(answer);
    void answer.finally(() => pending.delete(answer));
  };
  for (let round = 0; round < runs; round++) {
    const timer = setInterval(ask, 1000 / REQUESTS_A_SECOND);
    const began = performance.now();
    await write(bench, { 'built/page': `built ${round} ` });
    await shows(`built ${round} `);
    values.push(performance.now() - began);
    await sleep(1500);
    clearInterval(timer);
  }
  await Promise.all(pending);
  return [
    figure(`${bench.name}: rebuild after a one-line change to serving`, 'ms', values),
    figure(`${bench.name}: requests failed a rebuild, of 200/s`, 'requests', [failed / runs]),
  ];
}

/** 100,000 files, of which 90,000 are ignored: until they are watched, the memory for it, and processor time at rest. */
async function largeTree(): Promise<Figure[]> {
  const root = await mkdtemp('/var/tmp/devenv-bench-tree-');
  for (let at = 0; at < 1000; at++) {
    const folder = path.join(root, at < 100 ? `src/${at}` : `node_modules/${at}`);
    await mkdir(folder, { recursive: true });
    await Promise.all(Array.from({ length: 100 }, (_, file) => writeFile(path.join(folder, `${file}.js`), '')));
  }
  const rule: WatchRule = {
    service: 'web',
    action: 'sync',
    path: root,
    target: '/app',
    ignore: ruleIgnore([], root),
    include: undefined,
    initialSync: false,
    exec: undefined,
    derived: false,
  };
  const before = process.memoryUsage.rss();
  const began = performance.now();
  const watcher = watchFiles({
    roots: [root],
    ignores: ignoredByAll([rule], new Set()),
    onChange: () => undefined,
    onNotice: console.error,
  });
  await watcher.ready;
  const readyMs = performance.now() - began;
  const megabytes = (process.memoryUsage.rss() - before) / 1e6;
  await sleep(2000);
  const rest = process.cpuUsage();
  await sleep(3000);
  const { user, system } = process.cpuUsage(rest);
  await watcher.close();
  await rm(root, { recursive: true, force: true });
  return [
    figure('devenv: a tree of 100,000 files, until it is watched', 'ms', [readyMs]),
    figure('devenv: a tree of 100,000 files, memory', 'MB', [Math.max(0, megabytes)]),
    figure('devenv: a tree of 100,000 files, processor time of 3 s at rest', 'ms', [(user + system) / 1000]),
  ];
}
