/** The network room on the real kernel: bridges, names and published ports of processes in network namespaces. Needs root. */

import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { interfaceOps, linkUp, portOps } from '../../../runtime/launch/interface-ops.js';
import { openLauncher } from '../../../runtime/launch/launcher.js';
import { LaunchError, type Launcher, type Monitor } from '../../../runtime/launch/types.js';
import { markedBridges } from '../../../runtime/network/bridges.js';
import { machineNames } from '../../../runtime/network/names.js';
import { openNetworks } from '../../../runtime/network/networks.js';
import type {
  Endpoint,
  EndpointRequest,
  NetworkRecord,
  Networks,
  PortRequest,
} from '../../../runtime/network/types.js';
import { openStore } from '../../../runtime/state/lmdb-store.js';
import type { Store } from '../../../runtime/state/types.js';

const run = promisify(execFile);
const binary = fileURLToPath(new URL('../../../../runtime/launcher/build/launcher', import.meta.url));

interface Box {
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly request: EndpointRequest;
  readonly monitor: Monitor;
  readonly ports: readonly { readonly hostPort: number }[];
  /** Output of a shell command in its network namespace. */
  sh(command: string): Promise<string>;
  stop(): Promise<void>;
}

interface World {
  folder: string;
  store: Store;
  launcher: Launcher;
  networks: Networks;
  boxes: Box[];
  count: number;
}

const possible = process.getuid?.() === 0 && existsSync(binary);
const wiring = suite<World>('wiring');
const test = possible ? wiring : wiring.skip;

const SERVER = `
const http = require('http'), dgram = require('dgram');
http.createServer((q, s) => s.end('from ' + q.socket.remoteAddress.replace('::ffff:', ''))).listen(80, '0.0.0.0');
const u = dgram.createSocket('udp4', (m, r) => u.send('echo ' + m, r.port, r.address)); u.bind(53535);
`;
const SLEEP = 'setInterval(() => {}, 1 << 30)';

/** Asks for an address by the resolver of the namespace at `server`: prints what came, or the error's code. */
const lookup = (name: string, server = '127.0.0.11') =>
  `${process.execPath} -e "const r=new (require('dns').promises.Resolver)({timeout:3000,tries:1});r.setServers(['${server}']);r.resolve4('${name}').then(a=>console.log(a.sort().join()),e=>console.log(e.code))"`;

const fetchFrom = (url: string) =>
  `${process.execPath} -e "fetch('${url}',{signal:AbortSignal.timeout(1500)}).then(r=>r.text()).then(console.log,e=>console.log('none'))"`;

async function makeNetwork(world: World, name: string, change: Partial<NetworkRecord> = {}): Promise<NetworkRecord> {
  const flags = { driver: 'bridge', internal: false, attachable: false, enableIPv6: false };
  const rest = { ipam: [], ipamOptions: {}, options: {}, labels: {} };
  return (await world.networks.create({ name, ...flags, ...rest, ...change })).network;
}

async function start(
  world: World,
  network: NetworkRecord,
  name: string,
  options: { script?: string; aliases?: string[]; ports?: PortRequest[] } = {},
): Promise<Box> {
  const { networks, launcher, folder } = world;
  const id = (++world.count).toString(16).padStart(64, '0');
  const request: EndpointRequest = {
    networkId: network.id,
    containerId: id,
    containerName: name,
    hostname: '',
    aliases: options.aliases ?? [],
    links: [],
    interfaceName: 'eth0',
  };
  const endpoint = await networks.attach(request);
  const ports = await networks.choosePorts(options.ports ?? [], endpoint);
  const wires = interfaceOps(networks.interfaceSpec(endpoint));
  const proxy = portOps(ports);
  const prepared = await launcher.prepare({
    before: proxy.before,
    clone: ['newnet'],
    host: [...wires.host, ...proxy.host],
    inside: [
      linkUp('lo'),
      { op: 'wait.host' },
      ...wires.inside,
      { op: 'ready' },
      { op: 'exec', args: [process.execPath, '-e', options.script ?? SLEEP], env: [], init: false },
    ],
    monitor: {
      socket: join(folder, `m${world.count}`),
      exitFile: join(folder, `e${world.count}`),
      logMaxFiles: 1,
      logCompresses: false,
      tty: false,
      openStdin: false,
      stdinOnce: false,
      containerId: id,
      joinNamespaces: ['newnet'],
      stallMs: 0,
      cgroupFiles: [],
      cgroupDirectories: [],
      killAll: false,
    },
  });
  await prepared.go();
  await networks.publish(id, ports, endpoint);
  const { monitor } = prepared;
  const sh = async (command: string) =>
    (await run('nsenter', ['-t', String(monitor.pid), '-n', 'sh', '-c', command], { timeout: 10_000 })).stdout.trim();
  const stop = async () => {
    await monitor.signal(9);
    await monitor.exited;
    await world.networks.unpublish(id);
    await world.networks.detach(id);
  };
  const box = { id, endpoint, request, monitor, ports, sh, stop };
  world.boxes.push(box);
  return box;
}

function get(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const request = http.get({ host, port, agent: false, timeout: 2000 }, (response) => {
      response.setEncoding('utf8');
      response.on('data', resolve);
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    request.on('timeout', () => request.destroy());
  });
}

async function eventually(work: () => Promise<string>, wanted: RegExp): Promise<void> {
  let last = '';
  for (let tries = 0; tries < 60; tries++) {
    last = await work();
    if (wanted.test(last)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.match(last, wanted);
}

const open = (world: World) =>
  openNetworks({
    ...world,
    interfaceOps,
    install: async () => undefined,
    paths: { runtime: world.folder },
    claimsFolder: join(world.folder, 'p'),
  });

wiring.before(async (world) => {
  if (!possible) return;
  world.folder = await mkdtemp(join(tmpdir(), 'dvnet-'));
  world.store = openStore(join(world.folder, 'state'));
  world.launcher = await openLauncher({ binary, socketDirectory: world.folder });
  world.networks = open(world);
  world.boxes = [];
  world.count = 0;
  await world.networks.open();
});

wiring.after.each(async (world) => {
  if (!possible) return;
  for (const box of world.boxes.splice(0)) await box.stop();
  for (const network of world.networks.list()) if (!network.predefined) await world.networks.remove(network.id);
});

wiring.after(async (world) => {
  if (!possible) return;
  await world.networks.close();
  assert.equal([...(await markedBridges(machineNames(world.folder))).keys()], []);
  await world.launcher.close();
  await world.store.close();
  await rm(world.folder, { recursive: true, force: true });
});

test('containers of a network reach and know each other', async (world) => {
  const network = await makeNetwork(world, 'front');
  const web = await start(world, network, 'web-1', { script: SERVER, aliases: ['web'] });
  const second = await start(world, network, 'web-2', { aliases: ['web'] });
  await eventually(
    () => second.sh(fetchFrom(`http://${web.endpoint.ipv4}/`)),
    new RegExp(`from ${second.endpoint.ipv4}`),
  );
  assert.is(await second.sh(lookup('web-1')), web.endpoint.ipv4);
  assert.is(await second.sh(lookup('WEB')), [web.endpoint.ipv4, second.endpoint.ipv4].sort().join());
  assert.is(
    await second.sh(lookup('web', network.ipam[0]?.gateway)),
    [web.endpoint.ipv4, second.endpoint.ipv4].sort().join(),
  );
});

test('networks are apart, and internal ones have no way out', async (world) => {
  const front = await makeNetwork(world, 'front');
  const inner = await makeNetwork(world, 'inner', { internal: true });
  const web = await start(world, front, 'web', { script: SERVER });
  const box = await start(world, inner, 'box');
  assert.is(await box.sh(fetchFrom(`http://${web.endpoint.ipv4}/`)), 'none');
  assert.not.match(await box.sh('ip route'), /default/);
  assert.is(await box.sh(lookup('web')), 'ESERVFAIL');
});

test('a published port is reached through the proxy and through the kernel', async (world) => {
  const network = await makeNetwork(world, 'front');
  const ports: PortRequest[] = [{ protocol: 'tcp', hostIp: '127.0.0.1', hostPort: 0, containerPort: 80 }];
  const web = await start(world, network, 'web', { script: SERVER, ports });
  const port = web.ports[0]!.hostPort;
  await eventually(() => get('127.0.0.1', port), new RegExp(`from ${network.ipam[0]?.gateway}`));
  await world.networks.unpublish(web.id);
  assert.is(await get('127.0.0.1', port), `from ${web.endpoint.ipv4}`);
});

test('the proxy passes much data and the end of input both ways', async (world) => {
  const network = await makeNetwork(world, 'front');
  const script = `require('net').createServer({allowHalfOpen: true}, (s) => s.pipe(s)).listen(81, '0.0.0.0')`;
  const ports: PortRequest[] = [{ protocol: 'tcp', hostIp: '127.0.0.1', hostPort: 0, containerPort: 81 }];
  const echo = await start(world, network, 'echo', { script, ports });
  await world.networks.unpublish(echo.id);
  const port = echo.ports[0]!.hostPort;
  const exchange = (bytes: Buffer) =>
    new Promise<string>((resolve) => {
      const hash = createHash('sha256');
      const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
      socket.on('data', (chunk) => hash.update(chunk));
      socket.on('end', () => resolve(hash.digest('hex')));
      socket.on('error', (error) => resolve(error.message));
      socket.end(bytes);
    });
  const small = Buffer.from('a line');
  const large = randomBytes(6_000_000);
  const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  await eventually(() => exchange(small), new RegExp(digest(small)));
  // The kernel resets what comes while a listener's queue is full.
  const atOnce = Math.min(84, Number(await readFile('/proc/sys/net/core/somaxconn', 'utf8')));
  const all = [large, small, large, small, ...new Array<Buffer>(80).fill(small)];
  const got = new Set<string>();
  while (all.length > 0) for (const one of await Promise.all(all.splice(0, atOnce).map(exchange))) got.add(one);
  assert.equal([...got].sort(), [digest(small), digest(large)].sort());
});

test('datagrams of a client that never pauses find the container that takes over', async (world) => {
  const network = await makeNetwork(world, 'front');
  const first = await start(world, network, 'one', {
    script: SERVER,
    ports: [{ protocol: 'udp', hostIp: '127.0.0.1', hostPort: 0, containerPort: 53535 }],
  });
  const hostPort = first.ports[0]!.hostPort;
  const client = createSocket('udp4');
  const answers: string[] = [];
  client.on('message', (message) => answers.push(String(message)));
  client.on('error', () => undefined);
  const ask = async (word: string) => {
    client.send(word, hostPort, '127.0.0.1');
    await new Promise((resolve) => setTimeout(resolve, 50));
    return answers.join();
  };
  await eventually(() => ask('a'), /echo a/);
  await first.stop();
  world.boxes.length = 0;
  await start(world, network, 'two', {
    script: SERVER,
    ports: [{ protocol: 'udp', hostIp: '127.0.0.1', hostPort, containerPort: 53535 }],
  });
  await eventually(() => ask('b'), /echo b/);
  client.close();
});

test('a connection that the container refuses is reset', async (world) => {
  const network = await makeNetwork(world, 'front');
  const ports: PortRequest[] = [{ protocol: 'tcp', hostIp: '127.0.0.1', hostPort: 0, containerPort: 81 }];
  const web = await start(world, network, 'web', { ports });
  assert.match(await get('127.0.0.1', web.ports[0]!.hostPort), /ECONNRESET|ECONNREFUSED/);
});

test('a busy port fails the start and names who has it', async (world) => {
  const network = await makeNetwork(world, 'front');
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const ports: PortRequest[] = [{ protocol: 'tcp', hostIp: '127.0.0.1', hostPort: port, containerPort: 80 }];
  const failure = await start(world, network, 'web', { ports }).catch((error) => error);
  assert.instance(failure, LaunchError);
  assert.equal(
    [failure.operation, failure.errno, failure.subject],
    ['port.listen', 'EADDRINUSE', `127.0.0.1:${port}/tcp`],
  );
  assert.match(
    (await world.networks.portHolder('tcp', '127.0.0.1', port)) ?? '',
    new RegExp(`\\(pid ${process.pid}\\)`),
  );
  await world.networks.detach('1'.padStart(64, '0'));
  for (const { containerId } of world.networks.endpoints(network.id)) await world.networks.detach(containerId);
  server.close();
});

test('a running container is plugged into another network and unplugged', async (world) => {
  const front = await makeNetwork(world, 'front');
  const back = await makeNetwork(world, 'back');
  const db = await start(world, back, 'db', { script: SERVER });
  const web = await start(world, front, 'web');
  assert.match(await web.sh(lookup('db.back')), /^E/);
  const plugged = await world.networks.attach({ ...web.request, networkId: back.id, interfaceName: 'eth1' });
  await world.networks.plug(plugged, web.monitor.pid);
  assert.is(await web.sh(lookup('db')), db.endpoint.ipv4);
  await eventually(() => web.sh(fetchFrom(`http://${db.endpoint.ipv4}/`)), /^from /);
  await world.networks.unplug(web.endpoint, web.monitor.pid);
  await world.networks.detach(web.id, front.id);
  assert.match(await web.sh('ip route'), new RegExp(`default via ${back.ipam[0]?.gateway}`));
  assert.is(await web.sh(lookup('db')), db.endpoint.ipv4);
});

test('the next engine finds networks, addresses and names again', async (world) => {
  const network = await makeNetwork(world, 'front');
  const web = await start(world, network, 'web');
  // A killed engine gives nothing back: its networks are just not heard of any more, but for the sockets of its resolver.
  const killed = world.networks;
  await killed.close();
  await rm(join(world.folder, 'p'), { recursive: true, force: true });
  world.networks = open(world);
  await world.networks.open();
  world.networks.adopt(web.endpoint, web.request);
  const other = await start(world, network, 'other');
  assert.is.not(other.endpoint.ipv4, web.endpoint.ipv4);
  assert.is(await web.sh(lookup('other')), other.endpoint.ipv4);
  assert.is(await other.sh(lookup('web')), web.endpoint.ipv4);
  await killed.detach(web.id);
});

test('a bridge that nobody knows any more is removed', async (world) => {
  const names = machineNames(world.folder);
  const name = `dv${names.hash.slice(0, 4)}bdeadbeef`;
  await run('ip', ['link', 'add', name, 'type', 'bridge']);
  await run('ip', ['link', 'set', name, 'alias', `${names.aliasPrefix}deadbeef`]);
  const next = open(world);
  await next.open();
  assert.not.ok((await markedBridges(names)).has(name));
  await next.close();
});

wiring.run();
