/** The engine's clock jumps by days, forwards and back (libfaketime): waits, probes and restarts go on at their pace. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { eventually } from '../support/project.js';

const clock = suite<{ engine: TestEngine; folder: string }>('faults: clock');

const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const library = `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`;

clock.before(async (context) => {
  assert.ok(existsSync(library), `apt-get install libfaketime: ${library} is not there`);
  context.folder = mkdtempSync(path.join(os.tmpdir(), 'dv-clock-'));
  jump(context.folder, '+0');
  context.engine = await startEngine({
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: path.join(context.folder, 'offset'),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  });
  await importBusybox(context.engine);
});

clock.after(async ({ engine, folder }) => {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** `+10d`, `-3600s`: from the machine's own clock, for the engine only. */
function jump(folder: string, offset: string): void {
  writeFileSync(path.join(folder, 'offset'), `${offset}\n`);
}

async function start(engine: TestEngine, body: object): Promise<string> {
  const made = await engine.request('POST', '/containers/create', { Image: busyboxImage, ...body });
  assert.is(made.status, 201, made.text);
  assert.is((await engine.request('POST', `/containers/${made.json.Id}/start`)).status, 204);
  return made.json.Id;
}

const inspect = async (engine: TestEngine, id: string) => (await engine.request('GET', `/containers/${id}/json`)).json;

/** Everything that waits or is told by the time of day. */
async function goesOn(engine: TestEngine, ids: { readonly probed: string; readonly loops: string }): Promise<void> {
  const restarts = (await inspect(engine, ids.loops)).RestartCount;
  await eventually('another restart', async () => (await inspect(engine, ids.loops)).RestartCount > restarts);
  const probes = async () =>
    (await inspect(engine, ids.probed)).State.Health.Log.map(({ Start }: { Start: string }) => Start);
  const seen = await probes();
  await eventually('another probe', async () => (await probes()).some((one: string) => !seen.includes(one)));
  assert.is((await inspect(engine, ids.probed)).State.Health.Status, 'healthy');
  const asked = performance.now();
  const short = await start(engine, { Cmd: ['sh', '-c', 'trap "" TERM; echo said; while true; do sleep 1; done'] });
  assert.is((await engine.request('POST', `/containers/${short}/stop?t=1`)).status, 204);
  assert.ok(performance.now() - asked < 8000, 'a stop of one second takes about as long');
  assert.match((await engine.request('GET', `/containers/${short}/logs?stdout=1`)).text, /said/);
  assert.is((await inspect(engine, short)).State.ExitCode, 137);
  assert.is((await engine.request('DELETE', `/containers/${short}`)).status, 204);
}

clock('restarts, probes, stops and logs go on through jumps of the clock', async ({ engine, folder }) => {
  const probed = await start(engine, {
    Cmd: ['sleep', '100000'],
    Healthcheck: { Test: ['CMD', 'true'], Interval: 300_000_000, Timeout: 5_000_000_000 },
  });
  const loops = await start(engine, {
    Cmd: ['sh', '-c', 'sleep 0.2; exit 1'],
    HostConfig: { RestartPolicy: { Name: 'always' } },
  });
  const ids = { probed, loops };
  await eventually('health', async () => (await inspect(engine, probed)).State.Health.Status === 'healthy');
  for (const offset of ['+10d', '-3d', '+0']) {
    jump(folder, offset);
    await engine.request('POST', `/containers/${loops}/restart?t=0`);
    await goesOn(engine, ids);
  }
});

clock('an engine that starts at another time takes over what runs', async ({ engine, folder }) => {
  const id = await start(engine, { Cmd: ['sleep', '100000'] });
  const { State } = await inspect(engine, id);
  for (const offset of ['-30d', '+30d', '+0']) {
    await engine.kill();
    jump(folder, offset);
    await engine.restart();
    assert.is((await inspect(engine, id)).State.Pid, State.Pid, `at ${offset}`);
    assert.is((await inspect(engine, id)).State.Status, 'running');
  }
});

clock.run();
