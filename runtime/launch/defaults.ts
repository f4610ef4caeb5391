import type { DeviceSpec } from './spec.js';

/** What Docker hides in a container that is not privileged (Engine API, HostConfig.MaskedPaths). */
export const defaultMaskedPaths: readonly string[] = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

/** What Docker lets such a container only read (Engine API, HostConfig.ReadonlyPaths). */
export const defaultReadOnlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

const character = (path: string, major: number, minor: number): DeviceSpec => ({
  path,
  kind: 'c',
  major,
  minor,
  mode: 0o666,
  uid: 0,
  gid: 0,
});

/** In every container's /dev (OCI runtime specification, "Default Devices"). */
export const defaultDevices: readonly DeviceSpec[] = [
  character('/dev/null', 1, 3),
  character('/dev/zero', 1, 5),
  character('/dev/full', 1, 7),
  character('/dev/random', 1, 8),
  character('/dev/urandom', 1, 9),
  character('/dev/tty', 5, 0),
];

/** Devices that a container may use or make without asking, as lines of devices.allow; terminals included. */
export const defaultDeviceRules: readonly string[] = [
  'c *:* m',
  'b *:* m',
  'c 1:3 rwm',
  'c 1:5 rwm',
  'c 1:7 rwm',
  'c 1:8 rwm',
  'c 1:9 rwm',
  'c 5:0 rwm',
  'c 5:1 rwm',
  'c 5:2 rwm',
  'c 136:* rwm',
  // tun, as in Docker's default spec
  'c 10:200 rwm',
];

/** Of a privileged container. */
export const allDeviceRules: readonly string[] = ['a *:* rwm'];

/** Docker sets these in every network namespace of its own: ports below 1024 and ping need no capability. */
export const defaultSysctls: Readonly<Record<string, string>> = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0 2147483647',
};

/** Without the groups that may ping: there they would have to be ids that exist in the engine's user namespace. */
export const rootlessSysctls: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(defaultSysctls).filter(([name]) => name !== 'net.ipv4.ping_group_range'),
);
