/** Options of a container as its own process sees them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask } from '../support/api.js';
import { importBusybox } from '../support/busybox.js';
import { Containers } from '../support/containers.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { needs } from '../support/without-root.js';

const inside = suite('inside a container');
let engine: TestEngine;
let containers: Containers;
inside.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
  containers = new Containers(engine);
});
inside.after.each(() => containers.clear());
inside.after(() => engine.stop());

const MB = 1024 * 1024;
const status = 'grep -E "^(CapEff|Seccomp:|NoNewPrivs)" /proc/self/status | tr -s "\\t " " " | tr "\\n" ";"';
const host = (HostConfig: object, config: object = {}) => ({ ...config, HostConfig });

const cases: readonly (readonly [what: string, body: object, script: string, out: string | RegExp])[] = [
  ['default capabilities and filter', {}, status, 'CapEff: 00000000a80425fb;NoNewPrivs: 0;Seccomp: 2;'],
  ['CapAdd and CapDrop', host({ CapAdd: ['NET_ADMIN'], CapDrop: ['CHOWN'] }), status, /^CapEff: 00000000a80435fa;/],
  ['CapDrop ALL', host({ CapDrop: ['ALL'], CapAdd: ['CAP_CHOWN'] }), status, /^CapEff: 0000000000000001;/],
  ['no-new-privileges', host({ SecurityOpt: ['no-new-privileges'] }), status, /NoNewPrivs: 1;/],
  ['seccomp=unconfined', host({ SecurityOpt: ['seccomp=unconfined'] }), status, /Seccomp: 0;/],
  ['Privileged', host({ Privileged: true }), status, /Seccomp: 0;/],
  [
    'Privileged has streams and terminals of its own',
    host({ Privileged: true }),
    'readlink /dev/stdin; readlink /dev/ptmx',
    '/proc/self/fd/0\npts/ptmx\n',
  ],
  ['User by number', { User: '1000:3000' }, 'id -u; id -g; id -G', '1000\n3000\n3000\n'],
  ['User by name', { User: 'nobody' }, 'id -un; id -G', 'nobody\n65534\n'],
  ['GroupAdd', host({ GroupAdd: ['4000', 'nogroup'] }), 'id -G', '0 4000 65534\n'],
  [
    'Hostname and Domainname',
    { Hostname: 'own', Domainname: 'x.y' },
    'hostname; cat /proc/sys/kernel/domainname; grep -c own /etc/hosts',
    'own\nx.y\n1\n',
  ],
  [
    'ExtraHosts',
    host({ ExtraHosts: ['a:1.2.3.4', 'g:host-gateway'] }),
    'grep -E "\\b(a|g)$" /etc/hosts | cut -f2',
    'a\ng\n',
  ],
  [
    'Dns',
    host({ Dns: ['9.9.9.9'], DnsSearch: ['x.y'], DnsOptions: ['ndots:3'] }),
    'grep -Ev "^#|^$" /etc/resolv.conf',
    'nameserver 9.9.9.9\nsearch x.y\noptions ndots:3\n',
  ],
  ['Env', { Env: ['A=1', 'NOVALUE', 'E='] }, 'echo "$A ${NOVALUE-unset} ${E-unset}"', '1 unset \n'],
  ['WorkingDir is made', { WorkingDir: '/a/b' }, 'pwd', '/a/b\n'],
  [
    'ReadonlyRootfs with a tmpfs',
    host({ ReadonlyRootfs: true, Tmpfs: { '/t': '' } }),
    'touch /x 2>/dev/null || echo no; touch /etc/hosts 2>/dev/null || echo no; touch /t/x && echo yes',
    'no\nno\nyes\n',
  ],
  [
    'Tmpfs options',
    host({ Tmpfs: { '/t': 'size=1m,mode=700,exec' } }),
    'mount | grep " /t "',
    'tmpfs on /t type tmpfs (rw,nosuid,nodev,relatime,size=1024k,mode=700)\n',
  ],
  [
    'a tmpfs of Mounts',
    host({ Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: MB, Mode: 0o700 } }] }),
    'mount | grep " /t "',
    'tmpfs on /t type tmpfs (rw,nosuid,nodev,noexec,relatime,size=1024k,mode=700)\n',
  ],
  [
    'ShmSize',
    host({ ShmSize: MB }),
    'mount | grep /dev/shm',
    'shm on /dev/shm type tmpfs (rw,nosuid,nodev,noexec,relatime,size=1024k)\n',
  ],
  ['IpcMode none', host({ IpcMode: 'none' }), 'mount | grep -c /dev/shm', '0\n'],
  ['Ulimits', host({ Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }] }), 'ulimit -Sn; ulimit -Hn', '100\n200\n'],
  [
    'Sysctls',
    host({ Sysctls: { 'net.core.somaxconn': '77', 'kernel.msgmax': '9000' } }),
    'cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax',
    '77\n9000\n',
  ],
  ['low ports are open to all', {}, 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start', '0\n'],
  [
    'Devices',
    host({ Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/own', CgroupPermissions: 'rw' }] }),
    'echo x > /dev/own && echo ok',
    'ok\n',
  ],
  ['no other devices', {}, 'mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg 2>&1 | grep -c "not permitted"', '1\n'],
  ['OomScoreAdj', host({ OomScoreAdj: 300 }), 'cat /proc/self/oom_score_adj', '300\n'],
  ['PidMode host', host({ PidMode: 'host' }), 'test $$ -gt 20 && echo host', 'host\n'],
  [
    'NetworkMode none',
    host({ NetworkMode: 'none' }),
    'ip -o link | grep -cv -E "tunl|sit|gre|ip6|lo:|erspan|ip_vti"',
    '0\n',
  ],
  [
    'MaskedPaths and ReadonlyPaths',
    host({ MaskedPaths: ['/proc/version'], ReadonlyPaths: ['/tmp'] }),
    'wc -c < /proc/version; touch /tmp/x 2>/dev/null || echo no',
    '0\nno\n',
  ],
  ['kernel settings are read-only', {}, 'echo 1 2>/dev/null > /proc/sys/kernel/panic || echo no', 'no\n'],
  [
    'what programs look for',
    {},
    'ls -a / | grep dockerenv; readlink /etc/mtab; cat /proc/1/cgroup | grep -c .',
    /^\.dockerenv\n\/proc\/mounts\n[1-9]/,
  ],
  [
    'binds',
    host({ Binds: ['/srv:/r:ro', '/etc/hostname:/f'] }),
    'touch /r/x 2>/dev/null || echo no; test -s /f && echo file',
    'no\nfile\n',
  ],
  [
    'an image as a folder',
    host({ Mounts: [{ Type: 'image', Source: 'contract-busybox:1', Target: '/i' }] }),
    'ls /i | grep -c bin; touch /i/x 2>/dev/null || echo no',
    '1\nno\n',
  ],
];

/** In a user namespace the kernel names them in every mount of memory. */
const withoutOwners = (mounts: string) => mounts.replace(/,uid=\d+,gid=\d+/g, '');

const devices = 'no other devices';
for (const [what, body, script, out] of cases)
  (what === devices ? needs(inside, 'kernel') : inside)(what, async () => {
    const ran = await containers.run(script, body);
    if (typeof out === 'string') assert.is(withoutOwners(ran.out), out, ran.err);
    else assert.match(ran.out, out);
  });

inside('a container of another one shares its network and its processes', async () => {
  await containers.running({ Hostname: 'owner' }, 'inside-owner');
  const shared = { NetworkMode: 'container:inside-owner', PidMode: 'container:inside-owner' };
  const { out } = await containers.run('hostname; ps | grep -c "sleep 600$"', { HostConfig: shared });
  assert.match(out, /^owner\n[1-9]/);
});

inside('memory of IpcMode shareable is shared', async () => {
  const id = await containers.running({ HostConfig: { IpcMode: 'shareable' } }, 'inside-shm');
  await containers.exec(id, 'echo together > /dev/shm/note');
  const { out } = await containers.run('cat /dev/shm/note', { HostConfig: { IpcMode: 'container:inside-shm' } });
  assert.is(out, 'together\n');
});

inside('volumes of another container, read-only', async () => {
  const id = await containers.running({ Volumes: { '/v': {} } }, 'inside-volumes');
  await containers.exec(id, 'echo kept > /v/note');
  const { out } = await containers.run('cat /v/note; touch /v/x 2>/dev/null || echo no', {
    HostConfig: { VolumesFrom: ['inside-volumes:ro'] },
  });
  assert.is(out, 'kept\nno\n');
});

inside('links bring names and variables', async () => {
  const ExposedPorts = { '80/tcp': {} };
  await containers.running({ Env: ['FOO=bar'], ExposedPorts }, 'inside-linked');
  const { out } = await containers.run(
    'env | grep -E "^WEB_(NAME|ENV_FOO|PORT_80_TCP_PORT)" | sort; ping -c1 -W2 web >/dev/null && echo reached',
    {
      HostConfig: { Links: ['inside-linked:web'] },
    },
  );
  assert.match(out, /^WEB_ENV_FOO=bar\nWEB_NAME=\/.+\/web\nWEB_PORT_80_TCP_PORT=80\nreached\n$/);
});

inside('on a network with names a link may lead to what comes later', async () => {
  await ask(engine, 'POST', '/networks/create', { Name: 'inside-names' });
  try {
    const Links = ['inside-later:store'];
    const id = await containers.running({
      HostConfig: { NetworkMode: 'inside-names', Links },
      NetworkingConfig: { EndpointsConfig: { 'inside-names': { Links } } },
    });
    await containers.running({ HostConfig: { NetworkMode: 'inside-names' } }, 'inside-later');
    assert.match((await containers.exec(id, 'ping -c1 -W2 store')).out, /1 packets received/);
  } finally {
    await containers.clear();
    await ask(engine, 'DELETE', '/networks/inside-names');
  }
});

inside('a link to what does not run is refused at the start', async () => {
  await containers.created({}, 'inside-asleep');
  const id = await containers.created({ HostConfig: { Links: ['inside-asleep:store'] } }, 'inside-linking');
  const { status, json } = await engine.request('POST', `/containers/${id}/start`);
  const message = 'Cannot link to a non running container: /inside-asleep AS /inside-linking/store';
  assert.equal([status, json], [500, { message }]);
});

inside('volumes of another container are not filled from the image', async () => {
  const owner = await containers.created({ Volumes: { '/bin': {} }, Cmd: ['true'] });
  const { out } = await containers.run('echo run', { HostConfig: { VolumesFrom: [owner] } });
  assert.is(out, 'run\n');
  const empty = await containers.created({ Volumes: { '/etc-other': {} } });
  const mounts = (await containers.inspect(empty)).Mounts as { Name: string }[];
  assert.is(mounts.length, 1);
  const from = { HostConfig: { VolumesFrom: [empty], Binds: [`${mounts[0]!.Name}:/again`] } };
  assert.is((await containers.run('ls /etc-other | wc -l', from)).out, '0\n');
});

inside('an empty HOME is that of the account', async () => {
  assert.is((await containers.run('echo $HOME', { Env: ['HOME='] })).out, '/root\n');
});

inside('a tmpfs takes flags of mount', async () => {
  const HostConfig = { Tmpfs: { '/shared': 'rshared,noatime,exec', '/own': 'private,relatime,ro' } };
  const { out } = await containers.run('grep -E " /(shared|own) " /proc/self/mountinfo', { HostConfig });
  assert.match(out, / \/shared rw,nosuid,nodev,noatime shared:\d+ - tmpfs/);
  assert.match(out, / \/own ro,nosuid,nodev,noexec,relatime - tmpfs/);
});

inside('a linked container is found as the others know it, also after they are renamed', async () => {
  const target = await containers.running({}, 'inside-target');
  const id = await containers.created({ HostConfig: { Links: ['inside-target:store'] } }, 'inside-parent');
  const found = async (name: string) => (await engine.request('GET', `/containers/${name}/json`)).json.Id;
  assert.is(await found('inside-parent/store'), target);
  await ask(engine, 'POST', `/containers/${id}/rename?name=inside-renamed`);
  assert.is(await found('inside-parent/store'), undefined);
  assert.is(await found('inside-renamed/store'), target);
});

needs(inside, 'groups')('limits reach the control group', async () => {
  const id = await containers.running({ HostConfig: { Memory: 64 * MB, PidsLimit: 50, NanoCpus: 5e8 } });
  const { out } = await containers.exec(
    id,
    'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes memory.max 2>/dev/null; cat pids/pids.max pids.max 2>/dev/null; cat cpu/cpu.cfs_quota_us cpu.max 2>/dev/null',
  );
  assert.match(out, /^67108864\n50\n50000/);
});

needs(inside, 'groups')('a limit of processes is changed and taken away', async () => {
  const id = await containers.running({ HostConfig: { PidsLimit: 50 } });
  const updated = async (limit: number, prefix = '') => {
    await ask(engine, 'POST', `${prefix}/containers/${id}/update`, { PidsLimit: limit });
    const { out } = await containers.exec(id, 'cd /sys/fs/cgroup; cat pids/pids.max pids.max 2>/dev/null');
    return [(await containers.inspect(id)).HostConfig.PidsLimit, out.trim()];
  };
  assert.equal(await updated(40), [40, '40']);
  assert.equal(await updated(30, '/v1.39'), [40, '40']);
  assert.equal(await updated(0), [0, 'max']);
  assert.equal(await updated(20), [20, '20']);
  assert.equal(await updated(-1), [0, 'max']);
});

inside.run();
