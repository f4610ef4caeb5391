/** Containers that take all they can get: within their limits, and the engine goes on. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask } from '../support/api.js';
import { openRange, type Range } from '../support/attacker.js';
import { needs } from '../support/without-root.js';

const escapes = suite('exhausting the machine');
let range: Range;

escapes.before(async () => {
  range = await openRange();
});
escapes.after(() => range.stop());
escapes.after.each(() => range.containers.clear());

/** The engine answers, and starts another container. */
async function livesOn() {
  await ask(range.engine, 'GET', '/_ping');
  assert.is((await range.said('echo alive')).out, 'alive\n');
}

needs(escapes, 'groups')('processes, up to the limit', async () => {
  const HostConfig = { Binds: range.armed, PidsLimit: 64 };
  const script = '/attack/attacker pids; sleep 600';
  const id = await range.containers.running({ Cmd: ['sh', '-c', script], Tty: true, HostConfig });
  await livesOn();
  const { json } = await ask(range.engine, 'GET', `/containers/${id}/top`);
  assert.ok(json.Processes.length <= 64, `${json.Processes.length}`);
  const { text } = await ask(range.engine, 'GET', `/containers/${id}/logs?stdout=1`);
  assert.match(text, /forked \d\d: Resource temporarily unavailable/);
});

needs(escapes, 'groups')('memory, up to the limit, and it is told', async () => {
  const HostConfig = { Memory: 16 << 20, MemorySwap: 16 << 20 };
  const id = await range.containers.running({ Cmd: ['sh', '-c', 'tail /dev/zero'], HostConfig });
  await ask(range.engine, 'POST', `/containers/${id}/wait`);
  const { State } = await range.containers.inspect(id);
  assert.is(State.ExitCode, 137);
  assert.is(State.OOMKilled, true);
  await livesOn();
});

escapes('a file system in memory, and shared memory, up to their sizes', async () => {
  const HostConfig = { Tmpfs: { '/t': 'size=1m' }, ShmSize: 1 << 20 };
  const fill = (file: string) =>
    `dd if=/dev/zero of=${file} bs=64k count=64 2>&1 | grep -o "No space.*"; wc -c < ${file}`;
  const { out } = await range.said(`${fill('/t/x')}; ${fill('/dev/shm/x')}; ${fill('/dev/x')} | head -1`, {
    HostConfig,
  });
  assert.match(out, /^No space left on device\n1048576\nNo space left on device\n1048576\n/);
});

escapes('instances of inotify, and the engine does not need one', async () => {
  const script = '/attack/attacker inotify; sleep 600';
  await range.containers.running({ Cmd: ['sh', '-c', script], HostConfig: { Binds: range.armed } });
  await livesOn();
});

escapes('the log, up to its files, and a flood holds nobody up', async () => {
  const LogConfig = { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } };
  const script = 'dd if=/dev/zero bs=64k count=320 2>/dev/null | tr "\\0" "x"; yes flood | head -c 5000000';
  const id = await range.containers.running({ Cmd: ['sh', '-c', script], HostConfig: { LogConfig } });
  await livesOn();
  await ask(range.engine, 'POST', `/containers/${id}/wait`);
  const folder = path.join(range.engine.home, 'containers', id);
  const logs = readdirSync(folder).filter((name) => name.includes('log'));
  assert.ok(logs.length > 0 && logs.length <= 2, logs.join());
  for (const name of logs) assert.ok(statSync(path.join(folder, name)).size < 1.5 * (1 << 20), name);
});

escapes.run();
