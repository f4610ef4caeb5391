import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { judgeMachine } from '../../../../src/flows/doctor/checks.js';
import type { Machine } from '../../../../src/flows/doctor/finding.js';

const doctor = suite('doctor');

const healthy: Machine = {
  root: false,
  user: 'me',
  kernel: '6.1.0-18-amd64',
  filesystems: 'nodev\toverlay\n\text4',
  namespaces: ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'],
  cgroupV2: 'cpuset cpu io memory pids',
  cgroupV1: [],
  maxUserNamespaces: 63_000,
  unprivilegedUserns: 1,
  apparmorRestrictsUserns: 0,
  subuid: 'me:100000:65536',
  subgid: 'me:100000:65536',
  programs: new Set(['nft', 'git', 'newuidmap', 'pasta', 'mmdebstrap']),
  ownGroups: true,
  firstPort: 80,
  pingGroups: [0, 2_147_483_647],
  hasTunnels: true,
  ipForward: 1,
  seccomp: true,
  inotifyWatches: 524_288,
  inotifyInstances: 512,
  disk: { path: '/var', freeBytes: 2 ** 36, freeInodes: 1e6 },
};

/** `name state` of what is not in order, with the command. */
const complaints = (change: Partial<Machine>): string[] =>
  judgeMachine({ ...healthy, ...change })
    .filter(({ state }) => state !== 'ok')
    .map(({ name, state, fix }) => `${name} ${state}: ${fix}`);

doctor('a machine that has it all', () => assert.equal(complaints({}), []));

const cases: readonly [Partial<Machine>, string][] = [
  [{ kernel: '3.10.0' }, 'kernel missing'],
  [{ kernel: '4.19.0' }, 'kernel warning'],
  [{ filesystems: 'ext4' }, 'overlay missing: modprobe overlay'],
  [{ namespaces: ['mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'] }, 'namespaces warning'],
  [{ namespaces: ['mnt'] }, 'namespaces missing'],
  [{ cgroupV2: 'cpu pids' }, 'cgroups warning: Add cgroup_enable=memory'],
  [{ cgroupV2: undefined }, 'cgroups warning: mount -t cgroup2'],
  [{ maxUserNamespaces: 0 }, 'user namespaces missing: sudo sysctl -w user.max_user_namespaces'],
  [{ unprivilegedUserns: 0 }, 'user namespaces missing: sudo sysctl -w kernel.unprivileged_userns_clone=1'],
  [{ apparmorRestrictsUserns: 1 }, 'user namespaces missing: sudo sysctl -w kernel.apparmor'],
  [{ subuid: 'you:1:2' }, 'subuid warning: sudo usermod --add-subuids'],
  [{ programs: new Set(['nft', 'git', 'pasta', 'mmdebstrap']) }, 'subuid warning: sudo apt-get install -y uidmap'],
  [{ programs: new Set(['nft', 'git', 'newuidmap', 'mmdebstrap']) }, 'way out warning: sudo apt-get install -y passt'],
  [{ hasTunnels: false }, 'way out warning: sudo modprobe tun'],
  [{ pingGroups: [1, 0] }, 'ping warning: sudo sysctl -w net.ipv4.ping_group_range'],
  [
    { ownGroups: false },
    'delegation warning: Start it from a log-in that systemd manages (loginctl enable-linger), or run it as root where limits matter.',
  ],
  [{ firstPort: 1024 }, 'low ports warning: sudo sysctl -w net.ipv4.ip_unprivileged_port_start=80'],
  [{ inotifyWatches: 8192 }, 'inotify max_user_watches warning: sysctl -w fs.inotify.max_user_watches=524288'],
  [{ disk: { path: '/v', freeBytes: 2 ** 29, freeInodes: 1e6 } }, 'disk missing: devenv system prune'],
  [{ disk: { path: '/v', freeBytes: 2 ** 36, freeInodes: 10 } }, 'disk warning: devenv system prune'],
  [{ root: true, ipForward: 0 }, 'forwarding warning: sysctl -w net.ipv4.ip_forward=1'],
  [{ root: true, programs: new Set(['git', 'mmdebstrap']) }, 'nftables missing: apt-get install -y nftables'],
];

for (const [change, expected] of cases) {
  doctor(expected, () => {
    const found = complaints(change);
    assert.is(found.length, 1, found.join('\n'));
    assert.ok(found[0]!.startsWith(expected), found[0]);
  });
}

doctor('root needs neither a range of ids nor a way out', () => {
  assert.equal(complaints({ root: true, subuid: '', subgid: '', ownGroups: false, maxUserNamespaces: 0 }), []);
});

doctor.run();
