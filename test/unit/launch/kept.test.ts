/** A monitor that keeps what outlives a process, and runs another one in it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readExitFile } from '../../../runtime/launch/exit-file.js';
import { readRecords } from '../../../runtime/launch/log-format.js';
import { LaunchError } from '../../../runtime/launch/types.js';
import { canContain, everything, execSpec, frames, type Living, openLiving } from './living.js';

const containers = suite<{ living: Living }>('a monitor that is kept');
const living = canContain ? containers : containers.skip;

containers.before(async (context) => {
  if (canContain) context.living = await openLiving();
});
containers.after((context) => context.living?.close());

const facts =
  'readlink /proc/self/ns/net; echo $$; echo root: $(ls /); echo shm: $(ls /dev/shm); touch /made /dev/shm/made; echo end; sleep 1000';

async function running(living: Living, id: string, script = facts) {
  const container = await living.prepare(id, script, { kept: 'root' });
  await container.go();
  await until(() => logOf(living, id).includes('end') || script !== facts);
  return container.monitor;
}

const logOf = (living: Living, id: string) =>
  Buffer.concat(readRecords(readFileSync(living.at(id, 'log'))).records.map(({ payload }) => payload)).toString();

async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; !what(); tries++) {
    assert.ok(tries < 500, 'it never came true');
    await sleep(10);
  }
}

living('runs again in the same network and on the same root, with all else new', async ({ living }) => {
  const monitor = await running(living, 'again');
  await until(() => existsSync(living.at('again', 'upper', 'made')));
  assert.is(await monitor.keep(), true);
  await monitor.signal(9);
  assert.is((await monitor.exited).code, 137);
  assert.is((await readExitFile(living.at('again', 'exit')))?.code, 137);
  const next = await monitor.relaunch(living.program('again', facts, { kept: 'again' }));
  assert.not.ok(existsSync(living.at('again', 'exit')), 'the end of the first run is over');
  const stream = await next.monitor.attach({ ...everything, stdin: false });
  await next.go();
  await until(() => logOf(living, 'again').split('end').length === 3);
  const [first = '', second = ''] = logOf(living, 'again').split(/(?=net:)/);
  assert.is(second.split('\n')[0], first.split('\n')[0]);
  assert.match(second, /\n1\nroot:.* made.*\nshm:\nend\n$/);
  assert.is.not(next.monitor.pid, monitor.pid);
  const exec = await next.monitor.exec({
    ...execSpec('readlink /proc/self/ns/net; cat /proc/1/comm'),
    attach: { stdin: false, stdout: true, stderr: true },
  });
  assert.equal((await frames(exec.stream!)).join('').match(/net:\[\d+\]/)?.[0], first.split('\n')[0]);
  await next.monitor.signal(9);
  assert.is((await next.monitor.exited).code, 137);
  await frames(stream);
  await until(() => !existsSync(living.at('again.sock')));
});

living('goes when it is let go, and when whoever asked is gone', async ({ living }) => {
  for (const leave of ['letGo', 'disconnect'] as const) {
    const monitor = await running(living, leave);
    assert.is(await monitor.keep(), true);
    await monitor.signal(9);
    await monitor.exited;
    assert.ok(existsSync(living.at(`${leave}.sock`)));
    await monitor[leave]();
    await until(() => !existsSync(living.at(`${leave}.sock`)));
    assert.is((await readExitFile(living.at(leave, 'exit')))?.code, 137);
  }
});

living('whose asker went before the end, ends as always', async ({ living }) => {
  const monitor = await running(living, 'early');
  assert.is(await monitor.keep(), true);
  monitor.disconnect();
  const found = await living.launcher.reconnect('early', living.at('early.sock'));
  await found!.signal(9);
  assert.is((await found!.exited).code, 137);
  assert.not.ok(existsSync(living.at('early.sock')));
});

living('that cannot run the next one says why and leaves nothing', async ({ living }) => {
  const monitor = await running(living, 'failing');
  await monitor.keep();
  await monitor.signal(9);
  await monitor.exited;
  const mount = { kind: 'bind', source: living.at('missing'), target: '/x', readOnly: false, recursive: true } as const;
  const changes = { kept: 'again', mounts: [{ ...mount, propagation: 'rprivate' }] } as const;
  const error = await monitor.relaunch(living.program('failing', 'true', changes)).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.instance(error, LaunchError);
  assert.is((error as LaunchError).operation, 'mount.bind');
  assert.not.ok(existsSync(living.at('failing.sock')));
});

living('does not wait for the disk to say that a process has ended', async ({ living }) => {
  const monitor = await running(living, 'written', 'echo text > /file; sleep 1000');
  await until(() => existsSync(living.at('written', 'upper', 'file')));
  await monitor.signal(9);
  await monitor.exited;
  assert.is(readFileSync(living.at('written', 'upper', 'file'), 'utf8'), 'text\n');
  writeFileSync(living.at('written', 'upper', 'file'), 'more');
  const { out } = await living.run('written', 'cat /file');
  assert.is(out, 'more');
});

containers.run();
