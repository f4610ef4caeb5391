/** Containers on networks: addresses, names, live connections, default routes, published ports. */
import { createServer } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, eventually, expectRefusal, printedIn } from '../support/api.js';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { startEngine, type TestEngine } from '../support/engine.js';

const networks = suite('containers on networks');
let engine: TestEngine;
const made: { readonly kind: 'containers' | 'networks'; readonly id: string }[] = [];

networks.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
});
networks.after.each(async () => {
  for (const kind of ['containers', 'networks'] as const)
    for (const { id } of made.filter((one) => one.kind === kind))
      await engine.request('DELETE', `/${kind}/${id}?force=1`);
  made.length = 0;
});
networks.after(() => engine.stop());

async function network(name: string, body: object = {}): Promise<string> {
  const { json } = await ask(engine, 'POST', '/networks/create', { Name: name, ...body });
  made.push({ kind: 'networks', id: json.Id });
  return json.Id;
}

async function created(name: string, body: object): Promise<string> {
  const wish = { Image: busyboxImage, Cmd: ['sleep', '600'], StopSignal: 'KILL', ...body };
  const { json } = await ask(engine, 'POST', `/containers/create?name=${name}`, wish);
  made.push({ kind: 'containers', id: json.Id });
  return json.Id;
}

async function running(name: string, body: object): Promise<string> {
  const id = await created(name, body);
  await ask(engine, 'POST', `/containers/${id}/start`);
  return id;
}

const on = (name: string, settings: object = {}) => ({
  HostConfig: { NetworkMode: name },
  NetworkingConfig: { EndpointsConfig: { [name]: settings } },
});
const pools = (...Config: readonly object[]) => ({ IPAM: { Config } });
const endpointsOf = async (id: string) =>
  (await ask(engine, 'GET', `/containers/${id}/json`)).json.NetworkSettings.Networks;
const connect = (net: string, Container: string, EndpointConfig: object = {}) =>
  ask(engine, 'POST', `/networks/${net}/connect`, { Container, EndpointConfig });
const disconnect = (net: string, Container: string) =>
  ask(engine, 'POST', `/networks/${net}/disconnect`, { Container });

networks('a container has the address, the MAC and the aliases that it was given', async () => {
  await network('contract-n1', pools({ Subnet: '10.216.1.0/24', Gateway: '10.216.1.5' }));
  const settings = {
    IPAMConfig: { IPv4Address: '10.216.1.77' },
    MacAddress: '02:42:ac:11:ff:01',
    Aliases: ['contract-alias'],
  };
  const id = await running('contract-c1', on('contract-n1', settings));
  const { 'contract-n1': endpoint } = await endpointsOf(id);
  assert.is(endpoint.IPAddress, '10.216.1.77');
  assert.is(endpoint.IPPrefixLen, 24);
  assert.is(endpoint.Gateway, '10.216.1.5');
  assert.is(endpoint.MacAddress, '02:42:ac:11:ff:01');
  assert.equal(endpoint.DNSNames, ['contract-c1', 'contract-alias', id.slice(0, 12)]);
  assert.equal(endpoint.Aliases, ['contract-alias']);
  const old = (await ask(engine, 'GET', `/v1.44/containers/${id}/json`)).json.NetworkSettings.Networks['contract-n1'];
  assert.equal(old.Aliases, ['contract-alias', id.slice(0, 12)]);
  const { json } = await ask(engine, 'GET', '/networks/contract-n1');
  assert.is(json.Containers[id].Name, 'contract-c1');
  assert.is(json.Containers[id].IPv4Address, '10.216.1.77/24');
  const printed = await printedIn(engine, id, 'ip -o -4 addr show eth0; cat /sys/class/net/eth0/address; ip route');
  assert.match(printed, /10\.216\.1\.77\/24/);
  assert.match(printed, /02:42:ac:11:ff:01/);
  assert.match(printed, /default via 10\.216\.1\.5 dev eth0/);
});

networks('an ip-range hands out its own addresses: the first to the gateway, none that is somebody’s', async () => {
  const taken = { AuxiliaryAddresses: { router: '10.216.2.65' } };
  await network('contract-n2', pools({ Subnet: '10.216.2.0/24', IPRange: '10.216.2.64/26', ...taken }));
  const id = await running('contract-c2', on('contract-n2'));
  assert.is((await endpointsOf(id))['contract-n2'].IPAddress, '10.216.2.66');
});

networks('names and aliases are found, by IPv4 and by IPv6, and answer to a ping', async () => {
  await network('contract-n3', {
    EnableIPv6: true,
    ...pools({ Subnet: '10.216.3.0/24' }, { Subnet: 'fd77:16:3::/64' }),
  });
  await running('contract-c3', on('contract-n3', { Aliases: ['contract-alias3'] }));
  const asker = await running('contract-c4', on('contract-n3'));
  const { 'contract-n3': endpoint } = await endpointsOf('contract-c3');
  assert.match(endpoint.GlobalIPv6Address, /^fd77:16:3::/);
  assert.is(endpoint.GlobalIPv6PrefixLen, 64);
  assert.is(endpoint.IPv6Gateway, 'fd77:16:3::1');
  for (const name of ['contract-c3', 'contract-alias3', 'contract-c3.contract-n3']) {
    const found = await printedIn(engine, asker, `nslookup ${name}`);
    assert.ok(found.includes(`Address: ${endpoint.IPAddress}\n`), found);
    assert.ok(found.includes(`Address: ${endpoint.GlobalIPv6Address}\n`), found);
  }
  assert.match(await printedIn(engine, asker, 'ping -4 -c1 -w5 contract-c3'), / 0% packet loss/);
  assert.match(await printedIn(engine, asker, 'ping -6 -c1 -w5 contract-alias3'), / 0% packet loss/);
  assert.match(await printedIn(engine, asker, 'ip -6 route'), /default via fd77:16:3::1 dev eth0/);
  assert.match(await printedIn(engine, asker, 'cat /etc/hosts'), /^fd77:16:3::[0-9a-f]+\t/m);
});

networks('who asks for both families of an alias meets everybody who has it first', async () => {
  await network('contract-rr');
  for (const name of ['contract-r1', 'contract-r2']) await running(name, on('contract-rr', { Aliases: ['many'] }));
  const asker = await running('contract-r3', on('contract-rr'));
  const ask20 = 'for i in $(seq 20); do nslookup many | grep -A1 Name: | sed -n 2p; done | sort -u | wc -l';
  assert.is((await printedIn(engine, asker, ask20)).trim(), '2');
});

networks('a network of IPv6 alone has names, a default route and no IPv4 address', async () => {
  await network('contract-n6', { EnableIPv4: false, EnableIPv6: true, ...pools({ Subnet: 'fd77:16:6::/64' }) });
  const id = await running('contract-c6', on('contract-n6'));
  const { 'contract-n6': endpoint } = await endpointsOf(id);
  assert.is(endpoint.IPAddress, '');
  assert.is(endpoint.GlobalIPv6Address, 'fd77:16:6::2');
  assert.not.match(await printedIn(engine, id, 'ip -4 -o addr show eth0'), /inet /);
  assert.ok((await printedIn(engine, id, 'nslookup contract-c6')).includes('Address: fd77:16:6::2\n'));
});

networks('a running container is connected and disconnected while it runs', async () => {
  await network('contract-n4', pools({ Subnet: '10.216.4.0/24' }));
  await network('contract-n5', pools({ Subnet: '10.216.5.0/24' }));
  const id = await running('contract-c5', on('contract-n4'));
  const peer = await running('contract-c7', on('contract-n5'));
  await connect('contract-n5', id, { IPAMConfig: { IPv4Address: '10.216.5.50' }, Aliases: ['late'] });
  assert.is((await endpointsOf(id))['contract-n5'].IPAddress, '10.216.5.50');
  assert.match(await printedIn(engine, id, 'ip -o -4 addr show eth1'), /10\.216\.5\.50\/24/);
  assert.match(await printedIn(engine, peer, 'ping -c1 -w5 late'), /10\.216\.5\.50.* 0% packet loss/s);
  await disconnect('contract-n5', id);
  assert.equal(Object.keys(await endpointsOf(id)), ['contract-n4']);
  assert.not.match(await printedIn(engine, id, 'ip -o link'), /eth1/);
  assert.match(await printedIn(engine, peer, 'ping -c1 -w1 late'), /bad address/);
});

networks('what was connected before the start is there at the start', async () => {
  await network('contract-n4', pools({ Subnet: '10.216.4.0/24' }));
  const id = await created('contract-c8', {});
  await connect('contract-n4', id);
  assert.equal(Object.keys(await endpointsOf(id)).sort(), ['bridge', 'contract-n4']);
  await ask(engine, 'POST', `/containers/${id}/start`);
  const endpoints = await endpointsOf(id);
  assert.match(endpoints['contract-n4'].IPAddress, /^10\.216\.4\./);
  assert.ok(endpoints.bridge.IPAddress);
});

networks('the default route goes by priority, and by the network of both families', async () => {
  await network('contract-na', pools({ Subnet: '10.216.10.0/24' }));
  await network('contract-nb', pools({ Subnet: '10.216.11.0/24' }));
  await network('contract-nc', {
    EnableIPv6: true,
    ...pools({ Subnet: '10.216.12.0/24' }, { Subnet: 'fd77:16:12::/64' }),
  });
  const joined = (EndpointsConfig: object) => ({
    HostConfig: { NetworkMode: 'contract-na' },
    NetworkingConfig: { EndpointsConfig },
  });
  const route = async (name: string, endpoints: object) =>
    printedIn(engine, await running(name, joined(endpoints)), 'ip route | head -n1');
  assert.match(await route('contract-c9', { 'contract-na': {}, 'contract-nb': {} }), /via 10\.216\.10\.1 /);
  const preferred = { 'contract-na': {}, 'contract-nb': { GwPriority: 5 } };
  assert.match(await route('contract-ca', preferred), /via 10\.216\.11\.1 /);
  assert.match(await route('contract-cb', { 'contract-na': {}, 'contract-nc': {} }), /via 10\.216\.12\.1 /);
});

networks('nothing leaves an internal network, and its names are known', async () => {
  await network('contract-ni', { Internal: true });
  const id = await running('contract-cc', on('contract-ni'));
  const endpoint = (await endpointsOf(id))['contract-ni'];
  assert.is(endpoint.Gateway, '');
  assert.not.match(await printedIn(engine, id, 'ip route'), /default/);
  assert.ok((await printedIn(engine, id, 'nslookup contract-cc')).includes(`Address: ${endpoint.IPAddress}\n`));
  assert.match(await printedIn(engine, id, 'nslookup nothing.example'), /SERVFAIL/);
});

networks('the default bridge knows links and no names', async () => {
  const db = await running('contract-cd', { Env: ['SECRET=1'] });
  const id = await running('contract-ce', { HostConfig: { Links: ['contract-cd:db'] } });
  const { IPAddress } = (await endpointsOf(db)).bridge;
  const printed = await printedIn(engine, id, 'cat /etc/hosts; env; ping -c1 -w5 db; nslookup contract-cd');
  assert.ok(printed.includes(`${IPAddress}\tdb ${db.slice(0, 12)} contract-cd\n`), printed);
  assert.match(printed, /^DB_NAME=\/contract-ce\/db$/m);
  assert.match(printed, /^DB_ENV_SECRET=1$/m);
  assert.match(printed, / 0% packet loss/);
  assert.not.match(printed, new RegExp(`^Address: ${IPAddress}$`, 'm'));
});

networks('what cannot be connected is refused', async () => {
  await network('contract-n4', pools({ Subnet: '10.216.4.0/24' }));
  await network('contract-nx');
  const id = await running('contract-cf', on('contract-n4'));
  const host = await running('contract-cg', { HostConfig: { NetworkMode: 'host' } });
  const none = await running('contract-ch', { HostConfig: { NetworkMode: 'none' } });
  const shared = await running('contract-ci', { HostConfig: { NetworkMode: `container:${id}` } });
  const settings = 'invalid endpoint settings:\n';
  const sharing =
    'container sharing network namespace with another container or host cannot be connected to any other network';
  const own = 'user specified IP address is supported only when connecting to networks with user configured subnets';
  const refusals: readonly (readonly [net: string, container: string, wish: object, status: number, why: string])[] = [
    ['contract-n4', id, {}, 403, 'endpoint with name contract-cf already exists in network contract-n4'],
    [
      'contract-n4',
      id,
      { IPAMConfig: { IPv4Address: '10.9.9.9' } },
      400,
      `${settings}no configured subnet or ip-range contain the IP address 10.9.9.9`,
    ],
    [
      'contract-n4',
      id,
      { IPAMConfig: { IPv4Address: 'zz' } },
      400,
      `${settings}* invalid IPv4 address: zz\n* no configured subnet or ip-range contain the IP address zz`,
    ],
    ['contract-nx', id, { IPAMConfig: { IPv4Address: '10.9.9.9' } }, 400, `${settings}${own}`],
    ['contract-nx', id, { MacAddress: 'zz' }, 400, 'invalid MAC address zz'],
    [
      'bridge',
      id,
      { Aliases: ['x'] },
      400,
      `${settings}network-scoped alias is supported only for containers in user defined networks`,
    ],
    ['host', id, {}, 400, 'cannot connect container to host network - container must be created in host network mode'],
    ['contract-n4', host, {}, 400, sharing],
    ['contract-n4', shared, {}, 400, sharing],
    [
      'contract-n4',
      none,
      {},
      400,
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    ],
  ];
  for (const [net, Container, EndpointConfig, status, message] of refusals)
    await expectRefusal(engine, {
      method: 'POST',
      path: `/networks/${net}/connect`,
      body: { Container, EndpointConfig },
      status,
      message,
    });
  await expectRefusal(engine, {
    method: 'POST',
    path: '/networks/contract-nx/disconnect',
    body: { Container: id },
    status: 500,
    message: `container ${id} is not connected to network contract-nx`,
  });
  await expectRefusal(engine, {
    method: 'DELETE',
    path: '/networks/contract-n4',
    status: 403,
    message:
      /^error while removing network: network contract-n4 has active endpoints \(name:"contract-cf" id:"[0-9a-f]{12}"\)$/,
  });
});

networks('a container leaves its private mode before it is connected', async () => {
  await network('contract-n4', pools({ Subnet: '10.216.4.0/24' }));
  const id = await running('contract-cj', { HostConfig: { NetworkMode: 'none' } });
  await disconnect('none', id);
  await connect('contract-n4', id);
  assert.match(await printedIn(engine, id, 'ip -o -4 addr'), /10\.216\.4\./);
});

const published = (HostPort: string, HostIp = '', port = '80/tcp') => ({
  ExposedPorts: { [port]: {} },
  HostConfig: { PortBindings: { [port]: [{ HostIp, HostPort }] } },
});

networks('a published port is on both families, and a second one that wants it is refused', async () => {
  const first = await running('contract-ck', published(''));
  const ports = (await ask(engine, 'GET', `/containers/${first}/json`)).json.NetworkSettings.Ports['80/tcp'];
  const { HostPort } = ports[0];
  assert.equal(ports, [
    { HostIp: '0.0.0.0', HostPort },
    { HostIp: '::', HostPort },
  ]);
  const second = await created('contract-cl', published(HostPort));
  const { status, json } = await engine.request('POST', `/containers/${second}/start`);
  assert.is(status, 500);
  assert.match(
    json.message,
    new RegExp(
      `driver failed programming external connectivity on endpoint contract-cl \\([0-9a-f]{64}\\): Bind for (0\\.0\\.0\\.0|::|:::?):${HostPort} failed: port is already allocated$`,
    ),
  );
});

networks('a port that another program has is refused, and the container stays created', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    const { port } = server.address() as { port: number };
    const id = await created('contract-cm', published(String(port), '127.0.0.1'));
    await expectRefusal(engine, {
      method: 'POST',
      path: `/containers/${id}/start`,
      status: 500,
      message: new RegExp(`failed to bind host port (for )?127\\.0\\.0\\.1:${port}.*: address already in use`),
    });
    assert.is((await ask(engine, 'GET', `/containers/${id}/json`)).json.State.Status, 'created');
  } finally {
    server.close();
  }
});

networks('a network may bind its ports to an address of its own', async () => {
  await network('contract-nh', { Options: { 'com.docker.network.bridge.host_binding_ipv4': '127.0.0.1' } });
  const { HostConfig, ...rest } = published('');
  const id = await running('contract-cn', { ...rest, HostConfig: { ...HostConfig, NetworkMode: 'contract-nh' } });
  const ports = (await ask(engine, 'GET', `/containers/${id}/json`)).json.NetworkSettings.Ports['80/tcp'];
  assert.is(ports.length, 1);
  assert.is(ports[0].HostIp, '127.0.0.1');
});

networks('a published port answers over TCP', async () => {
  const serve = ['sh', '-c', 'while true; do echo hello | nc -l -p 80; done'];
  const id = await running('contract-co', { ...published('', '127.0.0.1'), Cmd: serve });
  const { Ports } = (await ask(engine, 'GET', `/containers/${id}/json`)).json.NetworkSettings;
  const port = Number(Ports['80/tcp'][0].HostPort);
  await eventually('an answer of the port', () => answers(port, 'hello\n'));
});

async function answers(port: number, wanted: string): Promise<boolean> {
  const { connect: dial } = await import('node:net');
  return new Promise((resolve) => {
    const socket = dial(port, '127.0.0.1');
    let text = '';
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('data', (chunk) => {
      text += chunk;
      if (text === wanted) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text === wanted));
  });
}

networks('ports of one container port are shown by their numbers', async () => {
  const bind = (HostPort: string) => ({ HostIp: '127.0.0.1', HostPort });
  const HostConfig = { PortBindings: { '80/tcp': [bind(''), bind('28999'), bind('28997')] } };
  const id = await running('contract-ports-order', { ExposedPorts: { '80/tcp': {} }, HostConfig });
  const { json } = await ask(engine, 'GET', `/containers/${id}/json`);
  const shown: { HostPort: string }[] = json.NetworkSettings.Ports['80/tcp'];
  assert.equal(
    shown.slice(0, 2).map(({ HostPort }) => HostPort),
    ['28997', '28999'],
  );
  assert.is(shown.length, 3);
});

networks.run();
