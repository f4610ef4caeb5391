import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  cgroupDirectory,
  deviceWrites,
  makeCgroupOps,
  parseCgroups,
  resourceWrites,
} from '../../../runtime/launch/cgroup.js';
import { cgroupsV1, cgroupsV2 } from './builders.js';

const groups = suite('control groups');

groups('finds v1 hierarchies, also beside an empty v2', () => {
  const layout = parseCgroups(
    [
      '30 24 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct',
      '31 24 0:27 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
      '32 24 0:28 / /sys/fs/cgroup/systemd rw,relatime - cgroup none rw,xattr,name=systemd',
      '33 24 0:29 / /sys/fs/cgroup/unified rw,relatime shared:7 - cgroup2 cgroup2 rw',
    ].join('\n'),
  );
  assert.equal(layout, {
    version: 1,
    hierarchies: [
      { controllers: ['cpu', 'cpuacct'], mountpoint: '/sys/fs/cgroup/cpu,cpuacct' },
      { controllers: ['memory'], mountpoint: '/sys/fs/cgroup/memory' },
      { controllers: ['name=systemd'], mountpoint: '/sys/fs/cgroup/systemd' },
    ],
  });
  assert.is(cgroupDirectory(layout, 'a/b', 'cpuacct'), '/sys/fs/cgroup/cpu,cpuacct/a/b');
  assert.is(cgroupDirectory(layout, 'a/b', 'pids'), undefined);
});

groups('finds v2', () => {
  const layout = parseCgroups('30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate');
  assert.is(layout.version, 2);
  assert.is(cgroupDirectory(layout, 'a/b', 'memory'), '/sys/fs/cgroup/a/b');
});

const values = (layout: typeof cgroupsV1, resources: object) =>
  resourceWrites(layout, 'g', { deviceRules: [], ...resources }).map(
    ({ file, value }) => `${file.split('/').pop()}=${value}`,
  );

groups('says limits in the words of v1', () => {
  assert.equal(
    values(cgroupsV1, {
      memoryBytes: 100,
      memorySwapBytes: 200,
      cpuShares: 512,
      cpuQuotaUs: 50_000,
      cpuPeriodUs: 100_000,
      pidsLimit: 0,
    }),
    [
      'memory.limit_in_bytes=100',
      'memory.memsw.limit_in_bytes=200',
      'cpu.shares=512',
      'cpu.cfs_period_us=100000',
      'cpu.cfs_quota_us=50000',
      'pids.max=max',
    ],
  );
});

groups('says the same limits in the words of v2', () => {
  assert.equal(
    values(cgroupsV2, {
      memoryBytes: 100,
      memorySwapBytes: 200,
      cpuShares: 1024,
      cpuQuotaUs: 50_000,
      pidsLimit: 9,
      blkioWeight: 500,
    }),
    [
      'memory.swap.max=100',
      'memory.max=100',
      'cpu.weight=39',
      'cpu.max=50000 100000',
      'pids.max=9',
      'io.bfq.weight=500',
      'io.weight=4950',
    ],
  );
  assert.equal(values(cgroupsV2, { memorySwapBytes: -1, cpuShares: 2 }), ['memory.swap.max=max', 'cpu.weight=1']);
});

groups('closes all devices before it opens some, and none of a privileged container', () => {
  assert.equal(
    deviceWrites(cgroupsV1, 'g', ['c 1:3 rwm']).map(({ file, value }) => `${file.split('/').pop()}=${value}`),
    ['devices.deny=a', 'devices.allow=c 1:3 rwm'],
  );
  assert.equal(deviceWrites(cgroupsV1, 'g', ['a *:* rwm']), []);
  assert.equal(deviceWrites(cgroupsV2, 'g', ['c 1:3 rwm']), []);
});

groups('lets a new cpuset take over its parent’s processors', () => {
  const made = makeCgroupOps(cgroupsV1, 'p/c').flatMap((op) => (op.op === 'cgroup.make' ? [op] : []));
  assert.equal(made.find((op) => op.base.endsWith('cpuset'))?.inherited, ['cpuset.cpus', 'cpuset.mems']);
  assert.is(made.length, 6);
});

groups('hands controllers down level by level on v2, as far as it may', () => {
  const ops = makeCgroupOps(cgroupsV2, 'p/c');
  const handed = ops.filter((op) => op.op === 'file.write');
  assert.is(handed.length, 10);
  assert.ok(handed.every((op) => op.optional === true));
  assert.equal(ops.at(-1), { op: 'cgroup.make', base: '/sys/fs/cgroup', path: 'p/c', inherited: [] });
});

groups.run();
