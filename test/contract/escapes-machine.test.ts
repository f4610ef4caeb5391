/** Ways from a container to the machine's kernel, each really tried and each failing; the controls show that the trial is one. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openRange, type Range } from '../support/attacker.js';
import { needs } from '../support/without-root.js';

const escapes = suite('escapes to the machine');
let range: Range;

escapes.before(async () => {
  range = await openRange();
});
escapes.after(() => range.stop());
escapes.after.each(() => range.containers.clear());

const attack = (word: string, more: object = {}) =>
  range.said(`/attack/attacker ${word}`, { HostConfig: { Binds: range.armed, ...more } });

/** A write that must not come through, and must leave the machine's file alone. */
async function cannotWrite(file: string, text: string, body: object = {}) {
  const before = readFileSync(file, 'utf8');
  const { code, out } = await range.said(`echo '${text}' > ${file}`, body);
  assert.is.not(code, 0, file);
  assert.match(out, /Read-only|denied|nonexistent|No such/, file);
  assert.is(readFileSync(file, 'utf8'), before, file);
}

escapes('core_pattern and other settings of the kernel cannot be set', async () => {
  for (const file of ['/proc/sys/kernel/core_pattern', '/proc/sys/kernel/hostname', '/proc/sys/vm/panic_on_oom'])
    await cannotWrite(file, '|/bin/evil');
  const { out } = await range.said(
    'for f in /sys/kernel/uevent_helper /sys/kernel/mm/ksm/run /sys/power/state; do echo x > $f; done 2>/dev/null; mount | grep " /sys "',
  );
  assert.match(out, /sysfs.*\(ro,/);
});

escapes('sysrq cannot be triggered, memory and keys of the kernel not be read', async () => {
  const { out } = await range.said(
    'echo h > /proc/sysrq-trigger && echo TRIGGERED; cat /proc/kcore /proc/keys /proc/timer_list /dev/core 2>/dev/null | wc -c; ls /proc/acpi /sys/firmware 2>/dev/null | grep -v : | wc -w; ls /dev/mem /dev/kmsg',
  );
  assert.match(out, /sysrq-trigger: (Read-only|nonexistent)/);
  assert.not.match(out, /TRIGGERED/);
  assert.match(out, /^0\n0\n/m, out);
  assert.match(out, /\/dev\/mem: No such/);
});

escapes('no module is loaded, no kernel booted', async () => {
  const { code, out } = await attack('modules');
  assert.is(code, 1, out);
  assert.is(out.match(/Operation not permitted/g)?.length, 4, out);
});

needs(escapes, 'kernel')('disks and memory of the machine may be named, but not opened', async () => {
  const { out } = await attack('disks');
  assert.match(out, /^devices tried \d+ opened 0$/m);
  const control = execFileSync(path.join(range.folder, 'attacker'), ['disks'], { encoding: 'utf8' });
  assert.not.match(control, /opened 0$/m);
});

escapes('no namespace is made or entered, nothing mounted or laid bare', async () => {
  const { code, out } = await attack('namespaces');
  assert.is(code, 1, out);
  assert.not.match(out, /DONE/);
});

escapes('handles of the machine’s files are not opened', async () => {
  const { code, out } = await attack('handles /etc/hostname');
  assert.is(code, 1);
  assert.match(out, /Operation not permitted/);
});

escapes('calls of a 32-bit program are filtered as well', async () => {
  assert.is((await attack('oldcalls')).out, 'getpid works mount -1\n');
});

escapes('a release agent of control groups cannot be set (CVE-2022-0492)', async () => {
  const { out } = await range.said(
    'for d in /sys/fs/cgroup /sys/fs/cgroup/*; do echo /evil > $d/release_agent && echo SET; mkdir $d/x && echo MADE; echo 1 > $d/notify_on_release && echo NOTIFY; done 2>/dev/null; mount -t cgroup -o rdma c /tmp 2>&1 | grep -v denied; echo end',
  );
  assert.is(out, 'end\n');
});

escapes('keys of the engine’s session are not found, also without the filter', async () => {
  const name = `dv-${process.pid}`;
  const program = path.join(range.folder, 'attacker');
  const made = execFileSync(program, ['addkey', name], { encoding: 'utf8' });
  assert.match(made, /DONE/);
  const { out } = await attack(`keys ${name}`, { SecurityOpt: ['seccomp=unconfined'] });
  assert.match(out, /search session: Required key not available/);
  assert.match((await attack(`keys ${name}`)).out, /search session: Operation not permitted/);
});

escapes('what a container mounts stays in it', async () => {
  const more = { HostConfig: { Binds: [`${range.folder}:/host`], CapAdd: ['SYS_ADMIN'] } };
  const { out } = await range.said(
    'mount -t tmpfs -o size=4k leaked /host && mount --make-shared /host; mkdir /host/in /mnt; mount -t tmpfs leaked /mnt; mount | grep -c leaked',
    more,
  );
  assert.is(out, '2\n');
  assert.not.match(readFileSync('/proc/self/mountinfo', 'utf8'), /leaked/);
});

escapes('a process holds Docker’s capabilities, a filter, and nothing more when told so', async () => {
  const status = "grep -E '^(CapPrm|CapEff|CapBnd|CapAmb|CapInh|Seccomp|NoNewPrivs):' /proc/self/status | tr -d '\\t'";
  const { out } = await range.said(status);
  assert.is(
    out.trim().split('\n').sort().join(' '),
    'CapAmb:0000000000000000 CapBnd:00000000a80425fb CapEff:00000000a80425fb CapInh:0000000000000000 CapPrm:00000000a80425fb NoNewPrivs:0 Seccomp:2',
  );
  const bare = await range.said(status, {
    HostConfig: { CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'] },
  });
  assert.match(bare.out, /CapBnd:0000000000000000/);
  assert.match(bare.out, /NoNewPrivs:1/);
});

escapes.run();
