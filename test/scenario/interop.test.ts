/** `docker compose` on the same engine: each tool takes the other's project as its own. Left out where there is none. */
import { execFile } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage } from '../support/busybox.js';
import { giveBusybox, makeProject, rows, type TestProject } from '../support/project.js';

const story = suite<{ project: TestProject }>('beside docker compose');

const config = `
services:
  web:
    image: ${busyboxImage}
    command: ["sh", "-c", "echo from web; exec sleep 1000"]
    environment: {B: "2", A: "1"}
    ports: ["127.0.0.1::80"]
    volumes: ["data:/data", "/anonymous"]
    depends_on: {db: {condition: service_started}}
    labels: {team: shop}
    stop_signal: SIGKILL
  db:
    image: ${busyboxImage}
    command: ["sleep", "1000"]
    healthcheck: {test: ["CMD", "true"], interval: 1s}
    deploy: {replicas: 2}
    stop_signal: SIGKILL
volumes: {data: {}}
`;

function compose(project: TestProject, ...args: string[]): Promise<{ code: number; stdout: string; output: string }> {
  const env = { ...project.env, DOCKER_HOST: `unix://${project.socket}` };
  return new Promise((resolve) => {
    execFile('docker', ['compose', ...args], { cwd: project.folder, env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) || 1 : 0, stdout, output: stdout + stderr });
    });
  });
}

const ids = async (project: TestProject) =>
  (await project.devenv('ps', '--all', '--quiet', '--no-trunc')).stdout.trim().split('\n').sort();

story.before(async (context) => {
  context.project = await makeProject({ 'compose.yaml': config });
  await giveBusybox(context.project);
});

story.after(async ({ project }) => project.remove());

const hasCompose =
  (await compose({ env: process.env, socket: '/nowhere', folder: '/' } as TestProject, 'version')).code === 0;
const beside: typeof story = hasCompose ? story : (story.skip as typeof story);

beside('compose sees what devenv made, and finds nothing to change', async ({ project }) => {
  assert.is((await project.devenv('up', '--detach')).code, 0);
  const before = await ids(project);
  const ps = rows<{ Service: string; State: string }>((await compose(project, 'ps', '--format', 'json')).stdout);
  assert.equal(ps.map(({ Service }) => Service).sort(), ['db', 'db', 'web']);
  assert.match((await compose(project, 'logs', 'web')).stdout, 'from web');
  const up = await compose(project, 'up', '--detach');
  assert.is(up.code, 0, up.output);
  assert.equal(await ids(project), before, up.output);
  assert.match((await compose(project, 'ls')).stdout, project.name);
});

beside('compose takes down what devenv made', async ({ project }) => {
  const down = await compose(project, 'down', '--volumes');
  assert.is(down.code, 0, down.output);
  assert.equal(await ids(project), ['']);
});

beside('devenv sees what compose made, and finds nothing to change', async ({ project }) => {
  const up = await compose(project, 'up', '--detach');
  assert.is(up.code, 0, up.output);
  const before = await ids(project);
  assert.is(before.length, 3);
  const again = await project.devenv('up', '--detach');
  assert.is(again.code, 0, again.output);
  assert.match(again.output, 'nothing to do');
  assert.equal(await ids(project), before);
  assert.match((await project.devenv('logs', 'web')).stdout, 'from web');
});

beside('devenv takes down what compose made', async ({ project }) => {
  const down = await project.devenv('down', '--volumes');
  assert.is(down.code, 0, down.output);
  assert.is((await compose(project, 'ps', '--all', '--quiet')).stdout, '');
});

story.run();
