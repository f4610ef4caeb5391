import { execFile, execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  busyboxDockerfile,
  type CommandResult,
  eventually,
  foreignEngine,
  freePort,
  writeBusyboxRoot,
} from '../support/project.js';

const program = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../bundle/cli-main.cjs');

/** An account of the machine that the test makes and removes, with the range of ids that useradd(8) gives it. */
interface Person {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly folder: string;
}

interface Story {
  person: Person;
  port: number;
}

const story = suite<Story>('without root');

/** Why this machine cannot tell the story; undefined when it can. */
function obstacle(): string | undefined {
  if (foreignEngine) return 'it is about our own engine';
  if (process.getuid?.() !== 0) return 'only root can make an account for it';
  for (const file of ['/usr/sbin/useradd', '/usr/bin/newuidmap', '/usr/bin/setpriv'])
    if (!statSync(file, { throwIfNoEntry: false })) return `${file} is missing`;
  if (readFileSync('/proc/sys/user/max_user_namespaces', 'utf8').trim() === '0') return 'user namespaces are forbidden';
  return undefined;
}

function makePerson(): Person {
  const name = `dvt${process.pid}`;
  const folder = mkdtempSync('/tmp/rl-');
  execFileSync('/usr/sbin/useradd', ['--home-dir', folder, '--no-create-home', '--shell', '/bin/sh', name]);
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  const person = { name, uid: id('-u'), gid: id('-g'), folder };
  chownSync(folder, person.uid, person.gid);
  return person;
}

/** A command line of the person: its groups alone, nothing of root's environment. */
function as(person: Person, command: readonly string[]): Promise<CommandResult> {
  const { name, uid, gid, folder } = person;
  const env = { HOME: folder, USER: name, PATH: process.env.PATH ?? '', DEVENV_RUNTIME_DIR: `${folder}/run` };
  const args = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--', ...command];
  return new Promise((resolve, reject) => {
    const child = spawn('/usr/bin/setpriv', args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr, output: stdout + stderr }));
  });
}

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
    command: ["sh", "-c", "mkdir -p /www; echo from-web > /www/index.html; echo made > /src/made; exec httpd -f -p 80 -h /www"]
    extra_hosts: ["host.docker.internal:host-gateway"]
    volumes: ["./src:/src"]
    ports: ["${port}:80"]
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
  const { folder, uid, gid } = context.person;
  const outside = (answering.address() as AddressInfo).port;
  mkdirSync(path.join(folder, 'src'));
  writeFileSync(path.join(folder, 'devenv.yml'), config(context.port, outside));
  writeFileSync(path.join(folder, 'Dockerfile'), dockerfile);
  await writeBusyboxRoot(folder);
  execFileSync('chown', ['-R', `${uid}:${gid}`, folder]);
});

story.after(async ({ person }) => {
  answering.close();
  await devenv(person, 'down', '--volumes');
  await devenv(person, 'engine', 'stop', '--force');
  execFileSync('/usr/sbin/userdel', [person.name]);
  rmSync(person.folder, { recursive: true, force: true });
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

/** Its processes, a line each that begins with the pid, but those that nobody has waited for yet. */
function processesOf({ uid }: Person): Promise<string> {
  const isAlive = (line: string) => line !== '' && !/^\d+\s+Z/.test(line);
  return new Promise((resolve) =>
    execFile('ps', ['-U', String(uid), '-o', 'pid=,stat=,args='], (_, out) =>
      resolve(
        out
          .split('\n')
          .map((line) => line.trim())
          .filter(isAlive)
          .join('\n'),
      ),
    ),
  );
}

const reason = obstacle();
if (reason === undefined) story.run();
else {
  const skipped = suite(`without root: skipped, ${reason}`);
  skipped.skip('the whole story', () => undefined);
  skipped.run();
}
