import { existsSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readExitFile } from '../../../runtime/launch/exit-file.js';
import { LaunchError, type Monitor } from '../../../runtime/launch/types.js';
import { ANY_DEVICE, canContain, type Living, openLiving } from './living.js';

const containers = suite<{ living: Living }>('containers of the launcher');
const living = canContain ? containers : containers.skip;

containers.before(async (context) => {
  if (canContain) context.living = await openLiving();
});
containers.after((context) => context.living?.close());

const failed = (operation: string, errno: string, subject?: string) => (error: unknown) => {
  assert.instance(error, LaunchError);
  const { operation: op, errno: no, subject: about } = error as LaunchError;
  assert.equal([op, no, subject === undefined ? undefined : about], [operation, errno, subject]);
  return true;
};

async function rejects(promise: Promise<unknown>, matches: (error: unknown) => boolean): Promise<void> {
  const error = await promise.then(
    () => assert.unreachable('it should have failed'),
    (reason: unknown) => reason,
  );
  matches(error);
}

living('runs a program in namespaces of its own and keeps its output and its code', async ({ living }) => {
  const script = 'echo out; echo err >&2; hostname; cat /proc/1/comm; exit 7';
  const { code, signal, out, err } = await living.run('basic', script);
  assert.equal([code, signal, out, err], [7, undefined, 'out\nbox\nsh\n', 'err\n']);
  const record = await readExitFile(living.at('basic', 'exit'));
  assert.is(record?.code, 7);
  assert.ok(record!.finishedAtNs >= record!.startedAtNs);
});

living('hides and seals what Docker hides and seals', async ({ living }) => {
  const script = [
    'cat /proc/keys | wc -c',
    'echo 1 > /proc/sys/kernel/hostname && echo wrote',
    'touch /sys/x && echo touched',
    'mount -t tmpfs x /mnt && echo mounted',
    'grep -c . /proc/self/mountinfo > /dev/null && ls /dev/null /dev/pts/ptmx /dev/shm',
    'grep -E "^(CapEff|Seccomp):" /proc/self/status',
  ].join('; ');
  const { out: said } = await living.run('sealed', script);
  assert.match(said, /^0\n/);
  assert.not.match(said, /wrote|touched|mounted/);
  assert.match(said, /CapEff:\t00000000a80425fb/);
  assert.match(said, /Seccomp:\t2/);
});

living('leaves nothing behind: socket, groups, helpers', async ({ living }) => {
  await living.run('clean', 'true');
  assert.not.ok(existsSync(living.at('clean.sock')));
  const groups = readFileSync('/proc/self/mountinfo', 'utf8').match(/\/sys\/fs\/cgroup\S*/g) ?? [];
  assert.not.ok(groups.some((mountpoint) => existsSync(`${mountpoint}/devenv-test-${process.pid}/clean`)));
});

living(
  "each has a network of its own, made when it is asked for or before, and the monitor the machine's",
  async ({ living }) => {
    const own = readlinkSync('/proc/self/ns/net');
    const seen = new Set([own]);
    const monitors: Monitor[] = [];
    // At once, and after the launcher has had the time to make one.
    for (const [index, waitMs] of [0, 0, 60, 60].entries()) {
      await sleep(waitMs);
      const container = await living.prepare(`net${index}`, 'readlink /proc/self/ns/net; ls /sys/class/net; sleep 10');
      await container.go();
      const { pid } = container.monitor;
      const parent = /PPid:\t(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      assert.is(readlinkSync(`/proc/${parent}/ns/net`), own);
      seen.add(readlinkSync(`/proc/${pid}/ns/net`));
      assert.equal(readFileSync(`/proc/${pid}/net/dev`, 'utf8').match(/\S+(?=:)/g), ['lo']);
      monitors.push(container.monitor);
    }
    assert.is(seen.size, 5);
    for (const monitor of monitors) {
      await monitor.signal(9);
      await monitor.exited;
    }
  },
);

living('says which operation failed, why and about what', async ({ living }) => {
  const notThere = living.at('no', 'such');
  const bind = { kind: 'bind', source: notThere, target: '/x', readOnly: false, recursive: true } as const;
  await rejects(
    living.prepare('f1', 'true', { mounts: [{ ...bind, propagation: 'rprivate' }] }),
    failed('mount.bind', 'ENOENT', notThere),
  );
  const container = await living.prepare('f2', ['no-such-program']);
  await rejects(container.go(), failed('exec', 'ENOENT', 'no-such-program'));
  assert.not.ok(existsSync(living.at('f2.sock')), 'all is cleaned up by then');
  await rejects((await living.prepare('f3', ['/usr'])).go(), failed('exec', 'EACCES', '/usr'));
});

living('can be given up before it runs', async ({ living }) => {
  const container = await living.prepare('given-up', 'echo never');
  await container.abandon();
  assert.not.ok(existsSync(living.at('given-up.sock')));
  assert.is(readFileSync(living.at('given-up', 'log')).length, 0);
});

living('a hostile image cannot lead a mount outside', async ({ living }) => {
  mkdirSync(living.at('hostile', 'upper'), { recursive: true });
  mkdirSync(living.at('source'));
  writeFileSync(living.at('source', 'file'), 'data');
  symlinkSync(`/../../../../../..${living.at('outside')}`, living.at('hostile', 'upper', 'evil'));
  symlinkSync('/run/dangling', living.at('hostile', 'upper', 'loose'));
  const bind = { kind: 'bind', readOnly: true, recursive: true, propagation: 'rprivate' } as const;
  const { out } = await living.run('hostile', 'cat /evil/file /run/dangling; echo x > /evil/file', {
    mounts: [
      { ...bind, source: living.at('source'), target: '/evil' },
      { ...bind, source: living.at('source', 'file'), target: '/loose' },
    ],
  });
  assert.is(out, 'datadata');
  assert.not.ok(existsSync(living.at('outside')));
  assert.is(readFileSync(living.at('source', 'file'), 'utf8'), 'data');
});

living('says when the kernel killed it for its memory', async ({ living }) => {
  const container = await living.prepare('hungry', ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1'], {
    resources: { ...ANY_DEVICE, memoryBytes: 16 << 20 },
  });
  let told = 0;
  container.monitor.onOom(() => {
    told += 1;
  });
  await container.go();
  const exit = await container.monitor.exited;
  assert.equal([exit.code, exit.signal, exit.oomKilled], [137, 9, true]);
  assert.ok(told > 0);
});

living('an init is pid 1, hands signals on and gives the code', async ({ living }) => {
  const container = await living.prepare('init', 'cat /proc/1/comm; trap "exit 9" TERM; while :; do sleep 0.05; done', {
    init: true,
  });
  await container.go();
  await new Promise((resolve) => setTimeout(resolve, 200));
  await container.monitor.signal(15);
  assert.is((await container.monitor.exited).code, 9);
  assert.match(readFileSync(living.at('init', 'log'), 'latin1'), /docker-init/);
});

living('stacks more layers than fit into a page of mount options', async ({ living }) => {
  const layers = Array.from({ length: 150 }, (_, i) => living.at('layers', `${'long'.repeat(15)}${i}`));
  for (const [i, layer] of layers.entries()) {
    mkdirSync(layer, { recursive: true });
    writeFileSync(`${layer}/f${i}`, String(i));
  }
  for (const name of ['upper', 'work', 'root']) mkdirSync(living.at('deep', name), { recursive: true });
  const { out } = await living.run('deep', 'cat /f0 /f149', {
    rootfs: {
      kind: 'overlay',
      lower: [...layers, living.at('image')],
      upper: living.at('deep', 'upper'),
      work: living.at('deep', 'work'),
      options: [],
      mountpoint: living.at('deep', 'root'),
    },
  });
  assert.is(out, '0149');
});

living('takes an image without layers', async ({ living }) => {
  mkdirSync(living.at('scratch', 'upper', 'usr'), { recursive: true });
  for (const name of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, living.at('scratch', 'upper', name));
  for (const name of ['work', 'root']) mkdirSync(living.at('scratch', name));
  const place = { upper: living.at('scratch', 'upper'), work: living.at('scratch', 'work') };
  await living.run('scratch', 'echo kept > /file', {
    rootfs: { kind: 'overlay', lower: [], ...place, options: [], mountpoint: living.at('scratch', 'root') },
  });
  assert.is(readFileSync(living.at('scratch', 'upper', 'file'), 'utf8'), 'kept\n');
});

living('rotates its log and keeps as many files as asked', async ({ living }) => {
  await living.run(
    'rotating',
    'i=0; while [ $i -lt 40 ]; do echo "line $i ........................"; i=$((i+1)); sleep 0.01; done',
    {
      log: { path: living.at('rotating', 'log'), maxBytes: 500, maxFiles: 3, compresses: false },
    },
  );
  assert.ok(existsSync(living.at('rotating', 'log.2')));
  assert.not.ok(existsSync(living.at('rotating', 'log.3')));
  assert.ok(readFileSync(living.at('rotating', 'log')).length <= 500);
});

containers.run();
