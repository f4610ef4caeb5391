import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage } from '../support/busybox.js';
import { giveBusybox, makeProject, rows, type TestProject } from '../support/project.js';

const story = suite<{ project: TestProject }>('deploy.update_config');

interface Change {
  readonly command: string;
  readonly update: string;
}

const config = ({ command, update }: Change) => `
services:
  web:
    image: ${busyboxImage}
    command: ["sh", "-c", ${JSON.stringify(command)}]
    stop_signal: SIGKILL
    deploy: {replicas: 3, update_config: {${update}}}
`;

const works = 'sleep 1000';
const fails = 'sleep 0.8; exit 9';

story.before(async (context) => {
  context.project = await makeProject();
  await giveBusybox(context.project);
});

story.before.each(async ({ project }) => {
  await project.write({ 'compose.yaml': config({ command: works, update: 'parallelism: 3' }) });
  const up = await project.devenv('up', '--detach', '--force-recreate');
  assert.is(up.code, 0, up.output);
});

story.after(async ({ project }) => project.remove());

interface Row {
  readonly ID: string;
  readonly Name: string;
  readonly State: string;
}

/** In the order of their names. */
const list = async (project: TestProject) =>
  rows<Row>((await project.devenv('ps', '--all', '--format', 'json')).stdout).sort((a, b) =>
    a.Name.localeCompare(b.Name),
  );

const names = (project: TestProject) => [1, 2, 3].map((number) => `${project.name}-web-${number}`);

async function update(project: TestProject, change: Change) {
  await project.write({ 'compose.yaml': config(change) });
  return project.devenv('up', '--detach');
}

story('rollback: a new container that ends within monitor brings all old ones back', async ({ project }) => {
  const before = await list(project);
  const up = await update(project, { command: fails, update: 'failure_action: rollback, monitor: 3s' });
  assert.is(up.code, 1, up.output);
  assert.match(up.output, 'back to the containers that ran before');
  assert.equal(await list(project).then((all) => all.map(({ ID, Name, State }) => [ID, Name, State])), [
    ...before.map(({ ID, Name }) => [ID, Name, 'running']),
  ]);
});

story('rollback: an update that is well leaves nothing of the old ones', async ({ project }) => {
  const before = await list(project);
  const up = await update(project, { command: 'sleep 1001', update: 'failure_action: rollback, monitor: 300ms' });
  assert.is(up.code, 0, up.output);
  const after = await list(project);
  assert.equal(
    after.map(({ Name }) => Name),
    names(project),
  );
  assert.not.ok(after.some(({ ID }) => before.some((old) => old.ID === ID)));
});

story('pause: the rest stays as it was', async ({ project }) => {
  const before = await list(project);
  const up = await update(project, { command: fails, update: 'parallelism: 1, monitor: 3s' });
  assert.is(up.code, 1, up.output);
  const kept = (await list(project)).filter(({ ID }) => before.some((old) => old.ID === ID));
  assert.is(kept.length, 2);
});

story('continue: all are replaced, whatever happens', async ({ project }) => {
  const before = await list(project);
  const up = await update(project, { command: fails, update: 'failure_action: continue, monitor: 1500ms' });
  assert.is(up.code, 0, up.output);
  assert.match(up.output, 'the update of web goes on');
  const after = await list(project);
  assert.is(after.length, 3);
  assert.not.ok(after.some(({ ID }) => before.some((old) => old.ID === ID)));
});

story('delay: a group begins so long after the one before', async ({ project }) => {
  const began = Date.now();
  const up = await update(project, { command: 'sleep 1002', update: 'parallelism: 2, delay: 2s' });
  assert.is(up.code, 0, up.output);
  assert.ok(Date.now() - began >= 2000);
  const starts = await Promise.all(
    names(project).map(async (name) => {
      const { stdout } = await project.devenv('container', 'inspect', name);
      return Date.parse((JSON.parse(stdout) as [{ State: { StartedAt: string } }])[0].State.StartedAt);
    }),
  );
  assert.ok(starts[2]! - Math.max(starts[0]!, starts[1]!) >= 2000, starts.join());
});

story.run();
