/** The machine is started anew: no process is left, the runtime directory and the groups are empty, and the data is as it was. */
import { execFileSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { recordsOpen, settle } from '../support/faults/checks.js';
import { namesOf, takeFootprint } from '../support/faults/footprint.js';
import { makeWorld, type World } from '../support/faults/world.js';
import { runOnOwnEngine } from '../support/project.js';

const restart = suite<{ world: World }>('faults: machine restart');

restart.before(async (context) => {
  context.world = await makeWorld();
});
restart.after(async ({ world }) => world.remove());

/** Everything at once, engine first so that it sees nothing of it; then what only memory held. */
async function crash(world: World): Promise<void> {
  const folders = { home: world.project.home, runtime: world.project.env.DEVENV_RUNTIME_DIR! };
  const print = takeFootprint(folders);
  for (const { pid } of [...print.processes].sort(
    (a, b) => Number(b.pid === print.engine) - Number(a.pid === print.engine),
  ))
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It went with its parent.
    }
  await settle(10_000, async () => takeFootprint(folders).processes.map(({ command }) => command));
  for (const target of [...print.mounts].reverse()) execFileSync('umount', ['-l', target]);
  for (const name of takeFootprint(folders).bridges) execFileSync('ip', ['link', 'delete', name]);
  execFileSync('sh', ['-c', `nft delete table inet ${namesOf(folders.runtime).group} 2>/dev/null || true`]);
  await rm(folders.runtime, { recursive: true, force: true });
  await mkdir(folders.runtime, { mode: 0o700 });
}

restart('what restarts always runs again, the rest is there and stopped, and up makes it whole', async ({ world }) => {
  for (const { code, output } of [await world.keep('up', '-d'), await world.project.devenv('up', '-d')])
    assert.is(code, 0, output);
  const idsOf = async () => (await world.get<{ Id: string }[]>('/containers/json?all=1')).map(({ Id }) => Id).sort();
  const before = await idsOf();
  await world.project.devenv('exec', '-T', 'db', 'sh', '-c', 'echo kept > /data/file && sync');
  await crash(world);
  await world.project.devenv('ps');
  assert.equal(await idsOf(), before);
  const state = async (service: string) =>
    (await world.get<{ State: string; Labels: Record<string, string> }[]>('/containers/json?all=1')).find(
      ({ Labels }) => Labels['com.docker.compose.service'] === service,
    )?.State;
  assert.equal(await settle(15_000, async () => ((await state('steady')) === 'running' ? [] : ['steady'])), []);
  assert.is(await state('web'), 'exited');
  const answer = await settle(10_000, async () => {
    const { status } = await fetch(`http://127.0.0.1:${world.ports.steady}/passwd`);
    return status === 200 ? [] : [`${status}`];
  });
  assert.equal(answer, []);
  const up = await world.project.devenv('up', '-d');
  assert.is(up.code, 0, up.output);
  assert.is(await state('web'), 'running');
  assert.is((await world.project.devenv('exec', '-T', 'db', 'cat', '/data/file')).stdout, 'kept\n');
  assert.equal(await recordsOpen(world), []);
});

runOnOwnEngine(restart, 'faults: machine restart', 'it ends our engine and all its processes');
