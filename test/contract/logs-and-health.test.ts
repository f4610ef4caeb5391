/** Logs with their options, and health from start to verdict. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, eventually, expectRefusal } from '../support/api.js';
import { importBusybox } from '../support/busybox.js';
import { Containers, unframed } from '../support/containers.js';
import { startEngine, type TestEngine } from '../support/engine.js';

const watch = suite('logs and health');
let engine: TestEngine;
let containers: Containers;
watch.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
  containers = new Containers(engine);
});
watch.after.each(() => containers.clear());
watch.after(() => engine.stop());

async function ended(script: string, body: object = {}): Promise<string> {
  const id = await containers.running({ Cmd: ['sh', '-c', script], ...body });
  await ask(engine, 'POST', `/containers/${id}/wait`);
  return id;
}

const logsOf = async (id: string, query: string) =>
  unframed(Buffer.from((await ask(engine, 'GET', `/containers/${id}/logs?${query}`)).text));

watch('tail counts over both streams', async () => {
  const id = await ended('echo o1; sleep 0.1; echo o2; sleep 0.1; echo e1 >&2; sleep 0.1; echo e2 >&2');
  assert.equal(await logsOf(id, 'stdout=1&stderr=1'), { out: 'o1\no2\n', err: 'e1\ne2\n' });
  assert.equal(await logsOf(id, 'stdout=1&tail=2'), { out: '', err: '' });
  assert.equal(await logsOf(id, 'stderr=1&tail=3'), { out: '', err: 'e1\ne2\n' });
  assert.equal(await logsOf(id, 'stdout=1&tail=0'), { out: '', err: '' });
  assert.equal(await logsOf(id, 'stdout=1&until=1'), { out: '', err: '' });
  assert.equal(await logsOf(id, 'stdout=1&since=9999999999'), { out: '', err: '' });
  assert.match((await logsOf(id, 'stdout=1&timestamps=1')).out, /^\d{4}-\d\d-\d\dT[\d:.]+Z o1\n/);
});

watch('each line is a frame of its own, which clients take for a line', async () => {
  const id = await ended('printf "one\\ntwo\\nthree"');
  const { text } = await ask(engine, 'GET', `/containers/${id}/logs?stdout=1`);
  const frames = [...text.matchAll(/\x01\0\0\0\0\0\0([\s\S])([^\x01]*)/g)].map(([, length, line]) => [
    length!.charCodeAt(0),
    line,
  ]);
  assert.equal(frames, [
    [4, 'one\n'],
    [4, 'two\n'],
    [5, 'three'],
  ]);
});

watch('details are the log’s labels and variables', async () => {
  const LogConfig = { Type: 'json-file', Config: { labels: 'x', env: 'A' } };
  const id = await ended('echo a', { Labels: { x: '1', y: '2' }, Env: ['A=b', 'B=c'], HostConfig: { LogConfig } });
  assert.is((await logsOf(id, 'stdout=1&details=1')).out, 'A=b,x=1 a\n');
});

watch('drivers that keep nothing are not read', async () => {
  const id = await ended('echo a', { HostConfig: { LogConfig: { Type: 'none' } } });
  const path = `/containers/${id}/logs?stdout=1`;
  await expectRefusal(engine, {
    method: 'GET',
    path,
    status: 501,
    message: 'configured logging driver does not support reading',
  });
  const local = await ended('echo a; echo b', { HostConfig: { LogConfig: { Type: 'local' } } });
  assert.is((await logsOf(local, 'stdout=1&tail=1')).out, 'b\n');
});

watch('a stream must be chosen', async () => {
  const id = await containers.created();
  const message = 'Bad parameters: you must choose at least one stream';
  await expectRefusal(engine, { method: 'GET', path: `/containers/${id}/logs`, status: 400, message });
});

watch('follow goes on until the end', async () => {
  const id = await containers.running({ Cmd: ['sh', '-c', 'echo 1; sleep 0.4; echo 2'] });
  assert.is((await logsOf(id, 'stdout=1&follow=1')).out, '1\n2\n');
});

const ms = 1_000_000;
const healthOf = async (id: string) => (await containers.inspect(id)).State.Health;
const healthIs = (id: string, status: string) =>
  eventually(`${id} is ${status}`, async () => (await healthOf(id)).Status === status);

watch('health goes from starting to unhealthy to healthy', async () => {
  const Healthcheck = { Test: ['CMD-SHELL', 'echo looked; test -f /ok'], Interval: 150 * ms, Retries: 2 };
  const id = await containers.running({ Healthcheck });
  assert.is((await healthOf(id)).Status, 'starting');
  await healthIs(id, 'unhealthy');
  const { FailingStreak, Log } = await healthOf(id);
  assert.ok(FailingStreak >= 2);
  assert.equal([Log[0].ExitCode, Log[0].Output], [1, 'looked\n']);
  await containers.exec(id, 'touch /ok');
  await healthIs(id, 'healthy');
  assert.is((await healthOf(id)).FailingStreak, 0);
  await ask(engine, 'POST', `/containers/${id}/stop?t=0`);
  assert.is((await healthOf(id)).Status, 'unhealthy');
});

watch('a probe that takes too long or is not there fails', async () => {
  const slow = { Test: ['CMD', 'sleep', '9'], Interval: 100 * ms, Timeout: 200 * ms, Retries: 1 };
  const missing = { Test: ['CMD', 'nope'], Interval: 100 * ms, Retries: 1 };
  for (const [Healthcheck, said] of [
    [slow, 'Health check exceeded timeout (200ms)'],
    [missing, 'executable file not found in $PATH'],
  ] as const) {
    const id = await containers.running({ Healthcheck });
    await healthIs(id, 'unhealthy');
    const [probe] = (await healthOf(id)).Log;
    assert.is(probe.ExitCode, -1);
    assert.match(probe.Output, said);
  }
});

watch.run();
