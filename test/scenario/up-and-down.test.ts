import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  busyboxDockerfile,
  eventually,
  freePort,
  makeProject,
  rows,
  type TestProject,
  writeBusyboxRoot,
} from '../support/project.js';

const story = suite<{ project: TestProject; port: number }>('up and down');

const config = (port: number, greeting = 'hello') => `
services:
  store:
    build: .
    command: ["sh", "-c", "touch /data/$$(ls /data | busybox wc -l); mkdir -p /www && echo kept-$$(ls /data | busybox wc -l) > /www/index.html && exec httpd -f -p 8000 -h /www"]
    volumes: ["data:/data"]
    healthcheck:
      test: ["CMD", "wget", "-q", "-O", "-", "http://127.0.0.1:8000/"]
      interval: 1s
      start_interval: 100ms
      start_period: 10s
    stop_signal: SIGKILL
  web:
    build: .
    environment: {GREETING: "${greeting}"}
    command: ["sh", "-c", "mkdir -p /www/cgi-bin; printf '#!/bin/sh\\necho; echo $$GREETING; wget -q -O - http://shelf:8000/' > /www/cgi-bin/page; busybox chmod 755 /www/cgi-bin/page; exec httpd -f -p 80 -h /www"]
    links: ["store:shelf"]
    depends_on:
      store: {condition: service_healthy}
    ports: ["${port}:80"]
    stop_signal: SIGKILL
volumes:
  data:
`;

story.before(async (context) => {
  context.port = await freePort();
  context.project = await makeProject({ 'devenv.yml': config(context.port), Dockerfile: busyboxDockerfile });
  await writeBusyboxRoot(context.project.folder);
});

story.after(async ({ project }) => project.remove());

const page = (port: number) => fetch(`http://127.0.0.1:${port}/cgi-bin/page`).then((answer) => answer.text());

story('up builds, waits for health, links by alias and publishes on 127.0.0.1', async ({ project, port }) => {
  const up = await project.devenv('up', '--detach', '--wait');
  assert.is(up.code, 0, up.output);
  assert.match(up.output, `http://127.0.0.1:${port}`);
  assert.is(await page(port), 'hello\nkept-1\n');
});

story('a port of a dev tool is not open to the LAN', async ({ project }) => {
  const ps = rows<{ Service: string; Publishers?: { URL: string }[] }>(
    (await project.devenv('ps', '--format', 'json')).stdout,
  );
  assert.equal(ps.map((row) => row.Service).sort(), ['store', 'web']);
  assert.is(ps.find((row) => row.Service === 'web')?.Publishers?.find((one) => one.URL)?.URL, '127.0.0.1');
});

story('up again with nothing changed does nothing and says so', async ({ project }) => {
  const ids = async () => (await project.devenv('ps', '--quiet')).stdout;
  const before = await ids();
  const up = await project.devenv('up', '--detach');
  assert.is(up.code, 0, up.output);
  assert.match(up.output, /nothing to do|up to date/i);
  assert.is(await ids(), before);
});

story('up --dry-run shows what a change would do and does nothing', async ({ project, port }) => {
  await project.write({ 'devenv.yml': config(port, 'bye') });
  const dry = await project.devenv('up', '--dry-run');
  assert.is(dry.code, 0, dry.output);
  assert.match(dry.output, /web/);
  assert.match(dry.output, /environment/);
  assert.match(await page(port), /^hello/);
});

story('up recreates only the changed service and says why', async ({ project, port }) => {
  const idOf = async (service: string) => (await project.devenv('ps', '--quiet', service)).stdout.trim();
  const before = { store: await idOf('store'), web: await idOf('web') };
  const up = await project.devenv('up', '--detach', '--wait');
  assert.is(up.code, 0, up.output);
  assert.match(up.output, /environment/);
  assert.is(await idOf('store'), before.store);
  assert.is.not(await idOf('web'), before.web);
  assert.match(await eventually('the new page', async () => page(port).catch(() => undefined)), /^bye/);
});

story('exec runs in the service and hands its exit code on', async ({ project }) => {
  const said = await project.devenv('exec', '-T', 'web', 'sh', '-c', 'echo $GREETING; exit 7');
  assert.is(said.stdout, 'bye\n');
  assert.is(said.code, 7);
});

story('port and logs answer for a service', async ({ project, port }) => {
  assert.is((await project.devenv('port', 'web', '80')).stdout, `127.0.0.1:${port}\n`);
  const logs = await project.devenv('logs', 'store');
  assert.is(logs.code, 0, logs.output);
});

story('stop, start and restart keep the containers', async ({ project, port }) => {
  const ids = (await project.devenv('ps', '--all', '--quiet')).stdout.split('\n').sort();
  for (const command of ['stop', 'start', 'restart']) {
    const result = await project.devenv(command);
    assert.is(result.code, 0, result.output);
  }
  assert.equal((await project.devenv('ps', '--all', '--quiet')).stdout.split('\n').sort(), ids);
  assert.match(await eventually('the page after a restart', async () => page(port).catch(() => undefined)), /bye/);
});

story('down keeps the data, down --volumes forgets it', async ({ project, port }) => {
  const count = async () =>
    Number(/kept-(\d+)/.exec(await eventually('the page', async () => page(port).catch(() => undefined)))?.[1]);
  const before = await count();
  assert.is((await project.devenv('down')).code, 0);
  assert.is((await project.devenv('ps', '--all', '--quiet')).stdout.trim(), '');
  assert.is((await project.devenv('up', '--detach', '--wait')).code, 0);
  assert.is(await count(), before + 1);
  assert.is((await project.devenv('down', '--volumes')).code, 0);
  assert.is((await project.devenv('up', '--detach', '--wait')).code, 0);
  assert.is(await count(), 1);
});

story('Ctrl-C stops what runs in the foreground and ends with 130', async ({ project }) => {
  await project.devenv('down');
  const up = project.begin('up');
  await eventually(
    'both services',
    async () => (await project.devenv('ps', '--quiet')).stdout.trim().split('\n').length === 2,
  );
  await eventually('the foreground', async () => /Attaching|web/.test(up.output()));
  up.kill('SIGINT');
  const done = await up.done;
  assert.ok(done.code === 130 || done.code === 0, `${done.code}: ${done.output}`);
  assert.is((await project.devenv('ps', '--quiet')).stdout.trim(), '');
});

story.run();
