/** What a client waits for when it does one thing to one container. */
import type { EngineUnderTest } from './engine-under-test.js';
import { benchImage } from './image.js';
import { type Figure, figure, manyRounds, time } from './measure.js';

/** An idle container ends with the first signal it gets: measured is the engine, and not sleep's deafness to SIGTERM. */
export const idle = { Image: benchImage, Cmd: ['/bin/sleep', '1000000'], StopSignal: 'SIGKILL' } as const;

export async function createContainer(engine: EngineUnderTest, body: object): Promise<string> {
  const answer = await engine.call('POST', '/containers/create', body);
  return (answer.body as { Id: string }).Id;
}

export async function removeAll(engine: EngineUnderTest, ids: readonly string[]): Promise<void> {
  const left = [...ids];
  const worker = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop())
      await engine.call('DELETE', `/containers/${id}?force=1`);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}

/** create + start + wait of `true` through the API; the removal is not counted. */
export async function measureRunThroughApi(engine: EngineUnderTest): Promise<Figure> {
  const ids: string[] = [];
  const values = await time(async () => {
    const id = await createContainer(engine, { Image: benchImage, Cmd: ['/bin/true'] });
    ids.push(id);
    const exited = engine.call('POST', `/containers/${id}/wait?condition=next-exit`);
    await engine.call('POST', `/containers/${id}/start`);
    await exited;
  }, manyRounds);
  await removeAll(engine, ids);
  return figure(`${engine.name}: create+start+wait of true through the API`, 'ms', values);
}

export async function measureCreateAndStart(engine: EngineUnderTest): Promise<Figure> {
  const ids: string[] = [];
  const values = await time(async () => {
    const id = await createContainer(engine, idle);
    ids.push(id);
    await engine.call('POST', `/containers/${id}/start`);
  }, manyRounds);
  await removeAll(engine, ids);
  return figure(`${engine.name}: create+start`, 'ms', values);
}

/** What `docker exec` asks for: the exec, its output to the end, its exit code. */
export async function execTrue(engine: EngineUnderTest, id: string): Promise<void> {
  const made = await engine.call('POST', `/containers/${id}/exec`, {
    AttachStdout: true,
    AttachStderr: true,
    Cmd: ['/bin/true'],
  });
  const exec = (made.body as { Id: string }).Id;
  await engine.call('POST', `/exec/${exec}/start`, { Detach: false, Tty: false });
  const { body } = await engine.call('GET', `/exec/${exec}/json`);
  if ((body as { ExitCode: number }).ExitCode !== 0) throw new Error('exec of true did not end with 0');
}

/** exec, restart, pause and unpause of one idle container. */
export async function measureLiving(engine: EngineUnderTest): Promise<Figure[]> {
  const id = await createContainer(engine, idle);
  const post = (what: string) => engine.call('POST', `/containers/${id}/${what}`);
  await post('start');
  try {
    const execs = await time(() => execTrue(engine, id), manyRounds);
    const restarts = await time(async () => void (await post('restart')), manyRounds);
    const freezes = await time(async () => {
      await post('pause');
      await post('unpause');
    }, manyRounds);
    return [
      figure(`${engine.name}: exec of true`, 'ms', execs),
      figure(`${engine.name}: restart`, 'ms', restarts),
      figure(`${engine.name}: pause and unpause`, 'ms', freezes),
    ];
  } finally {
    await removeAll(engine, [id]);
  }
}
