import { cp } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage } from '../support/busybox.js';
import { freePort, giveBusybox, makeProject, type TestProject } from '../support/project.js';

const story = suite<{ project: TestProject }>('host ports');

const compose = (ports: string, more = '') => `
services:
  web:
    image: ${busyboxImage}
    command: ["sh", "-c", "mkdir /www; env > /www/index.html; exec httpd -f -p 8080 -h /www"]
    ports: [${ports}]
    stop_signal: SIGKILL
${more}`;

story.before(async (context) => {
  context.project = await makeProject({ 'compose.yaml': compose('"8080"') });
  await giveBusybox(context.project);
});

story.after(async ({ project }) => project.remove());

const portOf = async (project: TestProject, ...flags: string[]) => {
  const { stdout, output } = await project.devenv(...flags, 'port', 'web', '8080');
  return Number(/:(\d+)/.exec(stdout)?.[1] ?? assert.unreachable(output));
};

story('an open port gets a host port that stays over down and up', async ({ project }) => {
  assert.is((await project.devenv('up', '--detach')).code, 0);
  const before = await portOf(project);
  assert.is((await project.devenv('down')).code, 0);
  assert.is((await project.devenv('up', '--detach')).code, 0);
  assert.is(await portOf(project), before);
});

story('services hear of it, and of those of others', async ({ project }) => {
  const more = `  app:\n    image: ${busyboxImage}\n    command: ["sleep", "1000"]\n    stop_signal: SIGKILL\n`;
  await project.write({ 'compose.yaml': compose('"8080"', more) });
  assert.is((await project.devenv('up', '--detach')).code, 0);
  const said = await project.devenv('exec', '-T', 'app', 'sh', '-c', 'echo $DEVENV_PORT_WEB_8080');
  assert.is(said.stdout, `${await portOf(project)}\n`);
  const once = await project.devenv('run', '--rm', '-T', 'app', 'sh', '-c', 'echo $DEVENV_PORT_WEB_8080');
  assert.is(once.stdout, said.stdout);
});

story('another checkout runs beside it with a port of its own', async ({ project }) => {
  const other = path.join(path.dirname(project.folder), 'shop-two');
  await cp(project.folder, other, { recursive: true });
  const there = ['--project-directory', other, '-f', path.join(other, 'compose.yaml'), '-p', `${project.name}-two`];
  const up = await project.devenv(...there, 'up', '--detach');
  assert.is(up.code, 0, up.output);
  assert.is.not(await portOf(project, ...there), await portOf(project));
  assert.is((await project.devenv(...there, 'down')).code, 0);
});

story('a port that somebody took meanwhile is given up for another, which is said', async ({ project }) => {
  const before = await portOf(project);
  await project.devenv('down');
  const thief = net.createServer();
  await new Promise<void>((resolve) => thief.listen(before, '127.0.0.1', resolve));
  try {
    const up = await project.devenv('up', '--detach');
    assert.is(up.code, 0, up.output);
    assert.match(up.output, `Port ${before} of web is taken`);
    assert.is.not(await portOf(project), before);
  } finally {
    thief.close();
  }
});

story('replicas have one each', async ({ project }) => {
  const up = await project.devenv('up', '--detach', '--scale', 'web=2');
  assert.is(up.code, 0, up.output);
  const second = await project.devenv('port', '--index', '2', 'web', '8080');
  assert.is(second.code, 0, second.output);
  assert.is.not(second.stdout, `127.0.0.1:${await portOf(project)}\n`);
});

story('who has a fixed port is named before anything starts', async ({ project }) => {
  await project.devenv('down');
  const port = await freePort();
  const holder = net.createServer();
  await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve));
  await project.write({ 'compose.yaml': compose(`"${port}:8080"`) });
  try {
    const up = await project.devenv('up', '--detach');
    assert.is(up.code, 1, up.output);
    assert.match(
      up.output,
      new RegExp(`web wants host port ${port}, but .*\\(pid ${process.pid}\\) is listening on it`),
    );
    assert.is((await project.devenv('ps', '--all', '--quiet')).stdout, '');
  } finally {
    holder.close();
  }
});

story('two services that want the same are told apart before anything starts', async ({ project }) => {
  const port = await freePort();
  const twin = `  twin:\n    image: ${busyboxImage}\n    ports: ["${port}:1"]\n`;
  await project.write({ 'compose.yaml': compose(`"${port}:8080"`, twin) });
  const up = await project.devenv('up', '--detach');
  assert.is(up.code, 1, up.output);
  assert.match(up.output, /wants host port .* wants it too/);
  assert.is((await project.devenv('ps', '--all', '--quiet')).stdout, '');
});

story.run();
