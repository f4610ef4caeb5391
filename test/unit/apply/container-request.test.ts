import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { containerRequest, type RequestContext } from '../../../src/apply/request/container.js';
import { networkRequest, volumeRequest } from '../../../src/apply/request/project.js';
import type { ContainerCreate } from '../../../src/model/plan.js';
import type { Project } from '../../../src/model/project.js';
import { project } from '../../support/projects.js';

const request = suite('apply container request');

type Tree = Record<string, unknown>;

function compose(of: Project, name: string, more: Partial<RequestContext> = {}, op: Partial<ContainerCreate> = {}) {
  const service = of.services[name]!;
  const create: ContainerCreate = {
    do: 'container.create',
    service: name,
    replica: 1,
    name: `shop-${name}-1`,
    finalName: `shop-${name}-1`,
    configHash: 'hash',
    configParts: { image: 'x' },
    ...op,
  };
  const context = {
    project: of,
    imageId: 'sha256:1',
    containerOf: () => 'host-id',
    hostPorts: {},
    inherited: {},
    version: '1',
    ...more,
  };
  return containerRequest(service, create, context) as {
    Labels: Tree;
    HostConfig: Tree;
    NetworkingConfig: Tree;
  } & Tree;
}

const host = (service: Tree, more: Partial<RequestContext> = {}) =>
  compose(project({ web: service }), 'web', more).HostConfig;

request('carries every label by which Compose knows its own', () => {
  const of = project({
    db: {},
    web: { depends_on: { db: { condition: 'service_healthy', required: true, restart: true } } },
  });
  const { Labels } = compose(of, 'web');
  assert.equal(Labels, {
    'com.docker.compose.project': 'shop',
    'com.docker.compose.service': 'web',
    'com.docker.compose.version': '1',
    'com.docker.compose.project.working_dir': '/shop',
    'com.docker.compose.project.config_files': '/shop/devenv.yml',
    'com.docker.compose.oneoff': 'False',
    'com.docker.compose.container-number': '1',
    'com.docker.compose.config-hash': 'hash',
    'com.docker.compose.depends_on': 'db:service_healthy:true',
    'com.docker.compose.image': 'sha256:1',
    'dev.devenv.config-parts': '{"image":"x"}',
  });
});

request('opens ports on 127.0.0.1 unless the config names an address', () => {
  const ports = [
    { mode: 'ingress', target: 80, published: '8080', protocol: 'tcp' },
    { mode: 'ingress', target: 80, published: '8081', host_ip: '0.0.0.0', protocol: 'tcp' },
    { mode: 'ingress', target: 53, protocol: 'udp' },
  ];
  assert.equal(host({ ports }).PortBindings, {
    '80/tcp': [
      { HostIp: '127.0.0.1', HostPort: '8080' },
      { HostIp: '0.0.0.0', HostPort: '8081' },
    ],
    '53/udp': [{ HostIp: '127.0.0.1', HostPort: '' }],
  });
});

request('writes environment, command and times as the API wants them', () => {
  const body = compose(
    project({
      web: {
        environment: { A: '1', EMPTY: '', UNSET: null },
        command: ['run'],
        entrypoint: [],
        stop_grace_period: '1m30s',
        healthcheck: { test: ['CMD', 'true'], interval: '1.5s', timeout: '200ms', retries: 3, start_period: '1m' },
      },
    }),
    'web',
  );
  assert.equal(body.Env, ['A=1', 'EMPTY=', 'UNSET']);
  assert.equal([body.Cmd, body.Entrypoint, body.StopTimeout], [['run'], [], 90]);
  assert.equal(JSON.parse(JSON.stringify(body.Healthcheck)), {
    Test: ['CMD', 'true'],
    Interval: 1_500_000_000,
    Timeout: 200_000_000,
    Retries: 3,
    StartPeriod: 60_000_000_000,
  });
  const off = compose(project({ web: { healthcheck: { disable: true } } }), 'web');
  assert.equal(off.Healthcheck, { Test: ['NONE'] });
});

request('makes binds of short mounts and mounts of long ones', () => {
  const of = project(
    {
      web: {
        volumes: [
          { type: 'volume', source: 'data', target: '/data' },
          { type: 'bind', source: '/src', target: '/app', read_only: true, bind: { create_host_path: true } },
          { type: 'bind', source: '/must', target: '/must', bind: { create_host_path: false } },
          { type: 'volume', target: '/anonymous' },
          { type: 'tmpfs', target: '/t', tmpfs: { size: '64m' } },
        ],
      },
    },
    { volumes: { data: { name: 'shop_data' } } },
  );
  const { Binds, Mounts } = compose(of, 'web').HostConfig as { Binds: string[]; Mounts: Tree[] };
  assert.equal(Binds, ['shop_data:/data:rw', '/src:/app:ro']);
  assert.equal(
    Mounts.map((mount) => [mount.Type, mount.Target]),
    [
      ['bind', '/must'],
      ['volume', '/anonymous'],
      ['tmpfs', '/t'],
    ],
  );
  assert.is((Mounts[0]!.BindOptions as Tree).CreateMountpoint, false);
  assert.is((Mounts[2]!.TmpfsOptions as Tree).SizeBytes, 64 << 20);
});

request('takes over anonymous volumes, but not where the config mounts something now', () => {
  const volumes = [
    { type: 'volume' as const, target: '/cache' },
    { type: 'bind' as const, source: '/x', target: '/data' },
  ];
  const { Mounts } = host({ volumes }, { inherited: { '/cache': 'aa', '/data': 'bb', '/image': 'cc' } }) as {
    Mounts: Tree[];
  };
  assert.equal(
    Mounts.filter((mount) => mount.Source !== '/x').map((mount) => [mount.Source, mount.Target]),
    [
      ['aa', '/cache'],
      ['cc', '/image'],
    ],
  );
});

request('is found by its service, its aliases and its links on each network', () => {
  const of = project(
    {
      db: {},
      web: {
        links: ['db:database'],
        networks: { back: { aliases: ['www'], ipv4_address: '10.1.0.5' }, front: { priority: 5 } },
      },
    },
    { networks: { back: { name: 'shop_back' }, front: { name: 'shop_front' } } },
  );
  const body = compose(of, 'web');
  assert.is(body.HostConfig.NetworkMode, 'shop_front');
  const { EndpointsConfig } = body.NetworkingConfig as { EndpointsConfig: Record<string, Tree> };
  assert.equal(Object.keys(EndpointsConfig), ['shop_front', 'shop_back']);
  assert.equal(EndpointsConfig.shop_back!.Aliases, ['shop-web-1', 'web', 'www']);
  assert.equal(EndpointsConfig.shop_back!.Links, ['shop-db-1:database', 'shop-db-1:db', 'shop-db-1:shop-db-1']);
  assert.is((EndpointsConfig.shop_back!.IPAMConfig as Tree).IPv4Address, '10.1.0.5');
});

request('shares namespaces and volumes of the container of another service', () => {
  const config = host({
    network_mode: 'service:db',
    pid: 'service:db',
    ipc: 'host',
    volumes_from: ['db:ro', 'container:x'],
  });
  assert.equal(
    [config.NetworkMode, config.PidMode, config.IpcMode],
    ['container:host-id', 'container:host-id', 'host'],
  );
  assert.equal(config.VolumesFrom, ['host-id:ro', 'x']);
});

request('takes limits from deploy before the older keys', () => {
  const deploy = {
    resources: { limits: { cpus: '0.5', memory: '64m', pids: 10 } },
    restart_policy: { condition: 'on-failure', max_attempts: 3 },
  };
  const config = host({ deploy, mem_limit: '1g', cpus: 2, ulimits: { nofile: { soft: 1, hard: 2 }, nproc: 3 } });
  assert.equal([config.NanoCpus, config.Memory, config.PidsLimit], [5e8, 64 << 20, 10]);
  assert.equal(config.RestartPolicy, { Name: 'on-failure', MaximumRetryCount: 3 });
  assert.equal(config.Ulimits, [
    { Name: 'nofile', Soft: 1, Hard: 2 },
    { Name: 'nproc', Soft: 3, Hard: 3 },
  ]);
  assert.equal(host({ restart: 'on-failure:2' }).RestartPolicy, { Name: 'on-failure', MaximumRetryCount: 2 });
});

request('mounts secrets that are files and leaves others to be copied', () => {
  const of = project(
    { web: { secrets: [{ source: 'key' }, { source: 'word', target: '/etc/word' }] } },
    { secrets: { key: { name: 'key', file: '/keys/k' }, word: { name: 'word', content: 'x' } } },
  );
  const { Mounts } = compose(of, 'web').HostConfig as { Mounts: Tree[] };
  assert.equal(
    Mounts.map((mount) => [mount.Source, mount.Target, mount.ReadOnly]),
    [['/keys/k', '/run/secrets/key', true]],
  );
});

request("marks a container of run and keeps it off the service's name", () => {
  const body = compose(
    project({ web: {} }),
    'web',
    { oneOff: { slug: 'abc', useAliases: false } },
    { name: 'shop-web-run-abc', finalName: 'shop-web-run-abc' },
  );
  assert.is(body.Labels['com.docker.compose.oneoff'], 'True');
  assert.is(body.Labels['com.docker.compose.slug'], 'abc');
  const { EndpointsConfig } = body.NetworkingConfig as { EndpointsConfig: Record<string, Tree> };
  assert.equal(EndpointsConfig.shop_default!.Aliases, ['shop-web-run-abc']);
});

request('describes networks and volumes with their pools, options and labels', () => {
  const of = project(
    {},
    {
      networks: {
        lan: {
          name: 'shop_lan',
          internal: true,
          ipam: { config: [{ subnet: '10.9.0.0/24', ip_range: '10.9.0.0/25' }] },
          labels: { a: 'b' },
        },
      },
      volumes: { data: { name: 'shop_data', driver_opts: { type: 'nfs' } } },
    },
  );
  const network = networkRequest(of, 'lan', 'h', '1') as { IPAM: { Config: Tree[] }; Labels: Tree } & Tree;
  assert.equal([network.Name, network.Driver, network.Internal], ['shop_lan', 'bridge', true]);
  assert.is(network.IPAM.Config[0]!.Subnet, '10.9.0.0/24');
  assert.is(network.Labels['com.docker.compose.network'], 'lan');
  assert.is(network.Labels['com.docker.compose.config-hash'], 'h');
  const volume = volumeRequest(of, 'data', 'h', '1') as { DriverOpts: Tree } & Tree;
  assert.equal([volume.Name, volume.DriverOpts], ['shop_data', { type: 'nfs' }]);
});

request('refuses a start interval without a start period, as Compose does', () => {
  const web = (healthcheck: Tree) => () => host({ healthcheck: { test: ['CMD', 'true'], ...healthcheck } });
  assert.throws(web({ start_interval: '1s' }), 'start_interval requires healthcheck.start_period');
  assert.not.throws(web({ start_interval: '1s', start_period: '0s' }));
});

request.run();
