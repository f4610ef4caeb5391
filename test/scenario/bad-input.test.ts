/** Each mistake gets a sentence that says what happened and what to do. */
import { mkdir } from 'node:fs/promises';
import net from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  busyboxDockerfile,
  freePort,
  makeProject,
  rows,
  type TestProject,
  writeBusyboxRoot,
} from '../support/project.js';

const mistakes = suite<{ project: TestProject }>('bad input');

mistakes.before(async (context) => {
  context.project = await makeProject({ Dockerfile: busyboxDockerfile });
  await writeBusyboxRoot(context.project.folder);
});

mistakes.after(async ({ project }) => project.remove());
mistakes.after.each(async ({ project }) => {
  await project.write({ 'devenv.yml': 'services: {a: {build: .}}\n' });
  await project.devenv('down', '--volumes', '--remove-orphans');
});

/** Writes the config, runs the command, and expects it to fail with every one of these in what it says. */
async function refuses(
  project: TestProject,
  config: string,
  args: readonly string[],
  ...says: readonly (RegExp | string)[]
) {
  await project.write({ 'devenv.yml': config });
  const result = await project.devenv(...args);
  assert.is.not(result.code, 0, result.output);
  for (const one of says) assert.match(result.output, one, result.output);
  assert.not.match(result.output, /^\s+at .*\.js:\d+/m, 'no stack for a mistake of the person');
}

mistakes('no config names the files it looked for', async ({ project }) => {
  await mkdir('/var/tmp/devenv-test-empty', { recursive: true });
  const result = await project.devenv('--project-directory', '/var/tmp/devenv-test-empty', 'up');
  assert.is.not(result.code, 0);
  assert.match(result.output, 'devenv.yml');
});

mistakes('broken YAML is shown with its place', async ({ project }) => {
  await refuses(project, 'services:\n  web:\n    image: "x\n    ports: []\n', ['up', '-d'], /devenv\.yml:\d+:\d+/);
});

mistakes('an unknown key is shown with its place and the nearest one', async ({ project }) => {
  await refuses(
    project,
    'services:\n  web:\n    image: x\n    enviroment: {A: b}\n',
    ['up', '-d'],
    'devenv.yml:4:5',
    'enviroment',
    'environment',
  );
});

mistakes('an undefined network is named', async ({ project }) => {
  await refuses(
    project,
    'services:\n  web:\n    image: x\n    networks: [inner]\n',
    ['up', '-d'],
    'inner',
    /devenv\.yml:\d+/,
  );
});

mistakes('a dependency cycle is shown as a path', async ({ project }) => {
  const config = 'services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}\n';
  await refuses(project, config, ['up', '-d'], /a -> b -> a|b -> a -> b/);
});

mistakes('a service that exits at once fails up --wait with its code and last words', async ({ project }) => {
  const config = 'services:\n  web:\n    build: .\n    command: ["sh", "-c", "echo my last words; exit 3"]\n';
  await refuses(project, config, ['up', '-d', '--wait'], 'web', /\b3\b/, 'my last words');
});

mistakes(
  'a healthcheck that never passes ends up --wait with 1 and the output of its last probe',
  async ({ project }) => {
    const config = `services:
  web:
    build: .
    command: ["sleep", "1000"]
    stop_signal: SIGKILL
    healthcheck: {test: ["CMD-SHELL", "echo the well is dry; exit 1"], interval: 100ms, retries: 2}
`;
    await project.write({ 'devenv.yml': config });
    const result = await project.devenv('up', '-d', '--wait');
    assert.is(result.code, 1, result.output);
    assert.match(result.output, 'the well is dry', result.output);
    assert.match(result.output, /unhealthy/);
  },
);

mistakes('a busy port names who holds it and where the config asks for it', async ({ project }) => {
  const port = await freePort();
  const holder = net.createServer().listen(port, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  try {
    const config = `services:\n  web:\n    build: .\n    command: ["sleep", "1000"]\n    stop_signal: SIGKILL\n    ports:\n      - "${port}:80"\n`;
    await refuses(project, config, ['up', '-d'], String(port), `pid ${process.pid}`, /devenv\.yml:\d+/);
  } finally {
    holder.close();
  }
});

mistakes('an image that no registry can give is named', async ({ project }) => {
  await refuses(
    project,
    'services:\n  web:\n    image: 127.0.0.1:9/nobody/nothing:1\n',
    ['up', '-d'],
    '127.0.0.1:9/nobody/nothing:1',
  );
});

mistakes('a RUN that fails is shown with its line and last output', async ({ project }) => {
  await project.write({ 'Broken.Dockerfile': `${busyboxDockerfile}RUN echo about to fail && exit 9\n` });
  const config = 'services:\n  broken:\n    build: {context: ., dockerfile: Broken.Dockerfile}\n';
  await refuses(project, config, ['up', '-d'], 'about to fail', /\b9\b/, /Broken\.Dockerfile:4/);
});

mistakes('after all these mistakes a right config comes up', async ({ project }) => {
  await project.write({
    'devenv.yml': 'services:\n  web:\n    build: .\n    command: ["sleep", "1000"]\n    stop_signal: SIGKILL\n',
  });
  const up = await project.devenv('up', '-d', '--wait');
  assert.is(up.code, 0, up.output);
  const ps = rows<{ State: string }>((await project.devenv('ps', '--format', 'json')).stdout);
  assert.equal(
    ps.map((row) => row.State),
    ['running'],
  );
});

mistakes.run();
