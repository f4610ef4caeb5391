import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage } from '../support/busybox.js';
import { giveBusybox, makeProject, rows, type TestProject } from '../support/project.js';

const story = suite<{ project: TestProject }>('what is made anew');

interface Change {
  readonly env?: string;
  readonly hostEnv?: string;
  readonly scale?: number;
  readonly extra?: boolean;
}

const config = ({ env = 'one', hostEnv = 'one', scale = 1, extra = false }: Change = {}) => `
services:
  web:
    image: ${busyboxImage}
    command: ["sleep", "1000"]
    environment: {GREETING: ${env}}
    volumes: ["/kept"]
    scale: ${scale}
    stop_signal: SIGKILL
    depends_on: [host]
  host:
    image: ${busyboxImage}
    command: ["sleep", "1000"]
    environment: {GREETING: ${hostEnv}}
    stop_signal: SIGKILL
  guest:
    image: ${busyboxImage}
    command: ["sleep", "1000"]
    network_mode: "service:host"
    stop_signal: SIGKILL
${extra ? `  extra:\n    image: ${busyboxImage}\n    command: ["sleep", "1000"]\n    stop_signal: SIGKILL\n` : ''}`;

story.before(async (context) => {
  context.project = await makeProject({ 'compose.yaml': config() });
  await giveBusybox(context.project);
});

story.after(async ({ project }) => project.remove());

interface Row {
  readonly ID: string;
  readonly Name: string;
  readonly Service: string;
}

const list = async (project: TestProject) =>
  rows<Row>((await project.devenv('ps', '--all', '--format', 'json')).stdout);
const ids = async (project: TestProject) =>
  Object.fromEntries((await list(project)).map(({ Name, ID }) => [Name.replace(`${project.name}-`, ''), ID]));

/** Brings it up and tells which containers are other ones than before. */
async function changed(project: TestProject, ...flags: string[]) {
  const before = await ids(project);
  const up = await project.devenv('up', '--detach', ...flags);
  assert.is(up.code, 0, up.output);
  const after = await ids(project);
  const names = Object.keys(after).filter((name) => before[name] !== after[name]);
  return { names: names.sort(), output: up.output, gone: Object.keys(before).filter((name) => !after[name]) };
}

story('a second up leaves all as it is', async ({ project }) => {
  assert.equal((await changed(project)).names, ['guest-1', 'host-1', 'web-1']);
  assert.equal((await changed(project)).names, []);
});

story('a changed variable makes its service anew, says so, and an anonymous volume goes along', async ({ project }) => {
  await project.devenv('exec', '-T', 'web', 'touch', '/kept/file');
  await project.write({ 'compose.yaml': config({ env: 'two' }) });
  const { names, output } = await changed(project);
  assert.equal(names, ['web-1']);
  assert.match(output, /environment/);
  assert.is((await project.devenv('exec', '-T', 'web', 'ls', '/kept')).stdout, 'file\n');
});

story('--renew-anon-volumes begins with an empty one', async ({ project }) => {
  await changed(project, '--force-recreate', '--renew-anon-volumes', '--no-deps', 'web');
  assert.is((await project.devenv('exec', '-T', 'web', 'ls', '/kept')).stdout, '');
});

story('who is in the network of another is made anew with it', async ({ project }) => {
  await project.write({ 'compose.yaml': config({ env: 'two', hostEnv: 'two' }) });
  assert.equal((await changed(project)).names, ['guest-1', 'host-1']);
  const route = await project.devenv('exec', '-T', 'guest', 'sh', '-c', 'echo $(hostname)');
  const host = await project.devenv('exec', '-T', 'host', 'sh', '-c', 'echo $(hostname)');
  assert.is(route.stdout, host.stdout);
});

story('--force-recreate takes what was named, --always-recreate-deps its dependencies too', async ({ project }) => {
  assert.equal((await changed(project, '--force-recreate', 'web')).names, ['web-1']);
  const both = await changed(project, '--force-recreate', '--always-recreate-deps', 'web');
  assert.equal(
    both.names.filter((name) => name !== 'guest-1'),
    ['host-1', 'web-1'],
  );
  await changed(project);
});

story('--no-recreate keeps what is out of date', async ({ project }) => {
  await project.write({ 'compose.yaml': config({ env: 'three', hostEnv: 'two' }) });
  assert.equal((await changed(project, '--no-recreate')).names, []);
  assert.equal((await changed(project)).names, ['web-1']);
});

story('more replicas get the lowest free numbers, fewer take the highest away', async ({ project }) => {
  await project.write({ 'compose.yaml': config({ env: 'three', hostEnv: 'two', scale: 3 }) });
  assert.equal((await changed(project)).names, ['web-2', 'web-3']);
  await project.devenv('rm', '--force', '--stop', 'web');
  const fresh = await changed(project);
  assert.equal(fresh.names, ['web-1', 'web-2', 'web-3']);
  const less = await changed(project, '--scale', 'web=1');
  assert.equal(less.names, []);
  assert.equal(less.gone.sort(), ['web-2', 'web-3']);
  assert.is((await project.devenv('scale', 'web=2')).code, 0);
  assert.ok((await ids(project))['web-2']);
});

story('a service that left the config is named, and removed with --remove-orphans', async ({ project }) => {
  await project.write({ 'compose.yaml': config({ env: 'three', hostEnv: 'two', extra: true }) });
  assert.ok((await changed(project)).names.includes('extra-1'));
  await project.write({ 'compose.yaml': config({ env: 'three', hostEnv: 'two' }) });
  const kept = await changed(project);
  assert.match(kept.output, /orphan/);
  assert.not(kept.gone.includes('extra-1'));
  assert.ok((await changed(project, '--remove-orphans')).gone.includes('extra-1'));
});

story.run();
