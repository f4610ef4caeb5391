import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineUnderTest } from './engine-under-test.js';
import { benchImage } from './image.js';
import { type Figure, figure, run, time } from './measure.js';

async function create(engine: EngineUnderTest, command: readonly string[]): Promise<string> {
  const { body } = await engine.call('POST', '/containers/create', { Image: benchImage, Cmd: command });
  return (body as { Id: string }).Id;
}

/** create + start + wait of `true` through the API; the removal is not counted. */
export async function measureRunThroughApi(engine: EngineUnderTest): Promise<Figure> {
  const ids: string[] = [];
  const values = await time(async () => {
    const id = await create(engine, ['/bin/true']);
    ids.push(id);
    const exited = engine.call('POST', `/containers/${id}/wait?condition=next-exit`);
    await engine.call('POST', `/containers/${id}/start`);
    await exited;
  });
  for (const id of ids) await engine.call('DELETE', `/containers/${id}?force=1`);
  return figure(`${engine.name}: create+start+wait of true through the API`, 'ms', values);
}

export async function measureDockerRun(engine: EngineUnderTest): Promise<Figure> {
  const values = await time(async () => {
    await run('docker', ['run', '--rm', benchImage, '/bin/true'], {
      env: { ...process.env, DOCKER_HOST: `unix://${engine.socket}` },
    });
  });
  return figure(`${engine.name}: docker run --rm of true`, 'ms', values);
}

async function availableKb(): Promise<number> {
  return Number(/MemAvailable:\s+(\d+)/.exec(await readFile('/proc/meminfo', 'utf8'))?.[1]);
}

/** What the machine loses a container, the kernel's share included: MemAvailable before and after 50 idle ones. */
export async function measureMemory(engine: EngineUnderTest): Promise<Figure[]> {
  const count = 50;
  const ids: string[] = [];
  await sleep(500);
  const before = await availableKb();
  for (let i = 0; i < count; i++) {
    const id = await create(engine, ['/bin/sleep', '1000000']);
    ids.push(id);
    await engine.call('POST', `/containers/${id}/start`);
  }
  await sleep(500);
  const perContainer = (before - (await availableKb())) / count;
  const resident = await engine.residentKb();
  for (const id of ids) await engine.call('DELETE', `/containers/${id}?force=1`);
  const figures = [figure(`${engine.name}: memory per idle container (mean of ${count})`, 'kB', [perContainer])];
  if (resident !== undefined)
    figures.push(figure(`${engine.name}: engine resident with ${count} containers`, 'MB', [resident / 1024]));
  return figures;
}
