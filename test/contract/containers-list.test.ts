/** Lists, prune, links, top, changes, update and figures of containers. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, expectRefusal, filterOf } from '../support/api.js';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { Containers } from '../support/containers.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { needs } from '../support/without-root.js';

const lists = suite('lists of containers');
let engine: TestEngine;
let containers: Containers;
lists.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
  containers = new Containers(engine);
});
lists.after.each(() => containers.clear());
lists.after(() => engine.stop());

async function namesOf(filters: object, all = true): Promise<string[]> {
  const { json } = await ask(engine, 'GET', `/containers/json?${all ? 'all=1&' : ''}${filterOf(filters)}`);
  // biome-ignore lint/suspicious/noExplicitAny: an answer
  return json.map((one: any) => one.Names[0]).sort();
}

lists('filters choose as Docker’s do', async () => {
  const a = await containers.running({ Labels: { x: '1', y: '2' }, ExposedPorts: { '80/tcp': {} } }, 'list-a');
  await containers.created({ Labels: { x: '2' } }, 'list-b');
  const c = await containers.running({ Cmd: ['sh', '-c', 'exit 3'] }, 'list-c');
  await ask(engine, 'POST', `/containers/${c}/wait`);
  const mine = { name: ['list-'] };
  const cases: readonly (readonly [filters: object, all: boolean, names: string[]])[] = [
    [mine, true, ['/list-a', '/list-b', '/list-c']],
    [mine, false, ['/list-a']],
    [{ name: ['^list-a$'] }, true, ['/list-a']],
    [{ name: ['^/list-a$'] }, true, ['/list-a']],
    [{ name: ['list-a', 'list-b'] }, true, ['/list-a', '/list-b']],
    [{ ...mine, label: ['x'] }, true, ['/list-a', '/list-b']],
    [{ ...mine, label: ['x=2'] }, true, ['/list-b']],
    [{ ...mine, label: ['x', 'y'] }, true, ['/list-a']],
    [{ name: { 'list-a': true } }, true, ['/list-a']],
    [{ ...mine, status: ['exited'] }, false, ['/list-c']],
    [{ ...mine, status: ['created', 'running'] }, false, ['/list-a', '/list-b']],
    [{ ...mine, exited: ['3'] }, true, ['/list-c']],
    [{ ...mine, exited: ['3'] }, false, []],
    [{ id: [a.slice(0, 12)] }, true, ['/list-a']],
    [{ ...mine, before: ['list-b'] }, true, ['/list-a']],
    [{ ...mine, since: ['list-a'] }, true, ['/list-b', '/list-c']],
    [{ ...mine, ancestor: [busyboxImage] }, true, ['/list-a', '/list-b', '/list-c']],
    [{ ...mine, ancestor: ['nothing'] }, true, []],
    [{ ...mine, expose: ['80'] }, true, ['/list-a']],
    [{ ...mine, publish: ['80'] }, true, []],
    [{ ...mine, network: ['bridge'] }, false, ['/list-a']],
    [{ ...mine, health: ['none'] }, true, ['/list-a', '/list-b', '/list-c']],
    [{ ...mine, 'is-task': ['true'] }, true, []],
  ];
  for (const [filters, all, names] of cases) assert.equal(await namesOf(filters, all), names, JSON.stringify(filters));
});

lists('a filter that is none is refused', async () => {
  const cases = [
    [{ bogus: ['1'] }, 400, "invalid filter 'bogus'"],
    [
      { status: ['bogus'] },
      400,
      "invalid filter 'status=bogus': invalid value for state (bogus): must be one of created, running, paused, restarting, removing, exited, dead",
    ],
    [{ exited: ['x'] }, 400, `invalid filter 'exited=x': strconv.Atoi: parsing "x": invalid syntax`],
    [
      { health: ['x'] },
      400,
      "invalid filter 'health=x': invalid value for health (x): must be one of none, starting, healthy, unhealthy",
    ],
    [{ before: ['nobody'] }, 404, 'No such container: nobody'],
  ] as const;
  for (const [filters, status, message] of cases)
    await expectRefusal(engine, { method: 'GET', path: `/containers/json?${filterOf(filters)}`, status, message });
});

lists('a line says command, state and ports', async () => {
  const Cmd = ['sh', '-c', "echo 'a b'; sleep 60"];
  const id = await containers.running({ Cmd, ExposedPorts: { '80/tcp': {} } }, 'list-line');
  const [line] = (await ask(engine, 'GET', `/containers/json?size=1&${filterOf({ id: [id] })}`)).json;
  assert.is(line.Command, `sh -c 'echo 'a b'; sleep 60'`);
  assert.is(line.State, 'running');
  assert.match(line.Status, /^Up /);
  assert.equal(line.Ports, [{ PrivatePort: 80, Type: 'tcp' }]);
  assert.ok(line.SizeRootFs > 100_000);
  assert.is(line.NetworkSettings.Networks.bridge.DNSNames, null);
});

lists('prune takes what has ended and fits', async () => {
  const Labels = { 'list-prune': '1' };
  const old = await containers.created({ Labels });
  await containers.running({ Labels });
  const label = ['list-prune'];
  const prune = async (filters: object) => (await ask(engine, 'POST', `/containers/prune?${filterOf(filters)}`)).json;
  assert.equal(await prune({ label: ['list-nobody'] }), { ContainersDeleted: null, SpaceReclaimed: 0 });
  assert.is((await prune({ label, until: ['1h'] })).ContainersDeleted, null);
  assert.equal((await prune({ label })).ContainersDeleted, [old]);
  const path = `/containers/prune?${filterOf({ until: ['x'] })}`;
  await expectRefusal(engine, {
    method: 'POST',
    path,
    status: 400,
    message: 'failed to parse value as time or duration: "x"',
  });
});

lists('links are names, and can be taken away', async () => {
  await containers.running({}, 'list-target');
  await containers.created({ HostConfig: { Links: ['list-target:al', 'list-target:other'] } }, 'list-parent');
  const names = async () =>
    (await ask(engine, 'GET', `/containers/json?all=1&${filterOf({ name: ['^list-target$'] })}`)).json[0].Names.sort();
  assert.equal(await names(), ['/list-parent/al', '/list-parent/other', '/list-target']);
  assert.is((await engine.request('DELETE', '/containers/list-parent/al?link=1')).status, 204);
  assert.equal(await names(), ['/list-parent/other', '/list-target']);
  const { HostConfig } = await containers.inspect('list-parent');
  assert.equal(HostConfig.Links, ['/list-target:/list-parent/other']);
});

lists('top shows its processes alone', async () => {
  const id = await containers.running({ Cmd: ['sh', '-c', 'sleep 50 & wait'] });
  const { json } = await ask(engine, 'GET', `/containers/${id}/top`);
  assert.equal(json.Titles, ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
  // biome-ignore lint/suspicious/noExplicitAny: an answer
  assert.ok(json.Processes.some((row: any) => row[7] === 'sleep 50'));
  const chosen = await ask(engine, 'GET', `/containers/${id}/top?ps_args=-o%20pid,comm`);
  assert.equal(chosen.json.Titles, ['PID', 'COMMAND']);
});

lists('changes are the container’s own', async () => {
  const idle = await containers.running();
  assert.is((await ask(engine, 'GET', `/containers/${idle}/changes`)).json, null);
  await containers.exec(idle, 'mkdir /d; echo x > /d/f; rm /etc/group');
  // biome-ignore lint/suspicious/noExplicitAny: an answer
  const found = (await ask(engine, 'GET', `/containers/${idle}/changes`)).json.map((one: any) => [one.Path, one.Kind]);
  assert.equal(found.sort(), [
    ['/d', 1],
    ['/d/f', 1],
    ['/etc', 0],
    ['/etc/group', 2],
  ]);
});

needs(lists, 'groups')('update changes limits of a running one, and refuses what meets another', async () => {
  const MB = 1024 * 1024;
  const id = await containers.running({ HostConfig: { Memory: 64 * MB } });
  const update = (body: object) => engine.request('POST', `/containers/${id}/update`, body);
  assert.equal((await update({ Memory: 96 * MB, MemorySwap: -1 })).json, { Warnings: null });
  assert.equal((await update({ NanoCpus: 5e8 })).json, { Warnings: null });
  assert.is((await update({ RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } })).status, 200);
  const { HostConfig } = await containers.inspect(id);
  assert.is(HostConfig.Memory, 96 * MB);
  assert.equal(HostConfig.RestartPolicy, { Name: 'on-failure', MaximumRetryCount: 3 });
  const { out } = await containers.exec(
    id,
    'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes memory.max 2>/dev/null',
  );
  assert.is(out, `${96 * MB}\n`);
  const path = `/containers/${id}/update`;
  const cannot = `Cannot update container ${id}: `;
  await expectRefusal(engine, {
    method: 'POST',
    path,
    body: { CpuQuota: 5000 },
    status: 409,
    message: `${cannot}Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set`,
  });
  await expectRefusal(engine, {
    method: 'POST',
    path,
    body: { Memory: 1000 },
    status: 400,
    message: 'Minimum memory limit allowed is 6MB',
  });
});

needs(lists, 'groups')('stats give what clients reckon with', async () => {
  const id = await containers.running({ HostConfig: { Memory: 64 * 1024 * 1024 } });
  const { json } = await ask(engine, 'GET', `/containers/${id}/stats?stream=0`);
  assert.ok(json.cpu_stats.cpu_usage.total_usage >= json.precpu_stats.cpu_usage.total_usage);
  assert.ok(json.cpu_stats.system_cpu_usage > json.precpu_stats.system_cpu_usage);
  assert.ok(json.cpu_stats.online_cpus >= 1);
  assert.is(json.memory_stats.limit, 64 * 1024 * 1024);
  assert.ok(json.memory_stats.usage > 0);
  assert.is(json.pids_stats.current, 1);
  assert.ok(json.networks.eth0.rx_bytes >= 0);
  const path = `/containers/${id}/stats?stream=1&one-shot=1`;
  await expectRefusal(engine, {
    method: 'GET',
    path,
    status: 400,
    message: 'cannot have stream=true and one-shot=true',
  });
});

lists('rm -v takes anonymous volumes alone', async () => {
  const id = await containers.created({ Volumes: { '/v': {} }, HostConfig: { Binds: ['list-kept:/k'] } });
  const { Mounts } = await containers.inspect(id);
  // biome-ignore lint/suspicious/noExplicitAny: an answer
  const anonymous = Mounts.find((one: any) => one.Destination === '/v').Name;
  await ask(engine, 'DELETE', `/containers/${id}?v=1`);
  assert.is((await engine.request('GET', `/volumes/${anonymous}`)).status, 404);
  assert.is((await engine.request('DELETE', '/volumes/list-kept')).status, 204);
});

lists.run();
