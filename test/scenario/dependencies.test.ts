import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage } from '../support/busybox.js';
import { eventually, giveBusybox, makeProject, rows, type TestProject } from '../support/project.js';

const story = suite<{ project: TestProject }>('who waits for whom');

const service = (name: string, command: string, more = '') =>
  `  ${name}:\n    image: ${busyboxImage}\n    command: ["sh", "-c", ${JSON.stringify(command)}]\n    stop_signal: SIGKILL\n${more}`;
const compose = (...services: string[]) => `services:\n${services.join('')}`;

story.before(async (context) => {
  context.project = await makeProject({ 'compose.yaml': compose(service('a', 'sleep 1000')) });
  await giveBusybox(context.project);
});

story.after.each(async ({ project }) => {
  await project.devenv('down', '--remove-orphans', '-t', '0');
});

story.after(async ({ project }) => project.remove());

const states = async (project: TestProject) =>
  Object.fromEntries(
    rows<{ Service: string; State: string }>((await project.devenv('ps', '--all', '--format', 'json')).stdout).map(
      ({ Service, State }) => [Service, State],
    ),
  );

story('service_completed_successfully waits for the end', async ({ project }) => {
  const needs = '    depends_on: {job: {condition: service_completed_successfully}}\n';
  await project.write({
    'compose.yaml': compose(service('job', 'sleep 0.3'), service('app', 'sleep 1000', needs)),
  });
  const up = await project.devenv('up', '--detach');
  assert.is(up.code, 0, up.output);
  assert.equal(await states(project), { job: 'exited', app: 'running' });
});

story('a job that fails keeps its dependent from starting, with its output', async ({ project }) => {
  const needs = '    depends_on: {job: {condition: service_completed_successfully}}\n';
  await project.write({
    'compose.yaml': compose(service('job', 'echo no luck; exit 3'), service('app', 'sleep 1000', needs)),
  });
  const up = await project.devenv('up', '--detach');
  assert.is(up.code, 1, up.output);
  assert.match(up.output, /didn't complete successfully: exit 3/);
  assert.match(up.output, /no luck/);
  assert.is((await states(project)).app, 'created');
});

story('required: false goes on without', async ({ project }) => {
  const needs = '    depends_on: {job: {condition: service_completed_successfully, required: false}}\n';
  await project.write({
    'compose.yaml': compose(service('job', 'exit 3'), service('app', 'sleep 1000', needs)),
  });
  const up = await project.devenv('up', '--detach');
  assert.is(up.code, 0, up.output);
  assert.is((await states(project)).app, 'running');
});

story('restart: true restarts the dependent when what it needs is made anew', async ({ project }) => {
  const app = service(
    'app',
    'date +%s%N; sleep 1000',
    '    depends_on: {db: {condition: service_started, restart: true}}\n',
  );
  await project.write({ 'compose.yaml': compose(service('db', 'sleep 1000'), app) });
  await project.devenv('up', '--detach');
  await project.write({
    'compose.yaml': compose(service('db', 'sleep 1000', '    environment: {A: b}\n'), app),
  });
  const up = await project.devenv('up', '--detach');
  assert.is(up.code, 0, up.output);
  await eventually('two starts in the log', async () => {
    const { stdout } = await project.devenv('logs', '--no-log-prefix', 'app');
    return stdout.trim().split('\n').length === 2;
  });
});

story('--wait is content with a one-shot that ended with 0, and not with one that failed', async ({ project }) => {
  await project.write({ 'compose.yaml': compose(service('job', 'exit 0'), service('app', 'sleep 1000')) });
  assert.is((await project.devenv('up', '--wait')).code, 0);
  await project.write({ 'compose.yaml': compose(service('job', 'exit 4'), service('app', 'sleep 1000')) });
  assert.is((await project.devenv('up', '--wait')).code, 1);
});

story('a healthcheck is looked at quickly until it is healthy first', async ({ project }) => {
  const check =
    '    healthcheck: {test: ["CMD", "test", "-e", "/ready"], interval: 30s, start_period: 30s, start_interval: 100ms}\n';
  await project.write({ 'compose.yaml': compose(service('app', 'sleep 0.3; touch /ready; sleep 1000', check)) });
  const began = Date.now();
  const up = await project.devenv('up', '--wait');
  assert.is(up.code, 0, up.output);
  assert.ok(Date.now() - began < 20_000, 'within the first interval');
});

story('--exit-code-from ends all with the code of one', async ({ project }) => {
  await project.write({ 'compose.yaml': compose(service('app', 'sleep 1000'), service('tests', 'sleep 0.2; exit 7')) });
  const up = await project.devenv('up', '--exit-code-from', 'tests');
  assert.is(up.code, 7, up.output);
  assert.is((await states(project)).app, 'exited');
});

story(
  '--abort-on-container-exit stops all with the first, -failure only with the first that fails',
  async ({ project }) => {
    await project.write({ 'compose.yaml': compose(service('app', 'sleep 1000'), service('job', 'sleep 0.2; exit 0')) });
    const up = await project.devenv('up', '--abort-on-container-exit');
    assert.is(up.code, 0, up.output);
    assert.is((await states(project)).app, 'exited');
    await project.write({
      'compose.yaml': compose(
        service('app', 'sleep 1000'),
        service('job', 'exit 0'),
        service('bad', 'sleep 0.5; exit 5'),
      ),
    });
    const failing = await project.devenv('up', '--abort-on-container-failure');
    assert.is(failing.code, 5, failing.output);
  },
);

story('up NAME shows and awaits what is named, and what it needs runs on', async ({ project }) => {
  const db = service('db', 'echo from db; sleep 1000');
  const needs = '    depends_on: [db]\n';
  await project.write({ 'compose.yaml': compose(db, service('app', 'echo from app; sleep 0.5', needs)) });
  const up = await project.devenv('up', 'app');
  assert.is(up.code, 0, up.output);
  assert.match(up.stdout, 'from app');
  assert.not.match(up.stdout, 'from db');
  assert.is((await states(project)).db, 'running');
  await project.devenv('down', '-t', '0');
  assert.match((await project.devenv('up', '--attach-dependencies', 'app')).stdout, 'from db');
  assert.match((await project.devenv('up', '--attach', 'other', 'app')).stderr, 'services not included in up: other');
});

story('--no-deps leaves out what a service needs', async ({ project }) => {
  await project.write({
    'compose.yaml': compose(service('db', 'sleep 1000'), service('app', 'sleep 1000', '    depends_on: [db]\n')),
  });
  assert.is((await project.devenv('up', '--detach', '--no-deps', 'app')).code, 0);
  assert.equal(await states(project), { app: 'running' });
});

story('two Ctrl-C kill what does not want to end', async ({ project }) => {
  const stubborn = `  app:\n    image: ${busyboxImage}\n    command: ["sh", "-c", "trap '' TERM; echo up; while true; do sleep 1; done"]\n    stop_grace_period: 60s\n`;
  await project.write({ 'compose.yaml': compose(stubborn) });
  const up = project.begin('up');
  await eventually('the service', async () => /app-1.*up/.test(up.output()));
  up.kill('SIGINT');
  await eventually('the word', async () => /Gracefully/.test(up.output()));
  const began = Date.now();
  up.kill('SIGINT');
  const { code, output } = await up.done;
  assert.is(code, 130, output);
  assert.ok(Date.now() - began < 20_000);
});

story.run();
