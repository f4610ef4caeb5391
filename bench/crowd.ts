/** Many idle containers: how long they take to start, what they cost, how quick the engine stays. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineUnderTest } from './engine-under-test.js';
import { type Figure, figure, manyRounds, time } from './measure.js';
import { createContainer, execTrue, idle, removeAll } from './operations.js';

const count = 200;

async function availableKb(): Promise<number> {
  return Number(/MemAvailable:\s+(\d+)/.exec(await readFile('/proc/meminfo', 'utf8'))?.[1]);
}

/** Proportional set sizes in kB of all processes with this name. */
async function monitorKb(name: string): Promise<number[]> {
  const sizes: number[] = [];
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const comm = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    if (comm.trim() !== name) continue;
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    const size = /^Pss:\s+(\d+)/m.exec(rollup)?.[1];
    if (size !== undefined) sizes.push(Number(size));
  }
  return sizes;
}

/** One after the other, as a script does it. */
async function startIdle(engine: EngineUnderTest): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const id = await createContainer(engine, idle);
    ids.push(id);
    await engine.call('POST', `/containers/${id}/start`);
  }
  return ids;
}

/** The longest that the engine's one thread was held up while eight clients start, exec, list and remove at once; undefined where an engine does not tell. */
async function measureEventLoop(engine: EngineUnderTest): Promise<Figure | undefined> {
  if (engine.name !== 'devenv') return undefined;
  const ms = 4000;
  const until = performance.now() + ms;
  const client = async () => {
    while (performance.now() < until) {
      const id = await createContainer(engine, idle);
      await engine.call('POST', `/containers/${id}/start`);
      await execTrue(engine, id);
      await engine.call('GET', '/containers/json?all=1');
      await engine.call('GET', `/containers/${id}/json`);
      await removeAll(engine, [id]);
    }
  };
  const watched = engine.call('GET', `/devenv/event-loop?ms=${ms}`);
  await Promise.all([watched, ...Array.from({ length: 8 }, client)]);
  const { maxMs } = (await watched).body as { maxMs: number };
  return figure(`${engine.name}: longest hold-up of the engine under load`, 'ms', [maxMs]);
}

/** What one process of the engine's own beside each container takes: ours has a monitor, Docker a shim. */
const helpers: Readonly<Record<string, string>> = { devenv: 'devenv-monitor', Docker: 'containerd-shim' };

export async function measureCrowd(engine: EngineUnderTest): Promise<Figure[]> {
  await sleep(500);
  const [before, foreign] = [await availableKb(), (await monitorKb(helpers[engine.name]!)).length];
  const began = performance.now();
  const ids = await startIdle(engine);
  const startedMs = performance.now() - began;
  await sleep(500);
  const machineKb = (before - (await availableKb())) / count;
  const helperKb = (await monitorKb(helpers[engine.name]!)).slice(-count);
  if (helperKb.length + foreign < count) throw new Error(`${helperKb.length} of ${count} containers run`);
  const listMs = await time(async () => void (await engine.call('GET', '/containers/json')), manyRounds);
  const resident = await engine.residentKb();
  const heldUp = await measureEventLoop(engine);
  const removing = performance.now();
  await removeAll(engine, ids);
  const removedMs = performance.now() - removing;
  const figures = [
    figure(`${engine.name}: ${count} idle containers started`, 'ms', [startedMs]),
    figure(`${engine.name}: GET /containers/json with ${count} containers`, 'ms', listMs),
    figure(`${engine.name}: ${count} idle containers removed by force`, 'ms', [removedMs]),
    figure(`${engine.name}: memory of the machine per idle container (mean of ${count})`, 'kB', [machineKb]),
    figure(`${engine.name}: memory of the monitor of an idle container`, 'kB', helperKb),
  ];
  if (heldUp !== undefined) figures.push(heldUp);
  if (resident !== undefined)
    figures.push(figure(`${engine.name}: engine resident with ${count} containers`, 'MB', [resident / 1024]));
  return figures;
}
