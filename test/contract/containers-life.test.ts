/** The turns of a container's life, and what is said when one is not possible. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, eventually, expectRefusal } from '../support/api.js';
import { importBusybox } from '../support/busybox.js';
import { Containers } from '../support/containers.js';
import { isOtherEngine, startEngine, type TestEngine } from '../support/engine.js';

const life = suite('life of a container');
let engine: TestEngine;
let containers: Containers;
life.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
  containers = new Containers(engine);
});
life.after.each(() => containers.clear());
life.after(() => engine.stop());

const post = (id: string, what: string) => engine.request('POST', `/containers/${id}/${what}`);
const stateOf = async (id: string) => (await containers.inspect(id)).State;
const says = (signal: string, code: number) => `trap "exit ${code}" ${signal}; echo up; while :; do sleep 0.05; done`;
const looping = (script: string, body: object = {}) => ({ ...body, Cmd: ['sh', '-c', script] });

/** Until a script that says `up` first has set its traps. */
async function isUp(id: string): Promise<void> {
  await eventually('the script is up', async () =>
    (await ask(engine, 'GET', `/containers/${id}/logs?stdout=1`)).text.includes('up'),
  );
}

life('created, running, paused, stopped, restarted, killed', async () => {
  const id = await containers.created(looping(says('TERM', 7)));
  assert.is((await stateOf(id)).Status, 'created');
  assert.is((await post(id, 'start')).status, 204);
  assert.is((await post(id, 'start')).status, 304);
  await isUp(id);
  assert.is((await post(id, 'pause')).status, 204);
  const paused = await stateOf(id);
  assert.equal([paused.Status, paused.Running, paused.Paused], ['paused', true, true]);
  assert.is((await post(id, 'unpause')).status, 204);
  assert.is((await post(id, 'stop?t=10')).status, 204);
  const stopped = await stateOf(id);
  assert.equal([stopped.Status, stopped.ExitCode, stopped.Running, stopped.Pid], ['exited', 7, false, 0]);
  assert.is((await post(id, 'stop')).status, 304);
  assert.is((await post(id, 'restart')).status, 204);
  assert.is((await post(id, 'kill')).status, 204);
  assert.equal((await post(id, 'wait')).json, { StatusCode: 137 });
});

life('the stop signal is the configured one, or that of the request', async () => {
  const script = 'trap "exit 9" INT; trap "exit 3" USR1; echo up; while :; do sleep 0.05; done';
  const id = await containers.running(looping(script, { StopSignal: 'SIGINT' }));
  await isUp(id);
  await post(id, 'stop?t=10');
  assert.is((await stateOf(id)).ExitCode, 9);
  const other = await containers.running(looping(script));
  await isUp(other);
  await post(other, 'stop?t=10&signal=USR1');
  assert.is((await stateOf(other)).ExitCode, 3);
});

life('who was still starting when it was stopped hears of it as soon as it listens', async () => {
  // Docker's signal is lost there, and its SIGKILL ends it after all.
  const code = isOtherEngine ? 137 : 7;
  const id = await containers.running(looping(`sleep 1; ${says('TERM', 7)}`));
  assert.is((await post(id, `stop?t=${isOtherEngine ? 2 : 60}`)).status, 204);
  assert.is((await stateOf(id)).ExitCode, code);
});

life('who does not stop in time is killed', async () => {
  const id = await containers.running(
    looping('trap "" TERM; echo up; while :; do sleep 0.05; done', { StopTimeout: 1 }),
  );
  await isUp(id);
  await post(id, 'stop');
  assert.is((await stateOf(id)).ExitCode, 137);
});

life('a paused one can be stopped, killed and restarted', async () => {
  for (const [what, status] of [
    ['stop?t=0', 'exited'],
    ['kill', 'exited'],
    ['restart?t=0', 'running'],
  ] as const) {
    const id = await containers.running();
    await post(id, 'pause');
    assert.is((await post(id, what)).status, 204, what);
    await containers.reaches(id, status);
  }
});

life('wait knows its conditions', async () => {
  const id = await containers.created(looping('sleep 0.3; exit 4'));
  const removed = post(id, 'wait?condition=removed');
  assert.equal((await post(id, 'wait?condition=not-running')).json, { StatusCode: 0 });
  const next = post(id, 'wait?condition=next-exit');
  await ask(engine, 'POST', `/containers/${id}/start`);
  assert.equal((await next).json, { StatusCode: 4 });
  await ask(engine, 'DELETE', `/containers/${id}`);
  assert.equal((await removed).json, { StatusCode: 4 });
});

life('AutoRemove takes it away after the waiting', async () => {
  const id = await containers.created(looping('exit 5', { HostConfig: { AutoRemove: true } }));
  const removed = post(id, 'wait?condition=removed');
  await ask(engine, 'POST', `/containers/${id}/start`);
  assert.equal((await removed).json, { StatusCode: 5 });
  assert.is((await engine.request('GET', `/containers/${id}/json`)).status, 404);
});

life('a restart policy brings it back until it is stopped', async () => {
  const HostConfig = { RestartPolicy: { Name: 'always' } };
  const id = await containers.running(looping('exit 3', { HostConfig }));
  await eventually('it came back twice', async () => (await containers.inspect(id)).RestartCount >= 2);
  assert.is((await post(id, 'stop')).status, 204);
  const state = await stateOf(id);
  assert.equal([state.Status, state.Restarting, state.Running], ['exited', false, false]);
});

life('on-failure counts, and is content with success', async () => {
  const HostConfig = { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } };
  const id = await containers.running(looping('exit 3', { HostConfig }));
  await eventually('it gave up', async () => {
    const { State, RestartCount } = await containers.inspect(id);
    return State.Status === 'exited' && RestartCount === 2;
  });
  const content = await containers.running(looping('exit 0', { HostConfig }));
  await containers.reaches(content, 'exited');
  assert.is((await containers.inspect(content)).RestartCount, 0);
});

life('a signal ends the restart policy of one without a stop signal', async () => {
  const HostConfig = { RestartPolicy: { Name: 'always' } };
  const id = await containers.running(looping(says('USR1', 0), { HostConfig }));
  await isUp(id);
  await post(id, 'kill?signal=USR1');
  await containers.reaches(id, 'exited');
});

life('exit codes are the shell’s', async () => {
  for (const [script, code] of [
    ['exit 3', 3],
    ['exit 255', 255],
  ] as const)
    assert.is((await containers.run(script)).code, code);
});

life('refuses what cannot be now, in Docker’s words', async () => {
  const id = await containers.created({}, 'life-created');
  const refuses = (method: string, what: string, status: number, message: string, body?: object) =>
    expectRefusal(engine, { method, path: `/containers/${id}${what}`, body, status, message });
  await refuses('POST', '/kill', 409, `cannot kill container: ${id}: container ${id} is not running`);
  await refuses('POST', '/kill?signal=NOPE', 400, `cannot kill container: ${id}: invalid signal: NOPE`);
  await refuses('POST', '/pause', 409, `container ${id} is not running`);
  await refuses('POST', '/unpause', 500, `Container ${id} is not paused`);
  await refuses('POST', '/exec', 409, `container ${id} is not running`, { Cmd: ['x'] });
  await refuses('GET', '/top', 409, `container ${id} is not running`);
  await refuses('POST', '/stop?t=x', 500, 'strconv.Atoi: parsing "x": invalid syntax');
  await refuses(
    'POST',
    '/rename?name=a',
    400,
    'Error when allocating new name: Invalid container name (/a), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
  );
  await refuses(
    'POST',
    '/rename?name=life-created',
    400,
    'Renaming a container with the same name as its current name',
  );
  await refuses('POST', '/wait?condition=x', 400, 'invalid condition: "x"');
  await refuses('POST', '/resize?h=a&w=1', 400, 'invalid resize height "a": invalid syntax');
  await ask(engine, 'POST', `/containers/${id}/start`);
  const running = 'container is running: stop the container before removing or force remove';
  await refuses('DELETE', '', 409, `cannot remove container "${id}": ${running}`);
  await refuses('DELETE', '?link=1', 500, 'Conflict, cannot remove the default link name of the container');
  await refuses('POST', '/stop?signal=NOPE', 500, `cannot stop container: ${id}: invalid signal: NOPE`);
  await refuses('POST', '/exec', 400, 'No exec command specified', { Cmd: [] });
  await ask(engine, 'POST', `/containers/${id}/pause`);
  await refuses('POST', '/pause', 409, `Container ${id} is already paused`);
  await refuses('POST', '/start', 409, 'cannot start a paused container, try unpause instead');
  await refuses('POST', '/exec', 409, `Container ${id} is paused, unpause the container before exec`, { Cmd: ['x'] });
  const paused = 'container is paused and must be unpaused first';
  await refuses('DELETE', '', 409, `cannot remove container "${id}": ${paused}`);
  assert.is((await engine.request('DELETE', `/containers/${id}?force=1`)).status, 204);
});

const unknown = [
  ['GET', 'json'],
  ['POST', 'start'],
  ['POST', 'stop'],
  ['GET', 'logs?stdout=1'],
  ['GET', 'top'],
  ['GET', 'stats?stream=0'],
  ['GET', 'changes'],
  ['GET', 'export'],
  ['GET', 'archive?path=/'],
  ['POST', 'wait'],
  ['POST', 'rename?name=xx'],
  ['POST', 'pause'],
] as const;

life('an unknown one is told everywhere alike', async () => {
  const message = 'No such container: nobody';
  for (const [method, what] of unknown)
    await expectRefusal(engine, { method, path: `/containers/nobody/${what}`, status: 404, message });
  await expectRefusal(engine, { method: 'DELETE', path: '/containers/nobody', status: 404, message });
});

const runc = 'OCI runtime create failed: runc create failed: unable to start container process';
const failures: readonly (readonly [body: object, status: number, code: number, message: string | RegExp])[] = [
  [
    { Cmd: ['/nope'] },
    400,
    127,
    `failed to create task for container: failed to create shim task: ${runc}: exec: "/nope": stat /nope: no such file or directory`,
  ],
  [{ Cmd: ['nope'] }, 400, 127, /exec: "nope": executable file not found in \$PATH$/],
  [{ Cmd: ['/etc/passwd'] }, 400, 126, /exec: "\/etc\/passwd": permission denied$/],
  [{ User: 'nouser' }, 500, 128, 'unable to find user nouser: no matching entries in passwd file'],
  [{ User: 'root:nogrp' }, 500, 128, 'unable to find group nogrp: no matching entries in group file'],
  [
    { HostConfig: { NetworkMode: 'nonet' } },
    404,
    128,
    'failed to set up container networking: network nonet not found',
  ],
  [
    { HostConfig: { Devices: [{ PathOnHost: '/dev/nope' }] } },
    500,
    128,
    /custom device "\/dev\/nope": no such file or directory$/,
  ],
  [{ HostConfig: { DeviceCgroupRules: ['zz'] } }, 500, 128, "invalid device cgroup rule format: 'zz'"],
  [
    { HostConfig: { DeviceRequests: [{ Count: -1, Capabilities: [['gpu']] }] } },
    500,
    128,
    'could not select device driver "" with capabilities: [[gpu]]',
  ],
  [
    { HostConfig: { Sysctls: { 'kernel.panic': '1' } } },
    500,
    128,
    /sysctl "kernel.panic" is not in a separate kernel namespace$/,
  ],
  [
    { HostConfig: { Sysctls: { 'net.core.somaxconn': '9' }, NetworkMode: 'host' } },
    500,
    128,
    /not allowed in host network namespace$/,
  ],
  [{ HostConfig: { Ulimits: [{ Name: 'nope', Soft: 1, Hard: 2 }] } }, 500, 128, /wrong rlimit value: RLIMIT_NOPE$/],
  [
    { HostConfig: { Binds: ['/srv:/etc/passwd'] } },
    400,
    127,
    /not a directory: Are you trying to mount a directory onto a file/,
  ],
];

for (const [body, status, code, message] of failures)
  life(`a start fails for ${JSON.stringify(body)}`, async () => {
    const id = await containers.created(body);
    await expectRefusal(engine, { method: 'POST', path: `/containers/${id}/start`, status, message });
    const state = await stateOf(id);
    assert.equal([state.Status, state.ExitCode], ['created', code]);
    assert.ok(state.Error !== '');
  });

life('starts below a control group that somebody has just made, which has no processors yet', async () => {
  const root = '/sys/fs/cgroup';
  if (!existsSync(`${root}/cpuset/cpuset.cpus`) || process.getuid?.() !== 0) return;
  const parent = `life-${process.pid}`;
  mkdirSync(`${root}/cpuset/${parent}`);
  const id = await containers.created({ Cmd: ['true'], HostConfig: { CgroupParent: `/${parent}` } });
  assert.is((await post(id, 'start')).status, 204);
  assert.equal((await post(id, 'wait')).json, { StatusCode: 0 });
  await containers.clear();
  for (const hierarchy of readdirSync(root).filter((name) => existsSync(`${root}/${name}/${parent}`)))
    await rmdir(`${root}/${hierarchy}/${parent}`);
});

life.run();
