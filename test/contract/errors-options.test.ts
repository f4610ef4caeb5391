/** Options of containers that contradict each other or are none: what create says, and what only the start does. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, expectRefusal } from '../support/api.js';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { Containers } from '../support/containers.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { tarOf } from '../support/tar.js';
import { needs } from '../support/without-root.js';

const options = suite('options that are refused');
let engine: TestEngine;
let containers: Containers;
options.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
  containers = new Containers(engine);
});
options.after.each(() => containers.clear());
options.after(() => engine.stop());

const logged = (Type: string, Config: Record<string, string>) => ({ LogConfig: { Type, Config } });

const atCreate: readonly (readonly [hostConfig: object, status: number, message: string])[] = [
  [{ NetworkMode: 'container:' }, 400, 'invalid network mode: invalid container format container:<name|id>'],
  [{ Links: ['a:b:c'] }, 500, 'bad format for links: a:b:c'],
  [{ Links: [''] }, 500, 'empty string specified for links'],
  [{ StorageOpt: { x: 'y' } }, 500, 'Unknown option x'],
  [{ Annotations: { '': 'x' } }, 400, 'invalid Annotations: the empty string is not permitted as an annotation key'],
  [{ Tmpfs: { '/': '' } }, 400, "invalid specification: destination can't be '/'"],
  [{ VolumesFrom: [''] }, 400, 'volumes-from specification cannot be an empty string'],
  [{ VolumesFrom: ['a:b:c'] }, 400, 'invalid mode: b:c'],
  [
    { Binds: ['v:/x:shared'] },
    500,
    `invalid volume specification: 'v:/x:shared': invalid mount config for type "volume": field BindOptions must not be specified`,
  ],
  [
    { Binds: ['/tmp:/x:nocopy'] },
    500,
    `invalid volume specification: '/tmp:/x:nocopy': invalid mount config for type "bind": field VolumeOptions must not be specified`,
  ],
  [logged('local', { junk: 'x' }), 400, "unknown log opt 'junk' for log driver local"],
  [logged('json-file', { mode: 'junk' }), 400, 'logger: logging mode not supported: junk'],
  [
    logged('json-file', { 'max-buffer-size': '4m' }),
    400,
    "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
  ],
  [
    logged('json-file', { mode: 'non-blocking', 'max-buffer-size': 'x' }),
    400,
    "error parsing option max-buffer-size: invalid size: 'x'",
  ],
];

async function refusedByCreate([HostConfig, status, message]: (typeof atCreate)[number]) {
  const body = { Image: busyboxImage, Cmd: ['true'], HostConfig };
  await expectRefusal(engine, { method: 'POST', path: '/containers/create', body, status, message });
}

options('by create', async () => {
  for (const one of atCreate) await refusedByCreate(one);
});

needs(options, 'groups')('limits, by create', async () => {
  const limits = { CpuRealtimePeriod: 1000, CpuRealtimeRuntime: 2000 };
  await refusedByCreate([limits, 400, 'cpu real-time runtime cannot be higher than cpu real-time period']);
});

const bind = (more: object) => ({ Mounts: [{ Type: 'bind', Source: '/tmp', Target: '/x', ...more }] });

const atStart: readonly (readonly [hostConfig: object, message: string | RegExp])[] = [
  [{ NetworkMode: 'container:nosuch' }, 'joining network namespace of container: No such container: nosuch'],
  [{ Dns: ['junk'] }, 'bad nameserver address junk: ParseAddr("junk"): unable to parse IP'],
  [{ Tmpfs: { '/x': 'junk' } }, 'invalid tmpfs option "junk"'],
  [
    { Binds: ['/tmp:/proc/self/attr'] },
    /error mounting "\/tmp" to rootfs at "\/proc\/self\/attr": "[^"]+" cannot be mounted because it is inside \/proc$/,
  ],
  [{ Binds: ['/tmp:/proc'] }, /rootfs at "\/proc": "[^"]+" cannot be mounted because it is not of type proc$/],
  [
    bind({ BindOptions: { ReadOnlyNonRecursive: true } }),
    'mount options conflict: !ReadOnly && BindOptions.ReadOnlyNonRecursive',
  ],
  [
    bind({ BindOptions: { ReadOnlyForceRecursive: true } }),
    'mount options conflict: !ReadOnly && BindOptions.ReadOnlyForceRecursive',
  ],
];

async function refusedByStart([HostConfig, message]: (typeof atStart)[number]) {
  const id = await containers.created({ Cmd: ['true'], HostConfig });
  await expectRefusal(engine, { method: 'POST', path: `/containers/${id}/start`, status: 500, message });
}

options('by the start alone', async () => {
  for (const one of atStart) await refusedByStart(one);
});

needs(options, 'groups')('limits, by the start alone', async () => {
  const limits = { BlkioDeviceReadBps: [{ Path: '/nosuch', Rate: 5 }] };
  await refusedByStart([limits, 'stat /nosuch: no such file or directory']);
});

options('containers whose namespaces are shared are kept by id', async () => {
  const owner = await containers.running({ Cmd: ['sleep', '600'] }, `owner-${process.pid}`);
  const mode = `container:owner-${process.pid}`;
  const id = await containers.created({ Cmd: ['true'], HostConfig: { NetworkMode: mode, PidMode: mode } });
  const { HostConfig } = await containers.inspect(id);
  assert.equal([HostConfig.NetworkMode, HostConfig.PidMode], [`container:${owner}`, `container:${owner}`]);
});

options('a network that is not running yet cannot be joined', async () => {
  const name = `still-${process.pid}`;
  await containers.created({ Cmd: ['true'] }, name);
  const id = await containers.created({ Cmd: ['true'], HostConfig: { NetworkMode: `container:${name}` } });
  await expectRefusal(engine, {
    method: 'POST',
    path: `/containers/${id}/start`,
    status: 409,
    message: /^cannot join network namespace of a non running container: container .+ is created$/,
  });
});

options('a second connect of a stopped container changes nothing', async () => {
  const name = `twice-${process.pid}`;
  const { json: network } = await ask(engine, 'POST', '/networks/create', { Name: name });
  const id = await containers.created({ Cmd: ['true'] });
  try {
    const connect = (EndpointConfig: object) =>
      ask(engine, 'POST', `/networks/${network.Id}/connect`, { Container: id, EndpointConfig });
    await connect({ Aliases: ['first'] });
    await connect({ Aliases: ['second'] });
    assert.equal((await containers.inspect(id)).NetworkSettings.Networks[name].Aliases, ['first']);
  } finally {
    await containers.clear();
    await ask(engine, 'DELETE', `/networks/${network.Id}`);
  }
});

options('a doubled slash is sent to the path without it', async () => {
  const { status, headers } = await engine.request('GET', '/containers//json');
  assert.is(status, 301);
  assert.match(headers.location ?? '', /\/containers\/json$/);
});

options('a parameter of a build that is null is none', async () => {
  const query = 'buildargs=null&labels=null&ulimits=null&cachefrom=null';
  const context = await tarOf({ Dockerfile: `FROM ${busyboxImage}\nLABEL contract=null\n` });
  const { status, text } = await engine.request('POST', `/build?${query}`, context, {
    'content-type': 'application/x-tar',
  });
  assert.is(status, 200, text);
  assert.match(text, /Successfully built/);
});

options('a platform that is none is refused before anything is looked for', async () => {
  const message = '"foobar": unknown operating system or architecture: invalid argument';
  const path = '/images/create?fromImage=contract-none&platform=foobar';
  await expectRefusal(engine, { method: 'POST', path, status: 400, message });
  const context = await tarOf({ Dockerfile: `FROM ${busyboxImage}\n` });
  const type = { 'content-type': 'application/x-tar' };
  const { status, json } = await engine.request('POST', '/build?platform=foobar', context, type);
  assert.equal([status, json], [400, { message }]);
});

options('a tag that reads as a digest is refused', async () => {
  const path = `/images/${encodeURIComponent(busyboxImage)}/tag?repo=sha256&tag=sometag`;
  const message = 'refusing to create an ambiguous tag using digest algorithm as name';
  await expectRefusal(engine, { method: 'POST', path, status: 400, message });
});

options('a container on the host’s network is linked to by none', async () => {
  await containers.created({ HostConfig: { NetworkMode: 'host' } }, 'contract-on-host');
  await expectRefusal(engine, {
    method: 'POST',
    path: '/containers/create',
    body: JSON.stringify({ Image: busyboxImage, Cmd: ['x'], HostConfig: { Links: ['contract-on-host:other'] } }),
    headers: { 'content-type': 'application/json' },
    status: 400,
    message: /^conflicting options: host type networking can't be used with links/,
  });
});

options.run();
