import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_CAPABILITIES } from '../../../../runtime/launch/capabilities.js';
import { compileSeccomp } from '../../../../runtime/launch/seccomp/compile.js';
import { SYSCALLS_AARCH64, SYSCALLS_X86_64 } from '../../../../runtime/launch/seccomp/syscalls.js';
import { runFilter } from './bpf-machine.js';

const X86_64 = 0xc000003e;
const AARCH64 = 0xc00000b7;
const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
const KILL = 0;

const asked = (filter: Uint8Array, name: string, ...args: bigint[]) =>
  runFilter(filter, { number: SYSCALLS_X86_64.get(name)!, architecture: X86_64, args });

const docker = suite('default seccomp profile');
const filter = compileSeccomp('default', DEFAULT_CAPABILITIES, 'x64');

docker('allows what programs need and refuses what would reach the machine', () => {
  for (const name of ['read', 'openat', 'execve', 'futex', 'io_submit', 'chroot', 'ptrace', 'close_range'])
    assert.is(asked(filter, name), ALLOW, name);
  for (const name of [
    'mount',
    'bpf',
    'reboot',
    'kexec_load',
    'keyctl',
    'add_key',
    'unshare',
    'setns',
    'io_uring_setup',
  ])
    assert.is(asked(filter, name), EPERM, name);
});

docker('opens as many calls as it names, through the tree', () => {
  const open = [...SYSCALLS_X86_64.keys()].filter((name) => asked(filter, name) === ALLOW);
  // As many as Docker 28.5's lets pass with zeros as arguments; docker.test.ts compares them one by one.
  assert.is(open.length, 301);
});

docker('looks into the flags of clone, and lets clone3 be unknown', () => {
  assert.is(asked(filter, 'clone', 0x1200011n), ALLOW);
  assert.is(asked(filter, 'clone', 0x10000000n), EPERM);
  assert.is(asked(filter, 'clone3'), ENOSYS);
});

docker('opens what a capability needs', () => {
  const admin = compileSeccomp('default', [...DEFAULT_CAPABILITIES, 'SYS_ADMIN'], 'x64');
  for (const name of ['mount', 'clone3', 'unshare']) assert.is(asked(admin, name), ALLOW, name);
  assert.is(asked(admin, 'clone', 0x10000000n), ALLOW);
  assert.is(asked(compileSeccomp('default', [], 'x64'), 'chroot'), EPERM);
});

docker('refuses sockets of the hypervisor and odd personalities', () => {
  assert.is(asked(filter, 'socket', 2n), ALLOW);
  assert.is(asked(filter, 'socket', 40n), EPERM);
  assert.is(asked(filter, 'personality', 0xffffffffn), ALLOW);
  assert.is(asked(filter, 'personality', 0x40000n), EPERM);
});

docker('judges 32-bit and x32 calls by their own numbers, and does not know calls newer than itself', () => {
  assert.is(runFilter(filter, { number: 4, architecture: 0x40000003 }), ALLOW);
  assert.is(runFilter(filter, { number: 21, architecture: 0x40000003 }), EPERM);
  assert.is(runFilter(filter, { number: 0x40000000, architecture: X86_64 }), ALLOW);
  assert.is(runFilter(filter, { number: 0x400000a5, architecture: X86_64 }), EPERM);
  assert.is(runFilter(filter, { number: 0, architecture: AARCH64 }), KILL);
  assert.is(runFilter(filter, { number: 9999, architecture: X86_64 }), ENOSYS);
});

docker('has a table for 64-bit ARM too', () => {
  const arm = compileSeccomp('default', DEFAULT_CAPABILITIES, 'arm64');
  const of = (name: string) => runFilter(arm, { number: SYSCALLS_AARCH64.get(name)!, architecture: AARCH64 });
  assert.is(of('openat'), ALLOW);
  assert.is(of('mount'), EPERM);
  assert.is(SYSCALLS_AARCH64.get('write'), 64);
});

docker.run();

const own = suite('own seccomp profiles');

own('compares arguments with all 64 bits', () => {
  const cases: [op: string, value: number, allowed: bigint[], refused: bigint[]][] = [
    ['EQ', 0x100000002, [0x100000002n], [2n, 0x100000003n]],
    ['NE', 0x100000002, [2n, 0x100000003n], [0x100000002n]],
    ['GT', 0x100000002, [0x100000003n, 0x200000000n], [0x100000002n, 5n]],
    ['GE', 0x100000002, [0x100000002n, 0x200000000n], [0x100000001n, 5n]],
    ['LT', 0x100000002, [0x100000001n, 5n], [0x100000002n, 0x200000000n]],
    ['LE', 0x100000002, [0x100000002n, 5n], [0x100000003n, 0x200000000n]],
  ];
  for (const [op, value, allowed, refused] of cases) {
    const made = compileSeccomp(
      JSON.stringify({
        defaultAction: 'SCMP_ACT_ERRNO',
        syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW', args: [{ index: 2, value, op: `SCMP_CMP_${op}` }] }],
      }),
      [],
      'x64',
    );
    for (const number of allowed) assert.is(asked(made, 'read', 0n, 0n, number), ALLOW, `${op} ${number}`);
    for (const number of refused) assert.is(asked(made, 'read', 0n, 0n, number), EPERM, `${op} ${number}`);
  }
});

own('all conditions of a rule must hold, and rules for one call are alternatives', () => {
  const made = compileSeccomp(
    {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        {
          names: ['ioctl'],
          action: 'SCMP_ACT_ERRNO',
          errnoRet: 13,
          args: [
            { index: 0, value: 1, op: 'SCMP_CMP_EQ' },
            { index: 1, value: 7, op: 'SCMP_CMP_GT' },
          ],
        },
        { name: 'ioctl', action: 'SCMP_ACT_KILL_PROCESS', args: [{ index: 1, value: 3, op: 'SCMP_CMP_EQ' }] },
      ],
    },
    [],
    'x64',
  );
  assert.is(asked(made, 'ioctl', 1n, 8n), 0x0005000d);
  assert.is(asked(made, 'ioctl', 1n, 3n), 0x80000000);
  assert.is(asked(made, 'ioctl', 2n, 8n), ALLOW);
  assert.is(runFilter(made, { number: 9999, architecture: X86_64 }), ALLOW);
});

own('ends the thread of a 32-bit program unless the profile names its architecture, in either form', () => {
  const made = (more: object) =>
    compileSeccomp(JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', ...more }), [], 'x64');
  const i386 = { number: 4, architecture: 0x40000003 };
  const x32 = { number: 0x40000001, architecture: X86_64 };
  assert.is(runFilter(made({}), i386), KILL);
  assert.is(runFilter(made({}), x32), KILL);
  assert.is(runFilter(made({ architectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] }), i386), ALLOW);
  const archMap = [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }];
  assert.is(runFilter(made({ archMap }), i386), ALLOW);
  assert.is(runFilter(made({ archMap }), x32), KILL);
});

own('says what is wrong with a profile', () => {
  assert.throws(() => compileSeccomp('{', [], 'x64'), /Decoding seccomp profile failed/);
  assert.throws(() => compileSeccomp('{}', [], 'x64'), /no defaultAction/);
  assert.throws(() => compileSeccomp('{"defaultAction":"ALLOW"}', [], 'x64'), /unknown action ALLOW/);
});

own.run();
