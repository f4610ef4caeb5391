/** What the machine is and what the engine holds, for `info`. */
import { existsSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import os from 'node:os';
import { cgroupDirectories } from '../launch/cgroup.js';
import type { Launcher } from '../launch/types.js';
import type { Engine } from './engine.js';

export type { StorageDriver } from '../snapshots/types.js';

export interface Machine {
  readonly kernel: string;
  /** `x86_64`, as uname says it. */
  readonly machine: string;
  /** `Debian GNU/Linux 12 (bookworm)` */
  readonly operatingSystem: string;
  readonly osVersion: string;
  readonly hostname: string;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly cgroupVersion: '1' | '2';
  /** Controllers and files that decide what limits work. */
  readonly limits: Limits;
  /** `extfs`, `xfs`: as Docker calls it. */
  readonly backingFilesystem: string;
  readonly ipv4Forwarding: boolean;
  readonly appArmor: boolean;
  /** The engine is no more than an ordinary user. */
  readonly rootless: boolean;
  /** What keeps containers without root to connections when they want to reach other machines; undefined: nothing does. */
  readonly packetsStay: string | undefined;
  /** Without root and without a range of ids. */
  readonly oneId: boolean;
  readonly hasGroups: boolean;
}

export interface Limits {
  readonly memory: boolean;
  readonly swap: boolean;
  readonly cpuCfs: boolean;
  readonly cpuShares: boolean;
  readonly cpuset: boolean;
  readonly pids: boolean;
  readonly oomKillDisable: boolean;
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

function unquote(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, '$2');
}

/** os-release(5). */
function parseOsRelease(text: string): { name: string; version: string } {
  const value = (key: string) => unquote(new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '');
  return { name: value('PRETTY_NAME') || 'Linux', version: value('VERSION_ID') };
}

function limitsV1(): Limits {
  const has = (path: string) => existsSync(`/sys/fs/cgroup/${path}`);
  return {
    memory: has('memory'),
    swap: has('memory/memory.memsw.limit_in_bytes'),
    cpuCfs: has('cpu/cpu.cfs_quota_us') || has('cpu'),
    cpuShares: has('cpu/cpu.shares'),
    cpuset: has('cpuset'),
    pids: has('pids'),
    oomKillDisable: has('memory/memory.oom_control'),
  };
}

async function limitsV2(): Promise<Limits> {
  const controllers = new Set((await readText('/sys/fs/cgroup/cgroup.controllers')).trim().split(/\s+/));
  const cpu = controllers.has('cpu');
  const memory = controllers.has('memory');
  return {
    memory,
    swap: memory,
    cpuCfs: cpu,
    cpuShares: cpu,
    cpuset: controllers.has('cpuset'),
    pids: controllers.has('pids'),
    oomKillDisable: false,
  };
}

/** Of an engine that may use no control group. */
const noLimits: Limits = {
  memory: false,
  swap: false,
  cpuCfs: false,
  cpuShares: false,
  cpuset: false,
  pids: false,
  oomKillDisable: false,
};

/** statfs(2) magic numbers in Docker's names. */
const filesystems: Readonly<Record<number, string>> = {
  61267: 'extfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs',
  801189825: 'zfs',
  2035054128: 'overlayfs',
  4076150800: 'f2fs',
};

async function filesystemOf(folder: string): Promise<string> {
  const type = await statfs(folder).then(
    (found) => found.type,
    () => 0,
  );
  return filesystems[type] ?? '<unknown>';
}

/** `home`: the folder whose file system is told. `launch`: what containers can have here. */
export async function lookAtMachine(home: string, launch: Launcher['machine']): Promise<Machine> {
  const hasGroups = cgroupDirectories(launch.cgroups, '').length > 0;
  const isV2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
  const [release, forward, appArmor, backingFilesystem] = await Promise.all([
    readText('/etc/os-release'),
    readText('/proc/sys/net/ipv4/ip_forward'),
    readText('/sys/module/apparmor/parameters/enabled'),
    filesystemOf(home),
  ]);
  const { name, version } = parseOsRelease(release);
  return {
    kernel: os.release(),
    machine: os.machine(),
    operatingSystem: name,
    osVersion: version,
    hostname: os.hostname(),
    processors: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    cgroupVersion: isV2 ? '2' : '1',
    limits: !hasGroups ? noLimits : isV2 ? await limitsV2() : limitsV1(),
    rootless: launch.rootless !== undefined,
    oneId: launch.rootless?.hasRange === false,
    packetsStay: launch.rootless?.wayOut.kind === 'carried' ? launch.rootless.wayOut.missing : undefined,
    hasGroups,
    backingFilesystem,
    // Without root packets are forwarded in a network namespace of the engine's own.
    ipv4Forwarding: launch.rootless !== undefined || forward.trim() === '1',
    appArmor: appArmor.trim() === 'Y',
  };
}

export function countContainers(engine: Engine): { all: number; running: number; paused: number; stopped: number } {
  const states = engine.containers.all().map(({ record }) => record.state);
  const paused = states.filter((state) => state.Paused).length;
  const running = states.filter((state) => state.Running && !state.Paused).length;
  return { all: states.length, running, paused, stopped: states.length - running - paused };
}
