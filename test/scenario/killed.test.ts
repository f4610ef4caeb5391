/** SIGKILL of the engine, of the command line and of the launcher loses no container, no log line and no exit code. */
import { readdir, readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  busyboxDockerfile,
  eventually,
  makeProject,
  rows,
  runOnOwnEngine,
  type TestProject,
  writeBusyboxRoot,
} from '../support/project.js';

const killed = suite<{ project: TestProject }>('killed');

const config = (count: number) => `services:
${Array.from({ length: count }, (_, i) => `  s${i + 1}:\n    build: .\n    command: ["sleep", "100000"]\n    stop_signal: SIGKILL\n`).join('')}`;

killed.before(async (context) => {
  context.project = await makeProject({ 'devenv.yml': config(8), Dockerfile: busyboxDockerfile });
  await writeBusyboxRoot(context.project.folder);
  const built = await context.project.devenv('build');
  assert.is(built.code, 0, built.output);
});

killed.after(async ({ project }) => project.remove());
killed.after.each(async ({ project }) => {
  await project.devenv('down', '--remove-orphans');
});

async function enginePid(project: TestProject): Promise<number> {
  const status = await project.devenv('engine', 'status', '--format', 'json');
  return (JSON.parse(status.stdout) as { pid: number }).pid;
}

/** The launcher is the engine's child that is told `serve`. */
async function launcherPid(project: TestProject): Promise<number> {
  const parent = await enginePid(project);
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) !== parent) continue;
    if ((await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).includes('launcher')) return Number(name);
  }
  throw new Error('no launcher found');
}

const running = async (project: TestProject) =>
  rows<{ State: string }>((await project.devenv('ps', '--format', 'json')).stdout).filter(
    (row) => row.State === 'running',
  ).length;

killed('a killed engine leaves containers, their logs and their exit codes to the next one', async ({ project }) => {
  await project.write({
    'devenv.yml': `services:
  talker: {build: ., command: ["sh", "-c", "for i in $$(seq 1 100); do echo line $$i; busybox usleep 50000; done; exit 5"]}
  sleeper: {build: ., command: ["sleep", "100000"], stop_signal: SIGKILL}
`,
  });
  assert.is((await project.devenv('up', '-d')).code, 0);
  const ids = async () => (await project.devenv('ps', '--all', '--quiet')).stdout.split('\n').sort();
  const before = await ids();
  process.kill(await enginePid(project), 'SIGKILL');
  assert.equal(await ids(), before);
  process.kill(await enginePid(project), 'SIGKILL');
  await eventually('the end of the talker', async () => (await running(project)) === 1);
  const all = rows<{ Service: string; ExitCode: number; State: string }>(
    (await project.devenv('ps', '--all', '--format', 'json')).stdout,
  );
  assert.equal(all.map((row) => [row.Service, row.State, row.ExitCode]).sort(), [
    ['sleeper', 'running', 0],
    ['talker', 'exited', 5],
  ]);
  const lines = (await project.devenv('logs', '--no-log-prefix', 'talker')).stdout.trim().split('\n');
  assert.equal(
    lines,
    Array.from({ length: 100 }, (_, i) => `line ${i + 1}`),
  );
});

const victims = {
  engine: async (project: TestProject) => process.kill(await enginePid(project), 'SIGKILL'),
  launcher: async (project: TestProject) => process.kill(await launcherPid(project), 'SIGKILL'),
};

for (const [victim, kill] of Object.entries(victims)) {
  killed(`up, with the ${victim} killed in the middle, then up again`, async ({ project }) => {
    await project.write({ 'devenv.yml': config(8) });
    await project.devenv('engine', 'start');
    const up = project.begin('up', '-d');
    await eventually(
      'a first container',
      async () => /s\d/.test(up.output()) || (await project.devenv('ps', '-aq')).stdout.trim() !== '',
    );
    await kill(project);
    await up.done;
    const again = await project.devenv('up', '-d', '--wait');
    assert.is(again.code, 0, again.output);
    assert.is(await running(project), 8);
  });
}

killed('up, with the command line killed in the middle, then up again', async ({ project }) => {
  await project.write({ 'devenv.yml': config(8) });
  const up = project.begin('up', '-d');
  await eventually('a first container', async () => (await project.devenv('ps', '-aq')).stdout.trim() !== '');
  up.kill('SIGKILL');
  await up.done;
  const again = await project.devenv('up', '-d', '--wait');
  assert.is(again.code, 0, again.output);
  assert.is(await running(project), 8);
});

killed('an engine with nothing to do leaves by itself', async ({ project }) => {
  await project.devenv('down');
  await project.devenv('engine', 'stop');
  Object.assign(project.env, { DEVENV_ENGINE_IDLE_SECONDS: '1' });
  await project.devenv('ps');
  const pid = await enginePid(project);
  await eventually('the engine to leave', async () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  });
});

runOnOwnEngine(killed, 'killed', 'it kills our engine');
