/** 200 containers that fail at once and always come back: the engine backs off, stays small and answers. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { startEngine, type TestEngine } from '../support/engine.js';

const loop = suite<{ engine: TestEngine; ids: string[] }>('faults: crash loop');
const COUNT = 200;

loop.before(async (context) => {
  context.engine = await startEngine();
  await importBusybox(context.engine);
});
loop.after(async ({ engine }) => engine.stop());

/** User and system seconds of a process, and its resident bytes. */
function costsOf(pid: number): { readonly seconds: number; readonly bytes: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { seconds: (Number(fields[11]) + Number(fields[12])) / 100, bytes: Number(fields[21]) * 4096 };
}

async function createAll(engine: TestEngine): Promise<string[]> {
  const ids: string[] = [];
  for (let number = 0; number < COUNT; number++) {
    const { status, json } = await engine.request('POST', `/containers/create?name=loop-${number}`, {
      Image: busyboxImage,
      Cmd: ['false'],
      HostConfig: { RestartPolicy: { Name: 'always' }, NetworkMode: number % 2 ? 'none' : 'bridge' },
    });
    assert.is(status, 201, JSON.stringify(json));
    ids.push(json.Id);
  }
  return ids;
}

loop('they are told as restarting, with a wait that grows, and the engine answers meanwhile', async ({ engine }) => {
  const ids = await createAll(engine);
  for (const id of ids) assert.is((await engine.request('POST', `/containers/${id}/start`)).status, 204);
  // The waits double from 100 ms: by now most of them are seconds long.
  await sleep(12_000);
  const before = costsOf(engine.pid!);
  const began = performance.now();
  const took: number[] = [];
  while (performance.now() - began < 8000) {
    const asked = performance.now();
    assert.is((await engine.request('GET', '/version')).status, 200);
    took.push(performance.now() - asked);
    await sleep(50);
  }
  const after = costsOf(engine.pid!);
  const share = (after.seconds - before.seconds) / ((performance.now() - began) / 1000);
  const sorted = took.sort((a, b) => a - b);
  const p95 = sorted[Math.floor(sorted.length * 0.95)]!;
  const counts = await Promise.all(
    ids
      .slice(0, 10)
      .map(async (id) => (await engine.request('GET', `/containers/${id}/json`)).json.RestartCount as number),
  );
  console.log(
    `crash loop: engine ${(share * 100).toFixed(0)} % of a processor, ${(after.bytes / 2 ** 20).toFixed(0)} MiB, answers in ${sorted[sorted.length >> 1]!.toFixed(1)} ms (95 % within ${p95.toFixed(1)}), ${counts.join(' ')} restarts`,
  );
  assert.ok(
    counts.every((count) => count >= 3 && count <= 12),
    `restarts ${counts.join(' ')}`,
  );
  assert.ok(share < 0.6, `the engine takes ${share} of a processor`);
  assert.ok(after.bytes < 400 * 2 ** 20, `the engine takes ${after.bytes} bytes`);
  assert.ok(sorted[sorted.length >> 1]! < 100, `half of the answers take longer than ${sorted[sorted.length >> 1]} ms`);
});

loop('every one of them can be ended', async ({ engine }) => {
  const all = await engine.request('GET', '/containers/json?all=1');
  assert.is(all.json.length, COUNT);
  for (const { Id } of all.json as { Id: string }[])
    assert.is((await engine.request('DELETE', `/containers/${Id}?force=1`)).status, 204);
  assert.equal((await engine.request('GET', '/containers/json?all=1')).json, []);
  assert.not.match(engine.log(), /TypeError|Unhandled|^\s+at /m);
});

loop.run();
