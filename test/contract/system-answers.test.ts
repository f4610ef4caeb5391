/** The engine about itself: ping, version, info, what fills the disk; in all versions of the API. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, expectRefusal, filterOf, queryOf } from '../support/api.js';
import { importBusybox } from '../support/busybox.js';
import { startEngine, type TestEngine } from '../support/engine.js';

const system = suite('system');
let engine: TestEngine;
system.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
});
system.after(() => engine.stop());

system('a ping is whole in its headers, by HEAD too, and never kept', async () => {
  for (const method of ['GET', 'HEAD']) {
    const { status, text, headers } = await engine.request(method, '/v1.24/_ping');
    assert.is(status, 200);
    assert.is(text, method === 'HEAD' ? '' : 'OK');
    assert.is(headers['content-length'], method === 'HEAD' ? '0' : '2');
    assert.is(headers['content-type'], 'text/plain; charset=utf-8');
    assert.is(headers['docker-experimental'], 'false');
    assert.is(headers.pragma, 'no-cache');
    assert.is(headers['cache-control'], 'no-cache, no-store, must-revalidate');
    assert.match(String(headers.server), /\(linux\)$/);
  }
});

system('OPTIONS is answered without a word, wherever', async () => {
  for (const path of ['/info', '/v1.44/containers/json', '/nothing']) {
    const { status, text } = await engine.request('OPTIONS', path);
    assert.is(status, 200);
    assert.is(text, '');
  }
});

system('other methods find nothing', async () => {
  for (const [method, path] of [
    ['PATCH', '/info'],
    ['HEAD', '/info'],
    ['POST', '/_ping'],
    ['GET', '/info/'],
    ['GET', '/'],
    ['GET', '/v1.51'],
  ] as const)
    assert.is((await engine.request(method, path)).status, 404, `${method} ${path}`);
});

const versionKeys =
  'ApiVersion Arch BuildTime Components GitCommit GoVersion KernelVersion MinAPIVersion Os Platform Version';
const detailKeys = 'ApiVersion Arch BuildTime Experimental GitCommit GoVersion KernelVersion MinAPIVersion Os';

system('version has every key', async () => {
  const { json } = await ask(engine, 'GET', '/version');
  assert.is(Object.keys(json).sort().join(' '), versionKeys);
  const [first] = json.Components;
  assert.is(first.Name, 'Engine');
  assert.is(first.Version, json.Version);
  assert.is(Object.keys(first.Details).sort().join(' '), detailKeys);
  for (const value of Object.values(first.Details)) assert.type(value, 'string');
});

/** What clients of Docker read, by type. */
const infoTypes: Readonly<Record<string, 'string' | 'number' | 'boolean' | 'object'>> = {
  ID: 'string',
  Containers: 'number',
  ContainersRunning: 'number',
  ContainersPaused: 'number',
  ContainersStopped: 'number',
  Images: 'number',
  Driver: 'string',
  DriverStatus: 'object',
  Plugins: 'object',
  MemoryLimit: 'boolean',
  SwapLimit: 'boolean',
  CpuCfsPeriod: 'boolean',
  CpuCfsQuota: 'boolean',
  CPUShares: 'boolean',
  CPUSet: 'boolean',
  PidsLimit: 'boolean',
  IPv4Forwarding: 'boolean',
  Debug: 'boolean',
  NFd: 'number',
  OomKillDisable: 'boolean',
  NGoroutines: 'number',
  SystemTime: 'string',
  LoggingDriver: 'string',
  CgroupDriver: 'string',
  CgroupVersion: 'string',
  NEventsListener: 'number',
  KernelVersion: 'string',
  OperatingSystem: 'string',
  OSVersion: 'string',
  OSType: 'string',
  Architecture: 'string',
  IndexServerAddress: 'string',
  RegistryConfig: 'object',
  NCPU: 'number',
  MemTotal: 'number',
  DockerRootDir: 'string',
  HttpProxy: 'string',
  HttpsProxy: 'string',
  NoProxy: 'string',
  Name: 'string',
  Labels: 'object',
  ExperimentalBuild: 'boolean',
  ServerVersion: 'string',
  Runtimes: 'object',
  DefaultRuntime: 'string',
  Swarm: 'object',
  LiveRestoreEnabled: 'boolean',
  Isolation: 'string',
  InitBinary: 'string',
  ContainerdCommit: 'object',
  RuncCommit: 'object',
  InitCommit: 'object',
  SecurityOptions: 'object',
};

system('info has every key, of its type', async () => {
  const { json } = await ask(engine, 'GET', '/info');
  for (const [key, type] of Object.entries(infoTypes)) assert.type(json[key], type, key);
  assert.is(json.DriverStatus[0][0], 'Backing Filesystem');
  assert.is(json.IndexServerAddress, 'https://index.docker.io/v1/');
  assert.ok(json.RegistryConfig.InsecureRegistryCIDRs.includes('127.0.0.0/8'));
  for (const kind of ['Volume', 'Network', 'Log']) assert.ok(Array.isArray(json.Plugins[kind]), kind);
  assert.ok(json.Plugins.Network.includes('bridge'));
  assert.is(json.Containers >= json.ContainersRunning + json.ContainersPaused + json.ContainersStopped, true);
});

system('info of old versions has what was taken away since', async () => {
  const old = (await ask(engine, 'GET', '/v1.40/info')).json;
  assert.type(old.BridgeNfIptables, 'boolean');
  assert.type(old.KernelMemory, 'boolean');
  assert.not('FirewallBackend' in old);
});

system('the disk usage is told by kind, and all of it to old versions', async () => {
  const kinds = async (path: string) => {
    const { json } = await ask(engine, 'GET', path);
    return ['Images', 'Containers', 'Volumes', 'BuildCache'].filter((key) => Array.isArray(json[key]));
  };
  assert.equal(await kinds('/system/df'), ['Images', 'Containers', 'Volumes', 'BuildCache']);
  assert.equal(await kinds('/system/df?type=image'), ['Images']);
  assert.equal(await kinds('/system/df?type=container&type=volume'), ['Containers', 'Volumes']);
  assert.equal(await kinds('/v1.41/system/df?type=image'), ['Images', 'Containers', 'Volumes', 'BuildCache']);
  assert.type((await ask(engine, 'GET', '/v1.41/system/df')).json.BuilderSize, 'number');
});

system('the disk usage adds up', async () => {
  const { json } = await ask(engine, 'GET', '/system/df?type=image');
  const images: readonly { readonly Size: number; readonly SharedSize: number }[] = json.Images;
  const unique = images.reduce((sum, { Size, SharedSize }) => sum + Size - SharedSize, 0);
  const all = images.reduce((sum, { Size }) => sum + Size, 0);
  assert.ok(images.length > 0);
  assert.ok(images.every(({ Size, SharedSize }) => SharedSize >= 0 && SharedSize <= Size));
  assert.ok(json.LayersSize >= unique && json.LayersSize <= all, JSON.stringify(json.LayersSize));
});

const refused: readonly (readonly [method: string, path: string, status: number, message: string])[] = [
  ['GET', '/system/df?type=x', 400, 'unknown object type: x'],
  ['POST', '/build/cancel', 400, 'build ID not provided'],
  ['POST', `/build/prune?${filterOf({ nope: ['x'] })}`, 400, "failed to prune build cache: invalid filter 'nope'"],
  [
    'POST',
    `/build/prune?${filterOf({ until: ['x'] })}`,
    400,
    `failed to prune build cache: "until" filter expects a duration (e.g., '24h') or a timestamp: failed to parse value as time or duration: "x"`,
  ],
  ...['keep-storage', 'reserved-space', 'max-used-space', 'min-free-space'].map(
    (key) =>
      [
        'POST',
        `/build/prune?${queryOf({ [key]: 'x' })}`,
        400,
        `${key} is in bytes and expects an integer, got x: strconv.Atoi: parsing "x": invalid syntax`,
      ] as const,
  ),
  ['GET', '/events?since=2&until=1', 400, '`since` time (2) cannot be after `until` time (1)'],
  ...[
    ['x', 'x', 'invalid syntax'],
    ['30s', '30s', 'invalid syntax'],
    ['2020-01-01T00:00:00Z', '2020-01-01T00:00:00Z', 'invalid syntax'],
    ['1.x', 'x', 'invalid syntax'],
    ['12345678901234567890', '12345678901234567890', 'value out of range'],
  ].map(
    ([since, shown, why]) =>
      ['GET', `/events?until=1&since=${since}`, 500, `strconv.ParseInt: parsing "${shown}": ${why}`] as const,
  ),
  ['GET', '/events?filters=x&until=1', 400, 'invalid filter'],
];

for (const [method, path, status, message] of refused)
  system(`${method} ${decodeURIComponent(path)} is refused`, () =>
    expectRefusal(engine, { method, path, status, message }),
  );

system('a login at a registry that does not answer says who did not', async () => {
  for (const serveraddress of ['127.0.0.1:1', 'http://127.0.0.1:1/v2/'])
    await expectRefusal(engine, {
      method: 'POST',
      path: '/auth',
      body: { username: 'a', password: 'b', serveraddress },
      status: 500,
      message: /^Get "https?:\/\/127\.0\.0\.1:1\/v2\/": dial tcp 127\.0\.0\.1:1: connect: connection refused$/,
    });
});

system.run();
