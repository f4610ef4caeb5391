/** The AppArmor profile of containers that name none: as strict as Docker's, loaded when it is needed first. */
import { access, readFile } from 'node:fs/promises';
import type { Engine } from './engine.js';

const NAME = 'devenv-default';

const PARSERS = ['/usr/sbin/apparmor_parser', '/sbin/apparmor_parser'];

/**
 * apparmor.d(5). What capabilities, masks and read-only mounts keep from a container is kept from it a second time, for
 * those that get more of them. Processes outside may send it signals; it may trace its own kind alone.
 */
const PROFILE = `profile ${NAME} flags=(attach_disconnected,mediate_deleted) {
  network,
  capability,
  file,
  umount,
  signal (receive) peer=unconfined,
  signal (send, receive) peer=${NAME},
  ptrace (trace, read, tracedby, readby) peer=${NAME},

  deny mount,
  deny /proc/* w,
  deny /proc/{acpi,bus,fs,irq,scsi,tty}/** w,
  deny /proc/sys/{abi,debug,dev,fs,user,vm}/** w,
  deny /proc/sys/kernel/[^s]** w,
  deny /proc/sys/kernel/s[^eh]** w,
  deny /proc/sysrq-trigger rwklx,
  deny /proc/kcore rwklx,
  deny /sys/[^f]** wklx,
  deny /sys/f[^s]** wklx,
  deny /sys/fs/[^c]** wklx,
  deny /sys/fs/c[^g]** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,
}
`;

/** Its name; undefined without AppArmor, without root, and where the machine has no program that loads it. */
export function defaultAppArmorProfile(engine: Engine): Promise<string | undefined> {
  engine.appArmorProfile ??= load(engine);
  return engine.appArmorProfile;
}

async function load(engine: Engine): Promise<string | undefined> {
  const { launcher } = engine.foundations;
  const enabled = await readFile('/sys/module/apparmor/parameters/enabled', 'utf8').catch(() => '');
  if (enabled.trim() !== 'Y' || launcher.machine.rootless !== undefined) return undefined;
  const parser = await firstThere(PARSERS);
  if (parser === undefined) return undefined;
  const { code } = await launcher.spawn([parser, '--replace', '--skip-cache'], PROFILE);
  return code === 0 ? NAME : undefined;
}

async function firstThere(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}
