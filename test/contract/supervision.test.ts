/** What outlives the engine: containers go on, are taken over, come back or stay down, as their policies say. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, eventually, tarType } from '../support/api.js';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { Containers } from '../support/containers.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { tarOf } from '../support/tar.js';

const supervision = suite('supervision');
let engine: TestEngine;
let containers: Containers;
supervision.before.each(async () => {
  // Always ours: another one must not be killed.
  engine = await startEngine({ env: { DEVENV_ENGINE_IDLE_SECONDS: '0' } });
  await importBusybox(engine);
  containers = new Containers(engine);
});
supervision.after.each(() => engine.stop());

const policy = (Name: string, MaximumRetryCount = 0) => ({
  HostConfig: { RestartPolicy: { Name, MaximumRetryCount } },
});
const statusOf = async (id: string) => (await containers.inspect(id)).State.Status;

async function crashed(): Promise<void> {
  await engine.kill();
  await engine.restart();
}

supervision('a killed engine’s successor takes running containers over, with their logs', async () => {
  const id = await containers.running({ Cmd: ['sh', '-c', 'echo before; sleep 600'] });
  const { Pid } = (await containers.inspect(id)).State;
  await crashed();
  const { State } = await containers.inspect(id);
  assert.equal([State.Status, State.Pid], ['running', Pid]);
  assert.match((await ask(engine, 'GET', `/containers/${id}/logs?stdout=1`)).text, 'before');
  assert.is((await containers.exec(id, 'echo alive')).out, 'alive\n');
  await ask(engine, 'POST', `/containers/${id}/kill`);
  assert.equal((await ask(engine, 'POST', `/containers/${id}/wait`)).json, { StatusCode: 137 });
});

supervision('on-failure keeps to its count over a crash', async () => {
  const id = await containers.running({ Cmd: ['sh', '-c', 'exit 3'], ...policy('on-failure', 1) });
  const gaveUp = async () => {
    const { State, RestartCount } = await containers.inspect(id);
    return State.Status === 'exited' && RestartCount === 1;
  };
  await eventually('it gave up', gaveUp);
  const { StartedAt } = (await containers.inspect(id)).State;
  await crashed();
  assert.is((await containers.inspect(id)).State.StartedAt, StartedAt);
});

supervision('after the machine went down always comes back, what was stopped by hand does not', async () => {
  const always = await containers.running(policy('always'));
  const unless = await containers.running(policy('unless-stopped'));
  const stopped = await containers.running(policy('unless-stopped'));
  const plain = await containers.running();
  await ask(engine, 'POST', `/containers/${stopped}/stop?t=0`);
  const pids = await Promise.all([always, unless, plain].map(async (id) => (await containers.inspect(id)).State.Pid));
  await engine.kill();
  for (const pid of pids) {
    // The monitor goes first, so that nobody writes down how it ended.
    process.kill(Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[3]), 'SIGKILL');
    if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
  }
  for (const name of readdirSync(engine.runtime))
    if (name !== 'engine.log') await rm(path.join(engine.runtime, name), { recursive: true, force: true });
  await engine.restart();
  await containers.reaches(always, 'running');
  await containers.reaches(unless, 'running');
  assert.is(await statusOf(stopped), 'exited');
  assert.is(await statusOf(plain), 'exited');
});

supervision('a build’s step dies with its engine, and leaves nothing', async () => {
  const folder = path.join(engine.home, 'roots');
  const roots = () => (existsSync(folder) ? readdirSync(folder) : []).filter((name) => name.startsWith('build-'));
  const tar = await tarOf({ Dockerfile: `FROM ${busyboxImage}\nRUN echo > /started; sleep 600\n` });
  const build = engine.request('POST', '/build', tar, tarType).catch(() => undefined);
  const monitors = () => readdirSync(path.join(engine.runtime, 'm'));
  const started = (root: string) => existsSync(path.join(folder, root, 'diff', 'started'));
  await eventually('the step runs', async () => roots().some(started));
  await engine.kill();
  await build;
  assert.is(monitors().length, 1, 'the step goes on without its engine');
  await engine.restart();
  assert.equal([roots(), monitors()], [[], []]);
  assert.equal(readdirSync(path.join(engine.home, 'containers')), []);
});

const readIfThere = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

supervision('a paused container whose monitor was killed ends, and starts again', async () => {
  const id = await containers.running();
  const { Pid } = (await containers.inspect(id)).State;
  const monitor = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${Pid}/status`, 'utf8'))?.[1]);
  await ask(engine, 'POST', `/containers/${id}/pause`);
  process.kill(monitor, 'SIGKILL');
  await containers.reaches(id, 'exited');
  await ask(engine, 'POST', `/containers/${id}/start`);
  assert.is((await containers.exec(id, 'echo alive')).out, 'alive\n');
  const first = () => /^State:\s+(\w)/m.exec(readIfThere(`/proc/${Pid}/status`))?.[1] ?? 'Z';
  await eventually('the first process has ended', async () => first() === 'Z');
});

supervision.run();
