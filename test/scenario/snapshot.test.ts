import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { requestOn } from '../support/engine.js';
import {
  busyboxDockerfile,
  foreignEngine,
  makeProject,
  type TestProject,
  writeBusyboxRoot,
} from '../support/project.js';

const story = suite<{ project: TestProject }>('snapshot');

/** Several projects in one file: on an engine that others use, too, their names are this run's own. */
const own = foreignEngine ? `-${process.pid}` : '';

const config = (name: string) => `
name: ${name}${own}
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
  delete project.env.COMPOSE_PROJECT_NAME;
  await writeBusyboxRoot(project.folder);
  const { code, output } = await project.devenv('up', '--detach');
  assert.is(code, 0, output);
});

story.after(async ({ project }) => {
  await project.devenv('-f', 'other.yml', 'down', '--volumes', '-t', '0');
  await project.remove();
});

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
  const { code, output } = await project.devenv(...there, 'up', '--detach', '--from-snapshot', `one${own}/before`);
  assert.is(code, 0, output);
  assert.is(await inDb(project, 'cat /data/x; echo branch > /data/x', ...there), 'v1');
  assert.is(await inDb(project, 'cat /data/x'), 'v1');
  assert.is((await project.devenv(...there, 'down', '--volumes', '-t', '0')).code, 0);
});

const layered = (name: string) => `
name: ${name}${own}
services:
  app:
    build: .
    command: ["sh", "-c", "while :; do sleep 0.1; done"]
    stop_signal: SIGKILL
    environment: {DB_PASSWORD: hunter2, HOME: /root}
    secrets: [token]
    volumes: ["data:/data"]
volumes: {data: {}}
secrets: {token: {x-secret-provider: {command: "echo VALUE9f3b"}}}
`;
const inApp = async (project: TestProject, file: string, script: string) =>
  (await project.devenv('-f', file, 'exec', '-T', 'app', 'sh', '-c', script)).stdout.trim();

story('layers of containers are kept where they are asked for, without secrets', async ({ project }) => {
  const run = (...args: string[]) => project.devenv('-f', 'layered.yml', ...args);
  await project.write({ 'layered.yml': layered('layered'), 'branch.yml': layered('branch') });
  assert.is((await run('up', '--detach')).code, 0);
  await inApp(project, 'layered.yml', 'echo kept > /note; rm /bin/stty; echo v1 > /data/x');
  const save = await run('snapshot', 'save', '--layers', 'bug');
  if (foreignEngine) {
    assert.match(save.stderr, 'no snapshot may have it');
    assert.is((await run('down', '--volumes', '-t', '0')).code, 0);
    return;
  }
  assert.is(save.code, 0, save.output);
  assert.match(save.stderr, /Snapshot bug: data; layers of app in \d/);
  await inApp(project, 'layered.yml', 'echo other > /note; touch /more /bin/stty; echo v2 > /data/x');
  const { code, output } = await run('snapshot', 'restore', 'bug');
  assert.is(code, 0, output);
  const look = 'cat /note /data/x; ls /more /bin/stty 2>/dev/null; echo $DB_PASSWORD; cat /run/secrets/token';
  assert.is(await inApp(project, 'layered.yml', look), 'kept\nv1\nhunter2\nVALUE9f3b');
  assert.match(
    (await run('up', '--detach')).stderr,
    'nothing to do',
    'it is a container of the service like any other',
  );
  const image = await requestOn(project.socket, 'GET', '/images/devenv-snapshot/layered:bug.app.1/get');
  assert.is(image.status, 200);
  assert.not.match(image.text, /hunter2|VALUE9f3b/);
});

story('a bug report: another checkout begins with the data and the files of the containers', async ({ project }) => {
  if (foreignEngine) return;
  const up = await project.devenv('-f', 'branch.yml', 'up', '--detach', '--from-snapshot', 'layered/bug');
  assert.is(up.code, 0, up.output);
  assert.is(await inApp(project, 'branch.yml', 'cat /note /data/x'), 'kept\nv1');
  assert.is((await project.devenv('-f', 'branch.yml', 'down', '--volumes', '-t', '0')).code, 0);
  assert.is((await project.devenv('-f', 'layered.yml', 'down', '--volumes', '-t', '0')).code, 0);
  assert.is((await project.devenv('-f', 'layered.yml', 'snapshot', 'rm', 'bug')).code, 0);
  const image = await requestOn(project.socket, 'GET', '/images/devenv-snapshot/layered:bug.app.1/json');
  assert.is(image.status, 404);
});

const hooked = (post: string) => `
name: hooked${own}
services:
  db:
    build: .
    command: ["sh", "-c", "trap 'echo flushed > /data/flush; exit 0' TERM; while :; do sleep 0.05; done"]
    volumes: ["data:/data", "/scratch"]
    x-snapshot: {pre: {command: ["sh", "-c", "echo pre >> /data/log"]}, post: "${post}", stop: true}
  peer:
    build: .
    command: ["sleep", "1000"]
    stop_signal: SIGKILL
    volumes: ["data:/data:ro"]
volumes: {data: {}}
`;

story('a service is stopped where it says so; its hooks run before and after', async ({ project }) => {
  const run = (...args: string[]) => project.devenv('-f', 'hooked.yml', ...args);
  const states = async () =>
    (await run('ps', '--all', '--format', '{{.Service}} {{.State}}')).stdout.trim().split('\n');
  const inHooked = async (script: string) => (await run('exec', '-T', 'db', 'sh', '-c', script)).stdout.trim();
  await project.write({ 'hooked.yml': hooked('echo post >> /data/log') });
  assert.is((await run('up', '--detach')).code, 0);
  const save = await run('snapshot', 'save', 'stopped');
  assert.is(save.code, 0, save.output);
  assert.match(save.stderr, 'warning: db: /scratch is a volume without a name in the config, and is not kept');
  assert.is(await inHooked('cat /data/log'), 'pre\npost');
  const restored = await run('snapshot', 'restore', 'stopped');
  assert.is(restored.code, 0, restored.output);
  assert.is(await inHooked('cat /data/log /data/flush'), 'pre\nflushed', 'what it wrote at its end is there');
  assert.equal((await states()).sort(), ['db running', 'peer running']);
  await project.write({ 'hooked.yml': hooked('echo sealed; exit 3') });
  const failed = await run('snapshot', 'save', 'failed');
  assert.is(failed.code, 1);
  assert.match(failed.output, 'db-1: sealed');
  assert.match(failed.stderr, 'ended with 3; no snapshot was made');
  assert.equal((await states()).sort(), ['db running', 'peer running'], 'nobody stays paused');
  assert.not.match((await run('snapshot', 'ls')).stdout, 'failed');
  assert.is((await run('down', '--volumes', '-t', '0')).code, 0);
});

story('it is listed and forgotten', async ({ project }) => {
  assert.match((await project.devenv('snapshot', 'ls', '--format', 'json')).stdout, '"Volumes":"data"');
  assert.is((await project.devenv('snapshot', 'rm', 'before')).code, 0);
  assert.is((await project.devenv('snapshot', 'ls', '--format', 'json')).stdout.trim(), '');
});

story.run();
