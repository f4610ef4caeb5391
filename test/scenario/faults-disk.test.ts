/** A data directory that is full, and one that cannot be written: what runs goes on, what fails says why, room is all it takes. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { settle } from '../support/faults/checks.js';
import { livingEngine } from '../support/faults/processes.js';
import { eventually, giveBusybox, makeProject, rows, runOnOwnEngine, type TestProject } from '../support/project.js';

const disk = suite<{ project: TestProject }>('faults: disk');

const config = `services:
  web: {image: contract-busybox:1, command: [sleep, "100000"], stop_signal: SIGKILL, volumes: ["data:/data"]}
  talker: {image: contract-busybox:1, command: [sh, -c, "while true; do echo talk; sleep 0.1; done"], stop_signal: SIGKILL}
volumes: {data: {}}
`;

disk.before.each(async (context) => {
  context.project = await makeProject({ 'devenv.yml': config });
  const { home } = context.project;
  await mkdir(home, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', home]);
  await giveBusybox(context.project);
  const { code, output } = await context.project.devenv('up', '--detach');
  assert.is(code, 0, output);
});

disk.after.each(async ({ project }) => {
  if (layersOf(project.home) > 1) execFileSync('umount', ['-l', project.home]);
  await rm(path.join(project.home, 'ballast'), { force: true });
  await project.devenv('engine', 'stop', '--force');
  execFileSync('umount', ['-l', project.home]);
  await project.remove();
});

/** How many mounts lie on it. */
function layersOf(folder: string): number {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.split(' ')[4] === folder).length;
}

const runtimeOf = (project: TestProject) => project.env.DEVENV_RUNTIME_DIR!;

async function runningIds(project: TestProject): Promise<string[]> {
  const { stdout } = await project.devenv('ps', '--format', 'json');
  return rows<{ ID: string; State: string }>(stdout)
    .filter(({ State }) => State === 'running')
    .map(({ ID }) => ID)
    .sort();
}

async function killEngine(project: TestProject): Promise<void> {
  const pid = livingEngine(runtimeOf(project));
  assert.ok(pid, 'an engine runs');
  process.kill(pid, 'SIGKILL');
  await eventually('its end', async () => livingEngine(runtimeOf(project)) === undefined);
}

/** Writes until nothing more goes in. */
async function fill(project: TestProject): Promise<void> {
  await writeFile(path.join(project.home, 'ballast'), Buffer.alloc(64 * 1024 * 1024)).catch((error) =>
    assert.is(error.code, 'ENOSPC'),
  );
}

/** Every command ends, with a sentence when it fails and never with a stack trace. */
async function tryAll(project: TestProject): Promise<void> {
  for (const args of [
    ['restart', '--timeout', '0', 'web'],
    ['exec', '-T', 'web', 'true'],
    ['run', '--rm', '-T', 'web', 'true'],
    ['up', '--detach', '--force-recreate', 'web'],
    ['stop', '--timeout', '0', 'web'],
    ['up', '--detach'],
  ]) {
    const { code, output } = await project.devenv(...args);
    assert.ok(code !== null, `devenv ${args.join(' ')} ended`);
    assert.not.match(output, /^\s+at .*:\d+:\d+|This is a bug/m, `devenv ${args.join(' ')}: ${output}`);
  }
}

async function allIsWell(project: TestProject): Promise<void> {
  const up = await project.devenv('up', '--detach');
  assert.is(up.code, 0, up.output);
  assert.equal(
    await settle(15_000, async () => ((await runningIds(project)).length === 2 ? [] : ['not both run'])),
    [],
  );
  const check = await project.devenv('engine', 'check');
  assert.is(check.code, 0, check.output);
}

disk('a full disk ends no container and no engine, and room is all that is needed', async ({ project }) => {
  const before = await runningIds(project);
  await fill(project);
  assert.equal(await runningIds(project), before);
  const pid = livingEngine(runtimeOf(project));
  await tryAll(project);
  assert.is(livingEngine(runtimeOf(project)), pid, 'the engine is the same');
  await rm(path.join(project.home, 'ballast'));
  await allIsWell(project);
});

disk('an engine that is killed on a full disk comes back, and finds what ran', async ({ project }) => {
  const before = await runningIds(project);
  await fill(project);
  await killEngine(project);
  assert.equal(await runningIds(project), before);
  await rm(path.join(project.home, 'ballast'));
  assert.equal(await runningIds(project), before);
  await allIsWell(project);
});

disk(
  'a data directory that becomes read-only ends no container, and an engine that cannot start there says so',
  async ({ project }) => {
    const before = await runningIds(project);
    await killEngine(project);
    // Over it: a file system that containers write to cannot be made read-only itself.
    execFileSync('mount', ['--bind', project.home, project.home]);
    execFileSync('mount', ['-o', 'remount,bind,ro', project.home]);
    const ps = await project.devenv('ps');
    assert.is.not(ps.code, 0, ps.output);
    assert.match(ps.output, /read-only file system|cannot be written/i, ps.output);
    assert.not.match(ps.output, /^\s+at .*:\d+:\d+/m, ps.output);
    execFileSync('mount', ['-o', 'remount,rw', project.home]);
    assert.equal(await runningIds(project), before);
    await allIsWell(project);
  },
);

runOnOwnEngine(disk, 'faults: disk', 'it fills the disk of our engine');
