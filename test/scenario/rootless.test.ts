import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type DatagramServer, serveFile } from '../support/datagrams.js';
import { as, hasWayOut, makePerson, obstacle, type Person, processesOf, removePerson } from '../support/person.js';
import { busyboxDockerfile, eventually, foreignEngine, freePort, writeBusyboxRoot } from '../support/project.js';

const program = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../bundle/cli-main.cjs');

interface Story {
  person: Person;
  port: number;
  datagrams: DatagramServer;
}

const story = suite<Story>('without root');

const page = (port: number) => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text());

/** What web gets of store. */
async function shelf(person: Person): Promise<boolean> {
  const got = await devenv(person, 'exec', '-T', 'web', 'wget', '-q', '-O', '-', 'http://store:8000/');
  return got.stdout === '0\n';
}

const devenv = (person: Person, ...args: string[]) => as(person, [process.execPath, program, ...args]);

const config = (port: number, outside: number) => `
services:
  store:
    build: .
    command: ["sh", "-c", "touch /data/$$(ls /data | busybox wc -l); mkdir -p /www && ls /data > /www/index.html && exec httpd -f -p 8000 -h /www"]
    volumes: ["data:/data"]
    stop_signal: SIGKILL
  web:
    build: .
    environment: {OUTSIDE: "http://host.docker.internal:${outside}/"}
    command: ["sh", "-c", "mkdir -p /www; echo from-web > /www/index.html; echo made > /src/made; exec httpd -f -vv -p 80 -h /www"]
    extra_hosts: ["host.docker.internal:host-gateway"]
    volumes: ["./src:/src"]
    ports: ["0.0.0.0:${port}:80"]
    stop_signal: SIGKILL
volumes:
  data:
`;

const dockerfile = `${busyboxDockerfile}
RUN busybox chown 1000:1000 /tmp && busybox id -u > /built-by
`;

const answering = http.createServer((_, response) => response.end('from the machine\n'));

story.before(async (context) => {
  await new Promise<void>((resolve) => answering.listen(0, '0.0.0.0', resolve));
  context.port = await freePort();
  context.person = makePerson();
  context.datagrams = await serveFile('by datagram');
  const { folder, uid, gid } = context.person;
  const outside = (answering.address() as AddressInfo).port;
  mkdirSync(path.join(folder, 'src'));
  writeFileSync(path.join(folder, 'devenv.yml'), config(context.port, outside));
  writeFileSync(path.join(folder, 'Dockerfile'), dockerfile);
  await writeBusyboxRoot(folder);
  execFileSync('chown', ['-R', `${uid}:${gid}`, folder]);
});

story.after(async ({ person, datagrams }) => {
  answering.close();
  datagrams.close();
  await devenv(person, 'down', '--volumes');
  await devenv(person, 'engine', 'stop', '--force');
  removePerson(person);
});

story('up builds with RUN and chown, and publishes a port', async ({ person, port }) => {
  const up = await devenv(person, 'up', '--detach', '--wait');
  assert.is(up.code, 0, up.output);
  await eventually('the page', () =>
    page(port).then(
      (text) => text === 'from-web\n',
      () => false,
    ),
  );
  const owner = await devenv(person, 'exec', '-T', 'web', 'sh', '-c', 'cat /built-by; busybox stat -c %u:%g /tmp');
  assert.is(owner.stdout, '0\n1000:1000\n', owner.output);
});

story('services find each other by name, and the machine by host.docker.internal', async ({ person }) => {
  await eventually('the store by its name', () => shelf(person));
  const machine = await devenv(person, 'exec', '-T', 'web', 'sh', '-c', 'wget -q -O - "$OUTSIDE"');
  assert.is(machine.stdout, 'from the machine\n', machine.output);
});

/** An address of this machine that others know it by. */
const outsideAddress = () =>
  Object.values(os.networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

story('a published port shows who asks', async ({ person, port }) => {
  const address = outsideAddress();
  if (address === undefined) return;
  assert.is(await fetch(`http://${address}:${port}/`).then((answer) => answer.text()), 'from-web\n');
  await eventually('its address in the log', async () => {
    const { output } = await devenv(person, 'logs', 'web');
    return output.includes(`${address}]:`);
  });
});

/** What web gets by datagrams from this machine. */
const fetched = (person: Person, port: number) =>
  devenv(person, 'exec', '-T', 'web', 'sh', '-c', `tftp -g -r any -l /got host.docker.internal ${port} && cat /got`);

const packets = hasWayOut() ? story : story.skip;
packets('datagrams leave too, also after what carries them was killed', async ({ person, datagrams }) => {
  const first = await fetched(person, datagrams.port);
  assert.is(first.stdout, 'by datagram', first.output);
  const helper = (await processesOf(person)).split('\n').find((line) => /^\d+ +\S+ +\S*pasta /.test(line));
  assert.ok(helper);
  process.kill(Number.parseInt(helper, 10), 'SIGKILL');
  await eventually('datagrams again', async () => (await fetched(person, datagrams.port)).stdout === 'by datagram');
});

story('pauses, counts and restarts without control groups', async ({ person }) => {
  assert.is((await devenv(person, 'pause', 'store')).code, 0);
  const paused = await devenv(person, 'ps', '--format', 'json');
  assert.match(paused.stdout, /"paused"/i);
  assert.is((await devenv(person, 'unpause', 'store')).code, 0);
  const used = await devenv(person, 'stats', '--no-stream', '--format', 'json');
  assert.not.match(used.stdout, /"PIDs":\s*"?0/, used.output);
  const again = await devenv(person, 'restart', '--timeout', '0', 'web');
  assert.is(again.code, 0, again.output);
});

story("what a container's root makes in a bind mount belongs to the person", ({ person }) => {
  const { uid, gid } = statSync(path.join(person.folder, 'src/made'));
  assert.equal({ uid, gid }, { uid: person.uid, gid: person.gid });
});

story('the engine may be killed: containers, names and ports go on with the next one', async ({ person, port }) => {
  const pid = Number(readFileSync(path.join(person.folder, 'run/engine.pid'), 'utf8'));
  process.kill(pid, 'SIGKILL');
  await eventually(
    'its end',
    async () => !(await processesOf(person)).split('\n').some((line) => line.startsWith(`${pid} `)),
  );
  assert.is(await page(port), 'from-web\n');
  await eventually('the store by its name', () => shelf(person));
});

story('a named volume keeps what was written, and nothing runs on after the end', async ({ person }) => {
  assert.is((await devenv(person, 'down')).code, 0);
  const up = await devenv(person, 'up', '--detach', 'store');
  assert.is(up.code, 0, up.output);
  await eventually('both files', async () => {
    const list = await devenv(person, 'exec', '-T', 'store', 'ls', '/data');
    return list.stdout === '0\n1\n';
  });
  await devenv(person, 'down', '--volumes');
  await devenv(person, 'engine', 'stop');
  await eventually('the end of all its processes', async () => (await processesOf(person)) === '');
});

const reason = foreignEngine ? 'it is about our own engine' : obstacle();
if (reason === undefined) story.run();
else {
  const skipped = suite(`without root: skipped, ${reason}`);
  skipped.skip('the whole story', () => undefined);
  skipped.run();
}
