import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxDockerfile, makeProject, type TestProject, writeBusyboxRoot } from '../support/project.js';

const story = suite<{ project: TestProject }>('snapshot');

const config = (name: string) => `
name: ${name}
services:
  db:
    build: .
    command: ["sh", "-c", "while :; do sleep 0.1; done"]
    stop_signal: SIGKILL
    volumes: ["data:/data"]
    x-snapshot: {pre: "echo flushed > /data/flush"}
volumes: {data: {}}
`;

story.before(async (context) => {
  const { project } = Object.assign(context, {
    project: await makeProject({
      'devenv.yml': config('one'),
      'other.yml': config('two'),
      Dockerfile: busyboxDockerfile,
    }),
  });
  await writeBusyboxRoot(project.folder);
  const { code, output } = await project.devenv('up', '--detach');
  assert.is(code, 0, output);
});

story.after(({ project }) => project.remove());

const inDb = async (project: TestProject, script: string, ...flags: string[]) =>
  (await project.devenv(...flags, 'exec', '-T', 'db', 'sh', '-c', script)).stdout.trim();

story('what volumes held is put back, hook and all, and the services go on', async ({ project }) => {
  await inDb(project, 'echo v1 > /data/x');
  assert.is((await project.devenv('snapshot', 'save', 'before')).code, 0);
  await inDb(project, 'echo v2 > /data/x; echo more > /data/y');
  const { code, output } = await project.devenv('snapshot', 'restore', 'before');
  assert.is(code, 0, output);
  assert.is(await inDb(project, 'cat /data/x /data/flush; ls /data'), 'v1\nflushed\nflush\nx');
});

story('a name is taken once, and an unknown one names those there are', async ({ project }) => {
  const again = await project.devenv('snapshot', 'save', 'before');
  assert.is(again.code, 1);
  assert.match(again.stderr, 'There is a snapshot "before" already.');
  const unknown = await project.devenv('snapshot', 'restore', 'nothing');
  assert.is(unknown.code, 1);
  assert.match(unknown.stderr, 'Snapshots: before.');
});

story('another checkout starts from it, and keeps what it has the next time', async ({ project }) => {
  const first = await project.devenv('-f', 'other.yml', 'up', '--detach', '--from-snapshot', 'before');
  assert.is(first.code, 0, first.output);
  assert.is(await inDb(project, 'cat /data/x', '-f', 'other.yml'), 'v1');
  await inDb(project, 'echo own > /data/x', '-f', 'other.yml');
  const second = await project.devenv('-f', 'other.yml', 'up', '--detach', '--from-snapshot', 'before');
  assert.match(second.stderr, 'there already, and left as they are');
  assert.is(await inDb(project, 'cat /data/x', '-f', 'other.yml'), 'own');
});

story('a branch in a work tree of its own starts from it, and leaves the data of main alone', async ({ project }) => {
  const git = (...args: string[]) => promisify(execFile)('git', ['-C', project.folder, ...args]);
  await git('init', '-q');
  await git('add', '.');
  await git('-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-q', '-m', 'main');
  const tree = path.join(project.folder, '../feature');
  await git('worktree', 'add', '-q', tree, '-b', 'feature');
  const there = ['--project-directory', tree, '-f', path.join(tree, 'devenv.yml'), '-p', 'feature'];
  const { code, output } = await project.devenv(...there, 'up', '--detach', '--from-snapshot', 'one/before');
  assert.is(code, 0, output);
  assert.is(await inDb(project, 'cat /data/x; echo branch > /data/x', ...there), 'v1');
  assert.is(await inDb(project, 'cat /data/x'), 'v1');
  assert.is((await project.devenv(...there, 'down', '--volumes', '-t', '0')).code, 0);
});

story('it is listed and forgotten', async ({ project }) => {
  assert.match((await project.devenv('snapshot', 'ls', '--format', 'json')).stdout, '"Volumes":"data"');
  assert.is((await project.devenv('snapshot', 'rm', 'before')).code, 0);
  assert.is((await project.devenv('snapshot', 'ls', '--format', 'json')).stdout.trim(), '');
});

story.run();
