/** What the commands that work on containers which are there choose, refuse and print: as Compose 2.40 does. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage } from '../support/busybox.js';
import { giveBusybox, makeProject, type TestProject } from '../support/project.js';

const story = suite<{ project: TestProject }>('containers that are there');

const config = `
services:
  web: {image: ${busyboxImage}, stop_signal: SIGKILL, command: sleep 1000}
  soon: {image: ${busyboxImage}, command: sh -c 'sleep 1; exit 3'}
  later: {image: ${busyboxImage}, command: sh -c 'sleep 2; exit 4'}
`;

story.before(async (context) => {
  context.project = await makeProject({ 'compose.yaml': config });
  await giveBusybox(context.project);
});

story.before.each(async ({ project }) => {
  const up = await project.devenv('up', '--detach', 'web');
  assert.is(up.code, 0, up.output);
});

story.after(async ({ project }) => {
  await project.devenv('down', '-t', '0', '--remove-orphans');
  await project.remove();
});

async function refuses(project: TestProject, sentence: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await project.devenv(...args);
  assert.is(code, 1, args.join(' '));
  assert.ok(stderr.includes(sentence), stderr);
}

story('ps --quiet gives whole ids', async ({ project }) => {
  assert.match((await project.devenv('ps', '-q')).stdout, /^[0-9a-f]{64}\n$/);
});

story('filters that mean nothing are refused, and ls takes patterns', async ({ project }) => {
  await refuses(project, 'unknown filter foo', 'ps', '--filter', 'foo=bar');
  await refuses(project, 'arguments to --filter should be in form KEY=VAL', 'ps', '--filter', 'foo');
  await refuses(project, "invalid filter 'foo'", 'ls', '--filter', 'foo=bar');
  assert.is(
    (await project.devenv('ls', '-q', '--filter', `name=^${project.name.slice(0, -1)}.$`)).stdout.trim(),
    project.name,
  );
  assert.is((await project.devenv('ls', '-q', '--filter', 'name=^zzz')).stdout, '');
});

story('logs --index names one container of one service', async ({ project }) => {
  await refuses(project, '--index requires one service to be selected', 'logs', '--index', '1');
  await refuses(project, 'service "web" is not running container #9', 'logs', '--index', '9', 'web');
  assert.is((await project.devenv('logs', '--index', '1', 'web')).code, 0);
});

story('what is paused cannot be paused, and the other way round', async ({ project }) => {
  assert.is((await project.devenv('pause', 'web')).code, 0);
  await refuses(project, 'already paused', 'pause', 'web');
  assert.is((await project.devenv('unpause', 'web')).code, 0);
  await refuses(project, 'not paused', 'unpause', 'web');
});

story('rm leaves what run made; kill and top take it along', async ({ project }) => {
  await project.devenv('run', '--detach', 'web', 'sleep', '900');
  assert.is((await project.devenv('rm', '--force', '--stop', 'web')).code, 0);
  assert.match((await project.devenv('top', 'web')).stdout, 'sleep 900');
  assert.is((await project.devenv('kill', 'web')).code, 0);
  const { stdout } = await project.devenv('ps', '--all', '--format', '{{.Name}} {{.State}}');
  assert.match(stdout, /-web-run-\w+ exited\n$/);
});

story('wait waits for all, and ends with the code of the last', async ({ project }) => {
  assert.is((await project.devenv('up', '--detach', 'soon', 'later')).code, 0);
  const { code, stdout } = await project.devenv('wait', 'soon', 'later', '--down-project');
  assert.is(code, 4);
  assert.match(
    stdout,
    /^container "\w{64}" exited with status code 3\ncontainer "\w{64}" exited with status code 4\n$/,
  );
  assert.is((await project.devenv('ps', '--all', '-q')).stdout, '');
});

story.run();
