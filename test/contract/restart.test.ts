/** What a restart gives anew and what it leaves: the process and all that hangs on it, and the container around it. */
import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, eventually, printedIn } from '../support/api.js';
import { importBusybox } from '../support/busybox.js';
import { Containers } from '../support/containers.js';
import { isOtherEngine, startEngine, type TestEngine } from '../support/engine.js';
import { needs } from '../support/without-root.js';

const restarts = suite('a restart');
let engine: TestEngine;
let containers: Containers;
restarts.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
  containers = new Containers(engine);
});
restarts.after.each(() => containers.clear());
restarts.after(() => engine.stop());

const restart = (id: string) => ask(engine, 'POST', `/containers/${id}/restart?t=0`);
const inside = (id: string, script: string) => printedIn(engine, id, script);
const logOf = async (id: string) => (await ask(engine, 'GET', `/containers/${id}/logs?stdout=1&stderr=1`)).text;
const ended = (what: string, id: string) => eventually(what, async () => !(await containers.inspect(id)).State.Running);

restarts('empties memory file systems and keeps what was written to the root and to volumes', async () => {
  const id = await containers.running({
    Volumes: { '/data': {} },
    HostConfig: { Tmpfs: { '/scratch': '' } },
  });
  await inside(
    id,
    'for folder in /scratch /dev/shm /data /root /run; do mkdir -p $folder; echo 1 > $folder/file; done',
  );
  const before = await containers.inspect(id);
  await restart(id);
  const after = await containers.inspect(id);
  const left = await inside(id, 'ls -1d /scratch/* /dev/shm/* /data/* /root/* 2>/dev/null; hostname; cat /proc/1/comm');
  assert.equal(left.trim().split('\n'), ['/data/file', '/root/file', id.slice(0, 12), 'sleep']);
  assert.is.not(after.State.Pid, before.State.Pid);
  assert.ok(after.State.StartedAt > before.State.StartedAt);
  assert.ok(after.State.FinishedAt > before.State.StartedAt);
  assert.equal([after.RestartCount, after.State.ExitCode, after.State.Status], [0, 0, 'running']);
  assert.equal(after.Mounts, before.Mounts);
});

restarts('ends every process and tells so in order', async () => {
  const id = await containers.running();
  const exec = (await ask(engine, 'POST', `/containers/${id}/exec`, { Cmd: ['sleep', '1000'] })).json.Id;
  await ask(engine, 'POST', `/exec/${exec}/start`, { Detach: true });
  const since = Math.floor(Date.now() / 1000) - 1;
  await restart(id);
  assert.is(await inside(id, 'ps | grep -c "[s]leep 1000"; true'), '0\n');
  await eventually('the exec is over', async () => !(await ask(engine, 'GET', `/exec/${exec}/json`)).json.Running);
  const filters = encodeURIComponent(JSON.stringify({ container: [id], type: ['container'] }));
  const until = Math.ceil(Date.now() / 1000) + 1;
  const { text } = await ask(engine, 'GET', `/events?since=${since}&until=${until}&filters=${filters}`);
  const actions = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).Action as string);
  // Docker tells of its SIGKILL once or twice, and of the stop before or after the death.
  const told = actions.slice(actions.indexOf('kill')).filter((action) => !/^exec|kill/.test(action));
  assert.equal(
    [told.slice(0, 2).sort(), told.slice(2)],
    [
      ['die', 'stop'],
      ['start', 'restart'],
    ],
  );
});

restarts('leaves no connection of the last run on its ports', async () => {
  const id = await containers.running();
  const talk = '(nc -l -p 7000 >/dev/null &); sleep 0.2; echo hi | nc -w 1 127.0.0.1 7000; cat /proc/net/tcp';
  // 1B58 is 7000, 06 TIME_WAIT: who closes first keeps the connection for a minute.
  await eventually('a connection is over', async () => /:1B58 06 /.test(await inside(id, talk)));
  await restart(id);
  assert.not.match(await inside(id, 'cat /proc/net/tcp'), /:1B58/);
});

needs(restarts, 'kept network')('keeps address and published port, and serves on it again', async () => {
  const id = await containers.running({
    Cmd: ['sh', '-c', 'while :; do echo run $$ | nc -l -p 80; done'],
    ExposedPorts: { '80/tcp': {} },
    HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1' }] } },
  });
  const first = await containers.inspect(id);
  const namespace = await inside(id, 'readlink /proc/self/ns/net');
  await restart(id);
  if (!isOtherEngine) assert.is(await inside(id, 'readlink /proc/self/ns/net'), namespace);
  const again = await containers.inspect(id);
  assert.is(again.NetworkSettings.Networks.bridge.IPAddress, first.NetworkSettings.Networks.bridge.IPAddress);
  const port = Number(again.NetworkSettings.Ports['80/tcp'][0].HostPort);
  await eventually('the port answers', async () => (await greeting(port)).startsWith('run'));
  const routes = await inside(id, 'ip route; ip -o link | grep -c UP');
  assert.match(routes, /default via/);
});

restarts('goes on with the log, and ends who was attached', async () => {
  const id = await containers.running({ Cmd: ['sh', '-c', 'echo up; sleep 1000'] });
  const followed = ask(engine, 'GET', `/containers/${id}/logs?stdout=1&follow=1`);
  await eventually('the first line', async () => (await logOf(id)).includes('up'));
  await restart(id);
  await followed;
  await eventually('the second line', async () => (await logOf(id)).match(/up/g)?.length === 2);
});

needs(restarts, 'groups')('with a limit changed, a network more and one less', async () => {
  const network = (await ask(engine, 'POST', '/networks/create', { Name: `restart-${process.pid}` })).json.Id;
  const id = await containers.running();
  try {
    await ask(engine, 'POST', `/networks/${network}/connect`, { Container: id });
    await ask(engine, 'POST', `/containers/${id}/update`, { PidsLimit: 77 });
    await restart(id);
    const { HostConfig, NetworkSettings } = await containers.inspect(id);
    assert.is(HostConfig.PidsLimit, 77);
    assert.is(Object.keys(NetworkSettings.Networks).length, 2);
    assert.match(await inside(id, 'ls -1 /sys/class/net'), /eth0\neth1/);
    await ask(engine, 'POST', '/networks/bridge/disconnect', { Container: id });
    await restart(id);
    assert.is(Object.keys((await containers.inspect(id)).NetworkSettings.Networks).length, 1);
    assert.match(await inside(id, 'ls -1 /sys/class/net'), /eth\d\nlo/);
  } finally {
    await containers.clear();
    await ask(engine, 'DELETE', `/networks/${network}`);
  }
});

restarts('makes a network new where a process may have changed it', async () => {
  const id = await containers.running({ HostConfig: { CapAdd: ['NET_ADMIN'] } });
  await inside(id, 'ip link set eth0 mtu 1300; ip addr add 10.99.99.1/32 dev lo');
  await restart(id);
  assert.not.match(await inside(id, 'ip addr'), /10\.99\.99\.1|mtu 1300/);
});

restarts('that cannot start it leaves it ended, with nothing held', async () => {
  const id = await containers.running({ Cmd: ['sh', '-c', 'rm /bin/sleep; exec tail -f /dev/null'] });
  const broken = await containers.running({ Cmd: ['/bin/sleep', '1000'] });
  await inside(broken, 'rm /bin/sleep');
  const { status } = await engine.request('POST', `/containers/${broken}/restart?t=0`);
  assert.ok(status >= 400);
  const { State } = await containers.inspect(broken);
  assert.equal([State.Running, State.ExitCode, State.Pid], [false, 127, 0]);
  await restart(id);
  assert.is((await engine.request('DELETE', `/containers/${broken}`)).status, 204);
});

restarts('again and again, at once, and of one that ends by itself', async () => {
  const id = await containers.running();
  for (let round = 0; round < 5; round++) await restart(id);
  await Promise.all([restart(id), restart(id), restart(id)]);
  assert.is((await containers.inspect(id)).State.Status, 'running');
  const brief = await containers.running({ Cmd: ['sh', '-c', 'exit 3'] });
  await ended('the brief one', brief);
  await restart(brief);
  await ended('the brief one', brief);
  assert.is((await containers.inspect(brief)).State.ExitCode, 3);
});

restarts('that the engine does not survive leaves a container that can be started', async () => {
  if (isOtherEngine) return;
  const id = await containers.running({ Cmd: ['sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done'] });
  const waiting = engine.request('POST', `/containers/${id}/restart?t=60`).catch(() => undefined);
  await eventually('the restart has begun', async () => engine.log() !== undefined);
  await engine.kill();
  await waiting;
  await engine.restart();
  await ask(engine, 'POST', `/containers/${id}/restart?t=0`);
  assert.is((await containers.inspect(id)).State.Status, 'running');
});

/** What is said first on a port; empty when nothing is. */
function greeting(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(1000, () => socket.destroy());
    socket.once('data', (chunk) => resolve(chunk.toString()));
    socket.once('close', () => resolve(''));
    socket.once('error', () => resolve(''));
  });
}

restarts.run();
