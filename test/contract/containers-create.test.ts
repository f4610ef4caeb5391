/** What create takes, refuses and makes of it, as Docker 28 does. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { expectRefusal } from '../support/api.js';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { Containers } from '../support/containers.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { needs } from '../support/without-root.js';

const create = suite('create');
let engine: TestEngine;
let containers: Containers;
create.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
  containers = new Containers(engine);
});
create.after.each(() => containers.clear());
create.after(() => engine.stop());

const MB = 1024 * 1024;

type Case = readonly [host: object, message: string, status?: number];

const badHostConfigs: readonly Case[] = [
  [{ Memory: 1000 }, 'Minimum memory limit allowed is 6MB'],
  [{ Memory: 64 * MB, MemorySwap: MB }, 'Minimum memoryswap limit should be larger than memory limit, see usage'],
  [{ MemorySwap: 64 * MB }, 'You should always set the Memory limit when using Memoryswap limit, see usage'],
  [
    { Memory: 64 * MB, MemoryReservation: 128 * MB },
    'Minimum memory limit can not be less than memory reservation limit, see usage',
  ],
  [{ MemorySwappiness: 101 }, 'Invalid value: 101, valid memory swappiness range is 0-100'],
  [{ NanoCpus: 5e8, CpuQuota: 1000 }, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set'],
  [{ CpuQuota: 10 }, 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
  [{ CpusetCpus: 'a' }, 'Invalid value a for cpuset cpus: invalid format: a'],
  [{ OomScoreAdj: 5000 }, 'Invalid value 5000, range for oom score adj is [-1000, 1000]'],
  [{ ShmSize: -1 }, 'SHM size can not be less than 0'],
  [{ PidMode: 'x' }, 'invalid PID mode: x'],
  [{ IpcMode: 'x' }, 'invalid IPC mode: x'],
  [{ UTSMode: 'x' }, 'invalid UTS mode: x'],
  [{ PidMode: 'container:nobody-here' }, 'No such container: nobody-here'],
  [{ IpcMode: 'container:nobody-here' }, 'No such container: nobody-here'],
  [{ VolumesFrom: ['nobody-here'] }, 'No such container: nobody-here'],
  [{ Links: ['nobody-here:x'] }, 'could not get container for nobody-here: No such container: nobody-here'],
  [{ ExtraHosts: ['bad'] }, 'bad format for add-host: "bad"'],
  [{ ExtraHosts: ['a:bad'] }, 'invalid IP address in add-host: "bad"'],
  [{ PortBindings: { 'x/tcp': [{}] } }, 'invalid port specification: "x"'],
  [{ PortBindings: { '80/tcp': [{ HostPort: 'x' }] } }, 'invalid port specification: "x"'],
  [{ PortBindings: { '80/tcp': [{ HostPort: '20-10' }] } }, 'invalid port specification: "20-10"'],
  [{ RestartPolicy: { Name: 'always' }, AutoRemove: true }, "can't create 'AutoRemove' container with restart policy"],
  [
    { RestartPolicy: { Name: 'always', MaximumRetryCount: 2 } },
    "invalid restart policy: maximum retry count can only be used with 'on-failure'",
  ],
  [
    { RestartPolicy: { Name: 'bogus' } },
    "invalid restart policy: unknown policy 'bogus'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
  ],
  [{ LogConfig: { Type: 'bogus' } }, 'error looking up logging plugin bogus: plugin "bogus" not found'],
  [{ LogConfig: { Type: 'json-file', Config: { bogus: '1' } } }, "unknown log opt 'bogus' for json-file log driver"],
  [{ Runtime: 'nope' }, 'unknown or invalid runtime name: nope'],
  [{ Isolation: 'hyperv' }, "invalid isolation (hyperv): linux only supports 'default'"],
  [{ Binds: ['/a:/b', '/c:/b'] }, 'Duplicate mount point: /b'],
  [
    { Binds: ['/srv:rel'] },
    `invalid volume specification: '/srv:rel': invalid mount config for type "bind": invalid mount path: 'rel' mount path must be absolute`,
    500,
  ],
  [{ Binds: ['/srv:/b:zzz'] }, 'invalid mode: zzz', 500],
  [{ SecurityOpt: ['x=y'] }, 'invalid --security-opt 2: "x=y"', 500],
  [
    { StorageOpt: { size: '1G' } },
    "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
    500,
  ],
  [
    { Mounts: [{ Type: 'bind', Source: '/not/there', Target: '/t' }] },
    'invalid mount config for type "bind": bind source path does not exist: /not/there',
  ],
  [{ Mounts: [{ Type: 'bogus', Target: '/t' }] }, 'invalid mount config for type "bogus": mount type unknown'],
  [
    { Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { Options: [['uid', '1']] } }] },
    'invalid mount config for type "tmpfs": invalid option: uid',
  ],
  [
    { Mounts: [{ Type: 'tmpfs', Target: '/t', BindOptions: {} }] },
    'BindOptions must not be specified on mount type "tmpfs"',
  ],
];

/** What no control group could keep is discarded with a warning, right or wrong. */
const isLimit = (host: object) => /^(Memory|NanoCpus|Cpu)/.test(Object.keys(host)[0] ?? '');

for (const [host, message, status = 400] of badHostConfigs)
  (isLimit(host) ? needs(create, 'groups') : create)(`refuses HostConfig ${JSON.stringify(host)}`, async () => {
    const body = { Image: busyboxImage, Cmd: ['true'], HostConfig: host };
    await expectRefusal(engine, { method: 'POST', path: '/containers/create', body, status, message });
  });

const badConfigs: readonly (readonly [config: object, message: string, status?: number])[] = [
  [{ Env: ['=x'] }, 'invalid environment variable: =x'],
  [{ WorkingDir: 'rel' }, "the working directory 'rel' is invalid, it needs to be an absolute path"],
  [{ StopSignal: 'NOPE' }, 'invalid signal: NOPE'],
  [{ Healthcheck: { Test: ['CMD', 'true'], Interval: 100 } }, 'Interval in Healthcheck cannot be less than 1ms'],
  [{ Cmd: [] }, 'no command specified'],
  [{ Image: 'nobody-has:this' }, 'No such image: nobody-has:this', 404],
  [
    { NetworkingConfig: { EndpointsConfig: { bridge: { Aliases: ['a'] } } } },
    'invalid config for network bridge: invalid endpoint settings:\nnetwork-scoped alias is supported only for containers in user defined networks',
  ],
  [
    { NetworkingConfig: { EndpointsConfig: { bridge: { MacAddress: 'zz' } } } },
    'invalid config for network bridge: invalid MAC address zz',
  ],
  [
    { NetworkingConfig: { EndpointsConfig: { bridge: null } } },
    'invalid config for network bridge: EndpointsConfig is nil',
  ],
];

for (const [config, message, status = 400] of badConfigs)
  create(`refuses ${JSON.stringify(config)}`, async () => {
    const body = { Image: busyboxImage, Cmd: ['true'], ...config };
    await expectRefusal(engine, { method: 'POST', path: '/containers/create', body, status, message });
  });

create('shows what nobody said as Docker does', async () => {
  const { HostConfig, Config, NetworkSettings } = await containers.inspect(await containers.created());
  for (const key of [
    'Binds',
    'PortBindings',
    'Dns',
    'Devices',
    'Ulimits',
    'CapAdd',
    'ExtraHosts',
    'PidsLimit',
    'Links',
  ])
    assert.is(HostConfig[key], null, key);
  assert.is(HostConfig.NetworkMode, 'bridge');
  assert.is(HostConfig.ShmSize, 64 * MB);
  assert.equal(HostConfig.LogConfig, { Type: 'json-file', Config: {} });
  assert.equal(HostConfig.RestartPolicy, { Name: 'no', MaximumRetryCount: 0 });
  assert.ok(HostConfig.MaskedPaths.includes('/proc/kcore'));
  assert.is(Config.Entrypoint, null);
  assert.is(Config.Volumes, null);
  assert.equal(Config.Labels, {});
  assert.is(NetworkSettings.Networks.bridge.NetworkID, '');
});

create('keeps what a client gave, cleaned where Docker cleans', async () => {
  const id = await containers.created({
    WorkingDir: '/w/../x',
    Healthcheck: { Test: ['CMD', 'true'], Interval: 1e9, Retries: 0 },
    ExposedPorts: { '81': {}, '90-92/udp': {}, 'abc/tcp': {} },
    HostConfig: { PortBindings: { '83': [{ HostPort: '' }] }, PidMode: 'host', Binds: ['/srv:/s', 'create-volume:/v'] },
  });
  const { Config, HostConfig, Mounts } = await containers.inspect(id);
  assert.is(Config.WorkingDir, '/x');
  assert.equal(Config.Healthcheck, { Test: ['CMD', 'true'], Interval: 1e9 });
  assert.equal(Object.keys(Config.ExposedPorts).sort(), ['81', '90-92/udp', 'abc/tcp']);
  assert.equal(HostConfig.PortBindings, { '83': [{ HostIp: '', HostPort: '' }] });
  assert.equal(HostConfig.SecurityOpt, ['label=disable']);
  // biome-ignore lint/suspicious/noExplicitAny: an answer
  const mount = (target: string) => Mounts.find((one: any) => one.Destination === target);
  assert.is(mount('/s').Propagation, 'rprivate');
  assert.is(mount('/v').Mode, 'z');
  await containers.clear();
  await engine.request('DELETE', '/volumes/create-volume');
});

create('the networks that are named are all there are', async () => {
  const NetworkingConfig = { EndpointsConfig: { bridge: {} } };
  const id = await containers.created({ HostConfig: { NetworkMode: 'none' }, NetworkingConfig });
  assert.equal(Object.keys((await containers.inspect(id)).NetworkSettings.Networks), ['bridge']);
  const off = await containers.created({ NetworkDisabled: true });
  assert.equal((await containers.inspect(off)).NetworkSettings.Networks, {});
});

create('warns of what means less than it seems', async () => {
  const host = { NetworkMode: 'host', PortBindings: { '80/tcp': [{ HostPort: '80' }] } };
  const published = await containers.create({ HostConfig: host });
  assert.equal(published.json.Warnings, ['Published ports are discarded when using host network mode']);
  const mac = await containers.create({ MacAddress: '02:42:ac:11:00:77' });
  assert.match(mac.json.Warnings[0], 'container-wide MacAddress field is now deprecated');
  assert.is((await containers.inspect(mac.json.Id)).Config.MacAddress, '02:42:ac:11:00:77');
});

create('names are held, refused and found', async () => {
  const id = await containers.created({}, 'create-name');
  const again = {
    method: 'POST',
    path: '/containers/create?name=create-name',
    body: { Image: busyboxImage, Cmd: ['a'] },
  };
  const message = `Conflict. The container name "/create-name" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`;
  await expectRefusal(engine, { ...again, status: 409, message });
  await expectRefusal(engine, {
    ...again,
    path: '/containers/create?name=-x',
    status: 400,
    message: 'Invalid container name (-x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
  });
  for (const reference of ['create-name', id, id.slice(0, 8)]) assert.is((await containers.inspect(reference)).Id, id);
});

create('mounts are shown as they were asked for, without what says nothing', async () => {
  const id = await containers.created({
    HostConfig: {
      Mounts: [
        {
          Type: 'volume',
          Source: 'contract-shown',
          Target: '/a',
          ReadOnly: false,
          Consistency: '',
          VolumeOptions: { NoCopy: false, Labels: {}, DriverConfig: { Name: '', Options: {} } },
        },
        { Type: 'tmpfs', Target: '/b', ReadOnly: true, TmpfsOptions: { SizeBytes: 0, Mode: 448 } },
      ],
    },
  });
  const { json } = await engine.request('GET', `/containers/${id}/json`);
  assert.equal(json.HostConfig.Mounts, [
    { Type: 'volume', Source: 'contract-shown', Target: '/a', VolumeOptions: { DriverConfig: {} } },
    { Type: 'tmpfs', Target: '/b', ReadOnly: true, TmpfsOptions: { Mode: 448 } },
  ]);
  await containers.clear();
  await engine.request('DELETE', '/volumes/contract-shown');
});

create('older versions mean what they meant', async () => {
  const body = { Image: busyboxImage, Cmd: ['true'] };
  for (const [version, mode] of [
    ['1.24', 'shareable'],
    ['1.39', 'shareable'],
    ['1.40', 'private'],
  ] as const) {
    const { json } = await engine.request('POST', `/v${version}/containers/create`, body);
    assert.is((await containers.inspect(json.Id)).HostConfig.IpcMode, mode, version);
    await engine.request('DELETE', `/containers/${json.Id}`);
  }
});

create.run();
