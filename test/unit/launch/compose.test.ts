import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { composeLaunch } from '../../../runtime/launch/compose.js';
import { composeExec } from '../../../runtime/launch/compose-exec.js';
import { withGroundwork } from '../../../runtime/launch/groundwork.js';
import type { Op } from '../../../runtime/launch/program.js';
import { cgroupsV2, launchSpec, machine } from './builders.js';

const names = (ops: readonly Op[]) => ops.map((op) => op.op);
const of = <Name extends Op['op']>(ops: readonly Op[], name: Name) =>
  ops.filter((op): op is Extract<Op, { op: Name }> => op.op === name);
/** The names of the operations in a list, each run of the same one once. */
const outline = (ops: readonly Op[]) => names(ops).filter((name, at, all) => name !== all[at - 1]);
const before = (ops: readonly Op[], first: Op['op'], second: Op['op']) =>
  assert.ok(names(ops).indexOf(first) < names(ops).indexOf(second), `${first} before ${second}`);

const compose = suite('composing a container');

compose('goes from the machine to the program in order', () => {
  const { inside } = composeLaunch(launchSpec(), machine());
  assert.equal(outline(inside), [
    'hostname',
    'keyring',
    'mount.propagation',
    'mount.overlay',
    'root.choose',
    'mount.fs',
    'mount.verify',
    'device.make',
    'symlink',
    'wait.groups',
    'cgroup.join',
    'mount.fs',
    'mount.bind',
    'symlink',
    'mount.readonly',
    'mount.mask',
    'link.set',
    'wait.host',
    'mount.readonly',
    'root.pivot',
    'dir.make',
    'umask',
    'chdir',
    'stdio.own',
    'capabilities.bounding',
    'user',
    'capabilities.set',
    'ready',
    'exec',
  ]);
});

compose('clones what is new and joins what is given by path', () => {
  const spec = launchSpec();
  const shared = launchSpec({
    namespaces: {
      ...spec.namespaces,
      pid: { kind: 'path', path: '/proc/7/ns/pid' },
      net: { kind: 'path', path: '/proc/7/ns/net' },
      uts: { kind: 'host' },
    },
  });
  const program = composeLaunch(shared, machine());
  assert.equal(program.clone, ['newns', 'newipc']);
  assert.equal(of(program.before, 'namespace.join'), [
    { op: 'namespace.join', path: '/proc/7/ns/pid', type: 'newpid' },
  ]);
  assert.equal(of(program.inside, 'namespace.join'), [
    { op: 'namespace.join', path: '/proc/7/ns/net', type: 'newnet' },
  ]);
  assert.is(of(program.inside, 'hostname').length, 0);
  assert.is(of(program.inside, 'link.set').length, 0);
  assert.equal(program.monitor?.joinNamespaces, ['newns', 'newpid', 'newnet', 'newipc']);
  assert.is(program.monitor?.killAll, true);
});

compose('mounts parents before children, and leaves ours out where the container has its own', () => {
  const bind = (target: string) =>
    ({ kind: 'bind', source: '/s', target, readOnly: true, recursive: true, propagation: 'rprivate' }) as const;
  const { inside } = composeLaunch(
    launchSpec({ mounts: [bind('/a/b/c'), bind('/a'), bind('/dev/shm/'), bind('/a/b')] }),
    machine(),
  );
  const targets = [...of(inside, 'mount.fs'), ...of(inside, 'mount.bind')].map((op) => op.target);
  const mine = of(inside, 'mount.bind').filter((op) => op.source === '/s');
  assert.equal(
    mine.map((op) => op.target),
    ['/a', '/dev/shm/', '/a/b', '/a/b/c'],
  );
  assert.is(targets.filter((target) => target.startsWith('/dev/shm')).length, 1);
  assert.equal(mine[0]?.attributes, ['ro']);
});

compose('makes no devices in a /dev that is the machine’s', () => {
  const { inside } = composeLaunch(
    launchSpec({
      mounts: [
        { kind: 'bind', source: '/dev', target: '/dev', readOnly: false, recursive: true, propagation: 'rprivate' },
      ],
    }),
    machine(),
  );
  assert.is(of(inside, 'device.make').length, 0);
  assert.is(of(inside, 'symlink').filter((op) => op.path.startsWith('/dev')).length, 0);
});

compose('seals a read-only root after the working directory was made', () => {
  const { inside } = composeLaunch(launchSpec({ rootReadOnly: true }), machine());
  const sealed = inside.findIndex((op) => op.op === 'mount.readonly' && op.whole && op.path === '/');
  assert.ok(sealed > names(inside).indexOf('dir.make'));
  assert.ok(sealed < names(inside).indexOf('ready'));
});

compose('loads the filter while it may, or last without new privileges', () => {
  const seccomp = Buffer.from('12345678');
  const plain = composeLaunch(launchSpec({ seccomp }), machine()).inside;
  before(plain, 'seccomp', 'user');
  const strict = composeLaunch(launchSpec({ seccomp, process: { noNewPrivileges: true } }), machine()).inside;
  before(strict, 'nonewprivs', 'user');
  before(strict, 'ready', 'seccomp');
});

compose('gives root its capabilities, another user only the bounding set, and nobody more than we have', () => {
  const sets = (uid: number) =>
    of(
      composeLaunch(launchSpec({ process: { uid, capabilities: ['CHOWN', 'SYS_RESOURCE'] } }), {
        ...machine(),
        capabilities: 0xffn,
      }).inside,
      'capabilities.set',
    );
  assert.is(sets(0)[0]?.effective, 1n);
  assert.is(sets(1000)[0]?.effective, 0n);
});

compose('writes sysctls where the kernel has them, before they are sealed', () => {
  const { inside } = composeLaunch(launchSpec({ sysctls: { 'net.ipv4.conf.eth0/1.forwarding': '1' } }), machine());
  const writes = of(inside, 'file.write');
  assert.is(writes[0]?.path, '/proc/sys/net/ipv4/conf/eth0.1/forwarding');
  assert.ok(
    inside.indexOf(writes[0]!) < inside.findIndex((op) => op.op === 'mount.readonly' && op.path === '/proc/sys'),
  );
});

compose('has its groups made beside it on v1, and is born in its group on v2', () => {
  const resources = { memoryBytes: 1 << 20, deviceRules: ['c 1:3 rwm'] };
  const one = composeLaunch(launchSpec({ resources }), machine());
  assert.is(of(one.host, 'cgroup.make').length, 6);
  assert.ok(
    of(one.host, 'file.write').some((op) => op.path === '/sys/fs/cgroup/memory/devenv-ab/c1/memory.limit_in_bytes'),
  );
  assert.is(one.monitor?.cgroupOfBirth, undefined);
  assert.is(one.monitor?.oomFile, '/sys/fs/cgroup/memory/devenv-ab/c1/memory.oom_control');
  const two = composeLaunch(launchSpec({ resources }), machine(cgroupsV2));
  assert.is(two.monitor?.cgroupOfBirth, '/sys/fs/cgroup/devenv-ab/c1');
  assert.is(of(two.inside, 'cgroup.join').length, 0);
  assert.is(of(two.before, 'cgroup.devices').length, 1);
  assert.ok(of(two.before, 'file.write').some((op) => op.path === '/sys/fs/cgroup/devenv-ab/c1/memory.max'));
});

compose('with a cgroup namespace of its own, what is mounted begins at its group', () => {
  const spec = launchSpec();
  const own = launchSpec({ namespaces: { ...spec.namespaces, cgroup: { kind: 'new' } } });
  for (const layout of [machine(), machine(cgroupsV2)]) {
    const program = composeLaunch(own, layout);
    assert.not.ok(program.clone.includes('newcgroup'));
    if (layout.cgroups.version === 1) before(program.inside, 'wait.groups', 'namespace.leave');
    before(program.inside, 'namespace.leave', 'wait.host');
    assert.ok(of(program.inside, 'mount.fs').some((op) => op.type.startsWith('cgroup')));
  }
});

compose('joins groups that are made by then, while the wires are still laid', () => {
  const { host } = composeLaunch(launchSpec(), machine());
  assert.is(host.at(-1)?.op, 'groups.ready');
  const two = composeLaunch(launchSpec(), machine(cgroupsV2));
  assert.not.ok([...two.host, ...two.inside].some(({ op }) => op === 'groups.ready' || op === 'wait.groups'));
});

compose('masks what holds sysctls only once they are written', () => {
  const { inside } = composeLaunch(
    launchSpec({ maskedPaths: ['/proc/kcore', '/proc/sys/kernel'], sysctls: { 'kernel.msgmax': '1' } }),
    machine(),
  );
  const at = (path: string) => inside.findIndex((op) => 'path' in op && op.path === path);
  assert.ok(at('/proc/kcore') < inside.findIndex(({ op }) => op === 'wait.host'));
  assert.ok(at('/proc/sys/kernel') > at('/proc/sys/kernel/msgmax'));
});

compose('does the groundwork where something stands on it', () => {
  const program = withGroundwork(composeLaunch(launchSpec(), machine()), {
    directory: '/c',
    root: { upper: '/r/diff', work: '/r/work', mountpoint: '/r/merged' },
    files: [{ path: '/c/hosts', text: '127.0.0.1\tlocalhost\n' }],
  });
  assert.equal(
    program.before.slice(0, 1).map((op) => ('path' in op ? op.path : op.op)),
    ['/c'],
  );
  assert.equal(
    program.inside.slice(0, 5).map((op) => ('path' in op ? op.path : op.op)),
    ['/r', '/r/diff', '/r/work', '/r/merged', '/c/hosts'],
  );
});

compose('listens on ports before anything else, and wires while the process waits', () => {
  const program = composeLaunch(
    launchSpec({
      ports: [{ protocol: 'tcp', hostIp: '127.0.0.1', hostPort: 80, containerIp: '10.0.0.2', containerPort: 80 }],
      interfaces: [
        {
          hostName: 'v0',
          name: 'eth0',
          bridge: 'b',
          macAddress: '02:00:00:00:00:01',
          addresses: ['10.0.0.2/24'],
          mtu: 1500,
        },
      ],
    }),
    machine(),
  );
  assert.is(program.before[0]?.op, 'port.listen');
  assert.is(of(program.host, 'veth.create').length, 1);
  before(program.inside, 'wait.host', 'addr.add');
});

compose('gives a terminal with a console, which may hold its program back for ever', () => {
  const { inside, monitor } = composeLaunch(
    launchSpec({ process: { tty: true, ttySize: { rows: 24, columns: 80 } } }),
    machine(),
  );
  assert.equal(of(inside, 'terminal'), [{ op: 'terminal', rows: 24, columns: 80, console: true }]);
  assert.is(monitor?.stallMs, 0);
});

compose('runs again in what a monitor has kept, and makes all else new', () => {
  const port = {
    protocol: 'tcp',
    hostIp: '0.0.0.0',
    hostPort: 80,
    containerIp: '10.0.0.2',
    containerPort: 80,
  } as const;
  const { before: first, clone, host, inside } = composeLaunch(launchSpec({ kept: 'again', ports: [port] }), machine());
  assert.equal([...of(first, 'port.listen'), ...of(host, 'port.serve')], []);
  assert.not.ok(clone.includes('newnet'));
  assert.ok(['newns', 'newpid', 'newipc', 'newuts'].every((name) => clone.some((made) => made === name)));
  assert.equal([...of(inside, 'mount.overlay'), ...of(inside, 'link.set')], []);
  before(inside, 'network.kept', 'sockets.end');
  before(inside, 'sockets.end', 'mount.kept');
  before(inside, 'mount.kept', 'root.keep');
  assert.not.ok(names(composeLaunch(launchSpec(), machine()).inside).includes('root.keep'));
});

compose.run();

const exec = suite('composing an exec');

exec('joins the container before anything of its own', () => {
  const ops = composeExec(
    {
      args: ['id'],
      env: [],
      cwd: '/',
      uid: 5,
      gid: 6,
      groups: [7],
      tty: true,
      attach: { stdin: false, stdout: true, stderr: true },
      capabilities: [],
      noNewPrivileges: true,
      seccomp: Buffer.alloc(8),
      appArmorProfile: 'docker-default',
      rlimits: [{ name: 'nofile', soft: 1n, hard: 2n }],
      oomScoreAdj: 100,
    },
    machine(),
  );
  assert.equal(names(ops), [
    'oom.score',
    'rlimit',
    'container.join',
    'terminal',
    'apparmor',
    'chdir',
    'stdio.own',
    'nonewprivs',
    'capabilities.bounding',
    'user',
    'capabilities.set',
    'seccomp',
    'exec',
  ]);
});

exec.run();
