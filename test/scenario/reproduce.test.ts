/** What runs on another engine, in a cluster or a file, brought up here. */
import { createHash } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage } from '../support/busybox.js';
import { giveBusybox, makeProject, rows, runOnOwnEngine, type TestProject } from '../support/project.js';

const story = suite<{ there: TestProject; here: TestProject }>('reproduce');

const production = `
name: shop
services:
  web:
    image: ${busyboxImage}
    command: ["sh", "-c", "echo $$DEBUG > /data/x; sleep 1000"]
    environment: {DEBUG: "a$$b", DB_PASSWORD: hunter2, URL: "pg://u:hunter2@db/x"}
    stop_signal: SIGKILL
    ports: ["80"]
    volumes: ["data:/data", ".:/src:ro"]
    tmpfs: [/tmp]
    read_only: true
    cap_drop: [ALL]
    mem_limit: 64m
  db: {image: ${busyboxImage}, command: ["sleep", "1000"], stop_signal: SIGKILL, scale: 2}
volumes: {data: {}}
`;

story.before(async (context) => {
  const there = await makeProject({ 'devenv.yml': production });
  const here = await makeProject();
  Object.assign(context, { there, here });
  await Promise.all([giveBusybox(there), giveBusybox(here)]);
  const { code, output } = await there.devenv('up', '--detach');
  assert.is(code, 0, output);
});

story.after(async ({ there, here }) => {
  await there.remove();
  await here.remove();
});

story('an engine: what ran there runs here, secrets from here', async ({ there, here }) => {
  const from = `docker:unix://${there.socket}`;
  const first = await here.devenv('-p', 'shop', 'reproduce', '--from', from, '--write-only');
  assert.is(first.code, 0, first.output);
  assert.match(first.stderr, 'Set before it can come up: DB_PASSWORD, URL');
  assert.match(first.stderr, '/src is a folder of that host, and is left out');
  const text = await readFile(path.join(here.folder, 'devenv.yml'), 'utf8');
  assert.not.match(text, 'hunter2');
  await here.write({ '.env': 'DB_PASSWORD=mine\nURL=pg://here\n' });
  // The same machine has one port of each number.
  assert.is((await there.devenv('stop')).code, 0);
  const up = await here.devenv('up', '--detach', '--wait');
  assert.is(up.code, 0, up.output);
  const { stdout } = await here.devenv(
    'exec',
    '-T',
    'web',
    'sh',
    '-c',
    'cat /data/x; echo $DB_PASSWORD; touch /tmp/y; touch /y',
  );
  assert.is(stdout.trim(), 'a$b\nmine');
  assert.is(rows(await here.devenv('ps', '--format', 'json').then((one) => one.stdout)).length, 3);
  const same = await here.devenv(
    'diff',
    '--against',
    from,
    '--fail-on',
    'image,command,user,privileges,limits,replicas',
  );
  assert.is(same.code, 0, same.output);
});

story('a file that is there is not written over', async ({ here }) => {
  const again = () => here.devenv('reproduce', '--from', 'devenv.yml', '--write-only', '--name', 'copy');
  assert.is((await again()).code, 0);
  const second = await again();
  assert.is(second.code, 1);
  assert.match(second.stderr, 'devenv.copy.yml is there already');
  const config = await here.devenv('--env', 'copy', 'config');
  assert.is(config.code, 0, config.output);
  assert.match(config.stdout, 'DB_PASSWORD: mine');
});

story('an engine that is in no swarm says so', async ({ here, there }) => {
  const { code, stderr } = await here.devenv(
    'reproduce',
    '--engine',
    `unix://${there.socket}`,
    '--from',
    'swarm:shop',
    '--write-only',
  );
  assert.is(code, 1);
  assert.match(stderr, 'no manager of a swarm');
});

story('a cluster, by what kubectl says', async ({ here }) => {
  const digest = `sha256:${createHash('sha256').update('web').digest('hex')}`;
  const container = {
    name: 'web',
    image: 'registry/web:1',
    args: ['serve'],
    env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }],
    ports: [{ containerPort: 80 }],
    resources: { limits: { memory: '64Mi', cpu: '500m' } },
  };
  const deployment = {
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 2, template: { spec: { containers: [container] } } },
  };
  const status = { containerStatuses: [{ name: 'web', imageID: `registry/web@${digest}` }] };
  const pod = { kind: 'Pod', spec: { containers: [container] }, status };
  await here.write({
    'bin/kubectl': `#!/bin/sh\necho "$@" > ${here.folder}/asked\ncat ${here.folder}/cluster.json\n`,
    'cluster.json': JSON.stringify({ items: [deployment, pod] }),
  });
  await chmod(path.join(here.folder, 'bin/kubectl'), 0o755);
  here.env.PATH = `${here.folder}/bin:${process.env.PATH}`;
  const written = await here.devenv('reproduce', '--from', 'k8s:shop', '--name', 'cluster');
  assert.is(written.code, 0, written.output);
  assert.match(written.stderr, 'Set before it can come up: TOKEN');
  assert.match(await readFile(path.join(here.folder, 'asked'), 'utf8'), '--namespace shop');
  here.env.TOKEN = 't';
  const { services } = JSON.parse((await here.devenv('--env', 'cluster', 'config', '--format', 'json')).stdout);
  assert.equal(Object.keys(services), ['web']);
  assert.is(services.web.image, `registry/web:1@${digest}`);
  assert.is(services.web.environment.TOKEN, 't');
  assert.equal(services.web.deploy.resources.limits, { cpus: 0.5, memory: '67108864' });
  assert.is(services.web.deploy.replicas, 2);
});

runOnOwnEngine(story, 'reproduce', 'it needs two engines of its own');
