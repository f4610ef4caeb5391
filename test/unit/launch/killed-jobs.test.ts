/** Processes of the launcher that are killed while they wait for a job: the job goes to another one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../support/api.js';
import { killWaiting, startLauncher } from '../../support/launcher.js';

const killed = suite('killed processes of the launcher');

async function withLauncher(run: (living: Awaited<ReturnType<typeof startLauncher>>) => Promise<void>): Promise<void> {
  const living = await startLauncher();
  try {
    await run(living);
  } finally {
    await living.close();
  }
}

/** Nothing of their end has been seen when this returns: it was in this turn of the event loop. */
async function killTheSpare(folder: string): Promise<void> {
  await eventually('processes wait', async () => killWaiting(folder).length > 0);
}

killed('a job that was given to one is done by another', () =>
  withLauncher(async ({ launcher, folder }) => {
    for (let i = 0; i < 10; i++) {
      await killTheSpare(folder);
      const { code, stdout } = await launcher.spawn(['/bin/echo', String(i)]);
      assert.equal([code, stdout], [0, `${i}\n`]);
    }
  }),
);

killed('a job that has begun is not done twice', () =>
  withLauncher(async ({ launcher, folder }) => {
    const begun = launcher.spawn(['/bin/sh', '-c', `echo x >> ${folder}/lines; exec sleep 3`]);
    begun.catch(() => undefined);
    const lines = () => launcher.spawn(['/bin/cat', `${folder}/lines`]);
    await eventually('it has begun', async () => (await lines()).stdout === 'x\n');
    killWaiting(folder);
    const error = await begun.then(
      () => undefined,
      (reason: Error) => reason,
    );
    assert.match(String(error), 'launcher connection: EPIPE');
    await sleep(50);
    assert.is((await lines()).stdout, 'x\n');
  }),
);

killed.run();
