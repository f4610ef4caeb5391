/**
 * From saving a source file of `templates/node-postgres` to the first answer of its restarted service, beside what the
 * program takes from its own start to its first answer in that container. Builds from Debian's packages: some minutes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { EngineUnderTest } from './engine-under-test.js';
import { type Figure, figure, run } from './measure.js';

const treeRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const template = path.resolve(treeRoot, '../templates/node-postgres');
const PORT = 45_873;
const RUNS = 7;
const LIMIT_MS = 60_000;

const overlay = `name: benchtemplate
services:
  web: {ports: !reset []}
  api:
    ports: ["127.0.0.1:${PORT}:3000"]
    develop: {watch: [{path: api/server.cjs, action: sync+restart, target: /app/server.cjs}]}
`;
const variables = 'POSTGRES_DB=app\nPOSTGRES_USER=app\nPOSTGRES_PASSWORD=bench\n';

export async function measureTemplate(engine: EngineUnderTest): Promise<Figure[]> {
  const folder = await mkdtemp('/var/tmp/devenv-bench-template-');
  const ours = engine.name === 'devenv';
  const [command, prefix] = ours
    ? [process.execPath, [path.join(treeRoot, 'bundle/cli-main.cjs')]]
    : ['docker', ['compose']];
  const words = [...prefix, '-f', 'devenv.yml', '-f', 'watch.yml'];
  const options = { cwd: folder, env: engine.env };
  cpSync(template, folder, { recursive: true });
  await writeFile(path.join(folder, '.env'), variables);
  await writeFile(path.join(folder, 'watch.yml'), overlay);
  let watcher: ChildProcess | undefined;
  try {
    await run(command, [...words, 'up', '--build', '--detach', '--wait', 'api'], options);
    watcher = spawn(command, [...words, 'watch', '--no-up', 'api'], { ...options, stdio: 'ignore' });
    await sleep(5000);
    const name = ours ? 'devenv' : 'docker compose';
    return [
      figure(`${name}: node-postgres, save to first answer`, 'ms', await savesToAnswers(folder)),
      figure(`${name}: node-postgres, the program's own start`, 'ms', await ownStarts(engine)),
    ];
  } finally {
    watcher?.kill('SIGKILL');
    await run(command, [...words, 'down', '--volumes', '-t', '1'], options);
    await rm(folder, { recursive: true, force: true });
  }
}

async function savesToAnswers(folder: string): Promise<number[]> {
  const file = path.join(folder, 'api/server.cjs');
  const source = readFileSync(file, 'utf8');
  const values: number[] = [];
  for (let round = 0; round < RUNS; round += 1) {
    await sleep(1000);
    const began = performance.now();
    writeFileSync(file, source.replace("'ok\\n'", `'ok ${round}\\n'`));
    await answers('127.0.0.1', PORT, `ok ${round}\n`);
    values.push(performance.now() - began);
  }
  return values;
}

/** Beside the service, at ports of its own, by an exec: nothing is restarted and nobody watches. */
async function ownStarts(engine: EngineUnderTest): Promise<number[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: ['com.docker.compose.service=api'] }));
  const { body } = await engine.call('GET', `/containers/json?filters=${filters}`);
  const [container] = body as { Id: string; NetworkSettings: { Networks: Record<string, { IPAddress: string }> } }[];
  const address = Object.values(container!.NetworkSettings.Networks)[0]!.IPAddress;
  const values: number[] = [];
  for (let round = 0; round < RUNS; round += 1) {
    const port = 4000 + round;
    const Cmd = ['env', `PORT=${port}`, 'node', 'server.cjs']; // env becomes node, so that its pid is node's
    const made = await engine.call('POST', `/containers/${container!.Id}/exec`, { Cmd });
    const { Id } = made.body as { Id: string };
    const began = performance.now();
    await engine.call('POST', `/exec/${Id}/start`, { Detach: true });
    await answers(address, port, '');
    values.push(performance.now() - began);
    const { body: started } = await engine.call('GET', `/exec/${Id}/json`);
    process.kill((started as { Pid: number }).Pid, 'SIGKILL');
    await sleep(500);
  }
  return values;
}

/** Asks until the answer is 200 and ends so. */
async function answers(host: string, port: number, ending: string): Promise<void> {
  const limit = performance.now() + LIMIT_MS;
  for (;;) {
    const text = await health(host, port);
    if (text?.endsWith(ending)) return;
    if (performance.now() > limit) throw new Error(`${host}:${port} never said ${ending}`);
    await sleep(2);
  }
}

function health(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = http.get({ host, port, path: '/healthz', agent: false, timeout: 2000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.once('end', () => resolve(response.statusCode === 200 ? text : undefined));
      response.once('error', () => resolve(undefined));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(undefined));
  });
}
