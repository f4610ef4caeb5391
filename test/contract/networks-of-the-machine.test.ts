/** Networks that stand on a link of the machine, and networks that are made from a configuration. */
import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, expectRefusal, printedIn } from '../support/api.js';
import { importBusybox } from '../support/busybox.js';
import { Containers } from '../support/containers.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { isRoot, needs } from '../support/without-root.js';

const networks = suite('networks on a link of the machine');
const parent = `dvp${process.pid}`;
const made: string[] = [];
/** A link of the machine is for the machine's root. */
const onLink = needs(networks, 'kernel');
let engine: TestEngine;
let containers: Containers;
networks.before(async () => {
  if (isRoot) {
    execFileSync('ip', ['link', 'add', parent, 'type', 'veth', 'peer', 'name', `${parent}b`]);
    for (const link of [parent, `${parent}b`]) execFileSync('ip', ['link', 'set', link, 'up']);
  }
  engine = await startEngine();
  await importBusybox(engine);
  containers = new Containers(engine);
});
networks.after.each(async () => {
  await containers.clear();
  for (const id of made.splice(0).reverse()) await engine.request('DELETE', `/networks/${id}`);
});
networks.after(async () => {
  await engine.stop();
  if (isRoot) execFileSync('ip', ['link', 'delete', parent]);
});

const pool = (Subnet: string, more: object = {}) => ({ IPAM: { Config: [{ Subnet, ...more }] } });

async function create(body: object): Promise<string> {
  const { json } = await ask(engine, 'POST', '/networks/create', { Name: `m${process.pid}-${made.length}`, ...body });
  made.push(json.Id);
  return json.Id;
}

const inspect = async (id: string) => (await ask(engine, 'GET', `/networks/${id}`)).json;
const on = (NetworkMode: string) => ({ Cmd: ['sleep', '600'], HostConfig: { NetworkMode } });

onLink('containers of a macvlan are on its parent and reach each other', async () => {
  const id = await create({ Driver: 'macvlan', Options: { parent }, ...pool('10.219.1.0/24') });
  const first = await containers.running(on(id));
  const second = await containers.running(on(id));
  const { Gateway, IPAddress } = Object.values<Record<string, string>>(
    (await containers.inspect(first)).NetworkSettings.Networks,
  )[0]!;
  assert.is(Gateway, '10.219.1.1');
  assert.match(await printedIn(engine, second, `ping -c 1 -W 5 ${IPAddress}`), /1 packets received/);
  assert.match(await printedIn(engine, second, 'ip route'), /^default via 10\.219\.1\.1 dev eth0/);
  const shown = await inspect(id);
  assert.is(shown.Driver, 'macvlan');
  assert.equal(shown.IPAM.Config, [{ Subnet: '10.219.1.0/24' }]);
  assert.equal(Object.keys(shown.Containers).sort(), [first, second].sort());
  assert.equal((await containers.inspect(first)).NetworkSettings.Ports, {});
});

onLink('an internal macvlan has no way out', async () => {
  const id = await create({ Driver: 'macvlan', Internal: true, Options: { parent }, ...pool('10.219.2.0/24') });
  const container = await containers.running(on(id));
  assert.not.match(await printedIn(engine, container, 'ip route'), /default/);
});

onLink('a running container joins and leaves a macvlan', async () => {
  const id = await create({ Driver: 'macvlan', Options: { parent }, ...pool('10.219.3.0/24') });
  const container = await containers.running(on('bridge'));
  await ask(engine, 'POST', `/networks/${id}/connect`, { Container: container });
  assert.match(await printedIn(engine, container, 'ip addr show eth1'), /10\.219\.3\.2\/24/);
  await ask(engine, 'POST', `/networks/${id}/disconnect`, { Container: container });
  assert.not.match(await printedIn(engine, container, 'ip addr'), /10\.219\.3/);
});

onLink('what cannot be a parent is refused', async () => {
  const refused: readonly (readonly [driver: string, options: Record<string, string>, message: string])[] = [
    ['macvlan', { parent: 'lo' }, 'loopback interface is not a valid macvlan parent link'],
    ['ipvlan', { parent: 'lo' }, 'loopback interface is not a valid ipvlan parent link'],
    ['macvlan', { parent: 'nosuch0' }, 'invalid subinterface vlan name nosuch0, example formatting is eth0.10'],
    ['macvlan', { parent: 'nosuch0.5' }, '-o parent interface was not found on the host: nosuch0'],
    ['macvlan', { parent: `${parent}.x` }, 'unable to parse a valid vlan id from: x (ex. eth0.10 for vlan 10)'],
    ['macvlan', { parent: `${parent}.9999` }, 'vlan id must be between 1-4094, received: 9999'],
    [
      'macvlan',
      { parent, macvlan_mode: 'junk' },
      "requested macvlan mode 'junk' is not valid, 'bridge' mode is the macvlan driver default",
    ],
    [
      'ipvlan',
      { parent, ipvlan_mode: 'junk' },
      "requested ipvlan mode 'junk' is not valid, 'l2' mode is the ipvlan driver default",
    ],
    [
      'ipvlan',
      { parent, ipvlan_flag: 'junk' },
      "requested ipvlan flag 'junk' is not valid, 'bridge' is the ipvlan driver default",
    ],
  ];
  for (const [Driver, Options, message] of refused)
    await expectRefusal(engine, {
      method: 'POST',
      path: '/networks/create',
      body: { Name: `m${process.pid}`, Driver, Options, ...pool('10.219.4.0/24') },
      status: 500,
      message,
    });
});

onLink('a parent in passthru mode has one network', async () => {
  const Options = { parent, macvlan_mode: 'passthru' };
  const id = await create({ Driver: 'macvlan', Options, ...pool('10.219.5.0/24') });
  await expectRefusal(engine, {
    method: 'POST',
    path: '/networks/create',
    body: { Name: `m${process.pid}`, Driver: 'macvlan', Options: { parent }, ...pool('10.219.6.0/24') },
    status: 500,
    message: `macvlan network ${id} is already using parent interface ${parent} in mode passthru`,
  });
});

onLink('are made from a configuration, which stays while it is used', async () => {
  const Name = `config${process.pid}`;
  const config = await create({
    Name,
    ConfigOnly: true,
    Options: { parent },
    Labels: { a: 'b' },
    ...pool('10.219.7.0/24', { Gateway: '10.219.7.9' }),
  });
  const id = await create({ Driver: 'macvlan', ConfigFrom: { Network: Name } });
  const shown = await inspect(id);
  assert.equal(shown.ConfigFrom, { Network: Name });
  assert.equal(shown.Options, { parent });
  assert.equal(shown.Labels, { a: 'b' });
  assert.equal(shown.IPAM.Config, [{ Subnet: '10.219.7.0/24', Gateway: '10.219.7.9' }]);
  const kept = await inspect(config);
  assert.equal([kept.ConfigOnly, kept.Driver], [true, 'null']);
  await expectRefusal(engine, {
    method: 'DELETE',
    path: `/networks/${config}`,
    status: 403,
    message: `error while removing network: configuration network "${Name}" is in use`,
  });
});

networks('a configuration is no network to be on', async () => {
  const config = await create({ ConfigOnly: true });
  const why = 'cannot create endpoint on configuration-only network';
  const container = await containers.created(on(config));
  await expectRefusal(engine, {
    method: 'POST',
    path: `/containers/${container}/start`,
    status: 403,
    message: `failed to set up container networking: ${why}`,
  });
  const running = await containers.running(on('bridge'));
  const connect = { method: 'POST', path: `/networks/${config}/connect`, body: { Container: running } };
  await expectRefusal(engine, { ...connect, status: 403, message: why });
});

networks('an endpoint has link-local addresses, kernel settings and a priority of its own', async () => {
  const id = await create({});
  const container = await containers.running(on('bridge'));
  const EndpointConfig = {
    IPAMConfig: { LinkLocalIPs: ['169.254.7.8'] },
    DriverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.log_martians=1' },
    GwPriority: 5,
  };
  await ask(engine, 'POST', `/networks/${id}/connect`, { Container: container, EndpointConfig });
  assert.match(await printedIn(engine, container, 'ip addr show eth1'), /169\.254\.7\.8\/16/);
  assert.is((await printedIn(engine, container, 'cat /proc/sys/net/ipv4/conf/eth1/log_martians')).trim(), '1');
  assert.match(await printedIn(engine, container, 'ip route'), /default via \S+ dev eth1/);
});

networks.run();
