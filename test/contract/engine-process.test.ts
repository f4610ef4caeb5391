/** The engine as a process: one a runtime folder, found by its socket, gone when nobody needs it. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startEngine, type TestEngine } from '../support/engine.js';

const engines = suite('engine process');
const program = fileURLToPath(new URL('../../runtime/main.js', import.meta.url));

/** Runs the engine's program until it ends by itself. */
function runAgain(engine: TestEngine): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, DEVENV_HOME: engine.home, DEVENV_RUNTIME_DIR: engine.runtime },
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, said })));
}

async function until(what: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<boolean> {
  for (const end = Date.now() + limitMs; Date.now() < end; await sleep(20)) if (await what()) return true;
  return false;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // what has ended but not been waited for is not alive
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const own = { env: { DEVENV_ENGINE_IDLE_SECONDS: '0' } };

engines('a second start says who serves and ends well', async () => {
  const engine = await startEngine(own);
  try {
    const { code, said } = await runAgain(engine);
    assert.is(code, 0);
    assert.match(said, new RegExp(`serves ${engine.socket} already \\(pid ${engine.pid}\\)`));
    assert.is((await engine.request('GET', '/_ping')).status, 200);
  } finally {
    await engine.stop();
  }
});

engines('what a killed engine left is no obstacle', async () => {
  const engine = await startEngine(own);
  try {
    await engine.request('POST', '/volumes/create', { Name: 'kept' });
    await engine.kill();
    assert.ok(existsSync(engine.socket), 'the socket of the killed one is still there');
    writeFileSync(path.join(engine.runtime, 'engine.pid'), `${process.pid}\n`);
    await engine.restart();
    assert.is((await engine.request('GET', '/volumes/kept')).status, 200);
    assert.is(readFileSync(path.join(engine.runtime, 'engine.pid'), 'utf8').trim(), String(engine.pid));
  } finally {
    await engine.stop();
  }
});

engines('it leaves when nobody asks, and takes its socket and pid along', async () => {
  const engine = await startEngine({ env: { DEVENV_ENGINE_IDLE_SECONDS: '0.3' } });
  const pid = engine.pid!;
  try {
    assert.ok(await until(() => !lives(pid)), engine.log());
    assert.not(existsSync(engine.socket));
    assert.not(existsSync(path.join(engine.runtime, 'engine.pid')));
    assert.match(engine.log(), /leaving: nothing runs and nobody asks/);
  } finally {
    await engine.stop();
  }
});

engines('it stays while a client listens', async () => {
  const engine = await startEngine({ env: { DEVENV_ENGINE_IDLE_SECONDS: '0.2' } });
  const pid = engine.pid!;
  try {
    const until_ = (Date.now() / 1000 + 1).toFixed(2);
    await engine.request('GET', `/events?until=${until_}`);
    assert.ok(lives(pid));
    assert.ok(await until(() => !lives(pid)), engine.log());
  } finally {
    await engine.stop();
  }
});

engines('SIGTERM ends it at once, with clients connected', async () => {
  const engine = await startEngine(own);
  const pid = engine.pid!;
  try {
    const listening = engine.request('GET', '/events').catch(() => 'cut');
    await sleep(50);
    process.kill(pid, 'SIGTERM');
    assert.ok(await until(() => !lives(pid), 3000), engine.log());
    await listening;
  } finally {
    await engine.stop();
  }
});

engines('it takes its pid along also when its launcher died first', async () => {
  const engine = await startEngine(own);
  const pid = engine.pid!;
  try {
    await engine.request('POST', '/networks/create', { Name: 'up' });
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    const launcher = children.find((child) => readFileSync(`/proc/${child}/comm`, 'utf8') === 'devenv-launcher\n');
    process.kill(Number(launcher), 'SIGKILL');
    process.kill(pid, 'SIGTERM');
    assert.ok(await until(() => !lives(pid), 9000), engine.log());
    assert.not(existsSync(path.join(engine.runtime, 'engine.pid')));
    assert.not(existsSync(engine.socket));
  } finally {
    await engine.stop();
  }
});

engines('it tells how long its thread was held up while somebody asks', async () => {
  const engine = await startEngine(own);
  try {
    const { status, json } = await engine.request('GET', '/devenv/event-loop?ms=60');
    assert.is(status, 200);
    for (const key of ['maxMs', 'p99Ms', 'meanMs']) assert.ok(json[key] >= 0, `${key} ${json[key]}`);
    assert.is((await engine.request('GET', '/devenv/event-loop?ms=0')).status, 400);
  } finally {
    await engine.stop();
  }
});

engines('a runtime folder too deep for sockets is refused with a sentence', async () => {
  const { said, code } = await runAgain({ home: '/nonexistent', runtime: `/tmp/${'x'.repeat(90)}` } as TestEngine);
  assert.is(code, 1);
  assert.match(said, /too long for the sockets in it: DEVENV_RUNTIME_DIR may have 70 bytes/);
});

engines.run();
