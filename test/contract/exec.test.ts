/** Exec: as whom, where, with what, how it ends, and what is said of it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, eventually, expectRefusal } from '../support/api.js';
import { importBusybox } from '../support/busybox.js';
import { Containers, unframed } from '../support/containers.js';
import { startEngine, type TestEngine } from '../support/engine.js';

const execs = suite('exec');
let engine: TestEngine;
let containers: Containers;
let id: string;
execs.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
  containers = new Containers(engine);
  id = await containers.running({ Env: ['A=1'], User: 'nobody', WorkingDir: '/tmp' });
});
execs.after(async () => {
  await containers.clear();
  await engine.stop();
});

const seen: readonly (readonly [what: string, script: string, config: object, out: string])[] = [
  ['the container’s user, folder and environment', 'id -un; pwd; echo $A', {}, 'nobody\n/tmp\n1\n'],
  ['another user', 'id -un; echo $HOME', { User: 'root' }, 'root\n/root\n'],
  ['another group', 'id -u; id -g', { User: '1000:3000' }, '1000\n3000\n'],
  ['another folder', 'pwd', { WorkingDir: '/etc' }, '/etc\n'],
  ['more environment', 'echo $A $B', { Env: ['A=2', 'B=3'] }, '2 3\n'],
];
for (const [what, script, config, out] of seen)
  execs(what, async () => assert.is((await containers.exec(id, script, config)).out, out));

execs('privileged has all capabilities', async () => {
  const { out } = await containers.exec(id, 'grep CapEff /proc/self/status', { Privileged: true, User: 'root' });
  assert.match(out, /f{4}/);
});

execs('exit codes of programs and of none', async () => {
  assert.is((await containers.exec(id, 'exit 3')).code, 3);
  const missing = await containers.exec(id, ['nope']);
  assert.is(missing.code, 127);
  assert.match(missing.out, 'exec: "nope": executable file not found in $PATH');
  const folder = await containers.exec(id, ['/etc']);
  assert.is(folder.code, 126);
  assert.match(folder.out, 'permission denied');
  assert.is((await containers.exec(id, 'pwd', { WorkingDir: '/nope' })).code, 127);
});

execs('both streams are kept apart', async () => {
  const { out, err } = await containers.exec(id, 'echo out; echo err >&2');
  assert.equal([out, err], ['out\n', 'err\n']);
});

execs('refuses users that are not there', async () => {
  const path = `/containers/${id}/exec`;
  const refuses = (User: string, message: string) =>
    expectRefusal(engine, { method: 'POST', path, body: { Cmd: ['id'], User }, status: 400, message });
  await refuses('nouser', 'unable to find user nouser: no matching entries in passwd file');
  await refuses('root:nogrp', 'unable to find group nogrp: no matching entries in group file');
});

const made = async (config: object): Promise<string> =>
  (await ask(engine, 'POST', `/containers/${id}/exec`, config)).json.Id;
const inspected = async (exec: string) => (await ask(engine, 'GET', `/exec/${exec}/json`)).json;

execs('is inspected before, while and after it runs', async () => {
  const exec = await made({ Cmd: ['sh', '-c', 'sleep 1; exit 4'], DetachKeys: 'ctrl-x' });
  const before = await inspected(exec);
  assert.equal([before.Running, before.ExitCode, before.Pid], [false, null, 0]);
  assert.equal(before.ProcessConfig.arguments, ['-c', 'sleep 1; exit 4']);
  assert.is(before.DetachKeys, Buffer.from([0x18]).toString('base64'));
  assert.ok((await containers.inspect(id)).ExecIDs.includes(exec));
  assert.is((await engine.request('POST', `/exec/${exec}/start`, { Detach: true })).status, 200);
  const during = await inspected(exec);
  assert.ok(during.Running && during.Pid > 0);
  const again = { method: 'POST', path: `/exec/${exec}/start`, body: { Detach: true }, status: 409 };
  await expectRefusal(engine, { ...again, message: `exec command ${exec} is already running` });
  await eventually('it has ended', async () => !(await inspected(exec)).Running);
  assert.is((await inspected(exec)).ExitCode, 4);
  await expectRefusal(engine, { ...again, message: `exec command ${exec} has already run` });
  const resize = { method: 'POST', path: `/exec/${exec}/resize?h=1&w=1`, status: 404 };
  await expectRefusal(engine, { ...resize, message: `NotFound: process does not exist ${exec}: not found` });
});

execs('a size that is asked for before it runs waits for that', async () => {
  const exec = await made({ Cmd: ['sh', '-c', 'sleep 0.3; stty size'], AttachStdout: true, Tty: true });
  const resized = engine.request('POST', `/exec/${exec}/resize?h=21&w=43`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const answer = await engine.request('POST', `/exec/${exec}/start`, { Tty: true });
  assert.is((await resized).status, 200);
  assert.is(answer.text, '21 43\r\n');
});

execs('the start’s own Tty says how its output comes', async () => {
  const terminal = await made({ Cmd: ['echo', 'hi'], AttachStdout: true, Tty: true });
  const framed = await engine.request('POST', `/exec/${terminal}/start`, { Tty: false });
  assert.is(unframed(Buffer.from(framed.text)).out, 'hi\r\n');
  const plain = await made({ Cmd: ['echo', 'hi'], AttachStdout: true });
  assert.is((await engine.request('POST', `/exec/${plain}/start`, { Tty: true })).text, 'hi\n');
});

execs('a terminal has the size that was asked for', async () => {
  const exec = await made({
    Cmd: ['sh', '-c', 'stty size; tty'],
    AttachStdout: true,
    Tty: true,
    ConsoleSize: [33, 99],
  });
  const { text } = await engine.request('POST', `/exec/${exec}/start`, { Tty: true, ConsoleSize: [33, 99] });
  assert.match(text, /^33 99\r\n\/dev\/pts\/\d+\r\n$/);
});

execs('an unknown one is not found', async () => {
  for (const [method, path] of [
    ['GET', '/exec/nobody/json'],
    ['POST', '/exec/nobody/start'],
  ] as const)
    await expectRefusal(engine, {
      method,
      path,
      body: method === 'POST' ? {} : undefined,
      status: 404,
      message: 'No such exec instance: nobody',
    });
});

execs.run();
