/** Reads what the checks judge. */
import { accessSync, constants, existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Machine } from './finding.js';

type Env = Readonly<Record<string, string | undefined>>;

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined; // not there, or not for us: the checks know what that means
  }
};

const readNumber = (file: string): number | undefined => {
  const text = read(file);
  return text === undefined || text === '' ? undefined : Number(text);
};

const list = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

const PROGRAMS = ['nft', 'git', 'newuidmap', 'newgidmap', 'pasta', 'slirp4netns', 'mmdebstrap'];

export function probeMachine(env: Env, uid: number, home: string): Machine {
  return {
    root: uid === 0,
    user: env.USER || os.userInfo().username,
    kernel: os.release(),
    filesystems: `${read('/proc/filesystems') ?? ''} ${existsSync('/sys/module/overlay') ? 'overlay' : ''}`,
    namespaces: list('/proc/self/ns'),
    cgroupV2: read('/sys/fs/cgroup/cgroup.controllers'),
    cgroupV1: cgroupsOfVersion1(),
    maxUserNamespaces: readNumber('/proc/sys/user/max_user_namespaces'),
    unprivilegedUserns: readNumber('/proc/sys/kernel/unprivileged_userns_clone'),
    apparmorRestrictsUserns: readNumber('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
    subuid: read('/etc/subuid') ?? '',
    subgid: read('/etc/subgid') ?? '',
    programs: new Set(PROGRAMS.filter((program) => isInPath(program, env))),
    ownGroups: ['/sys/fs/cgroup', '/sys/fs/cgroup/memory', managedGroup()].some((folder) => canWrite(folder)),
    firstPort: readNumber('/proc/sys/net/ipv4/ip_unprivileged_port_start'),
    pingGroups: pingGroups(),
    hasTunnels: canWrite('/dev/net/tun'),
    ipForward: readNumber('/proc/sys/net/ipv4/ip_forward'),
    seccomp: /^Seccomp:/m.test(read('/proc/self/status') ?? ''),
    inotifyWatches: readNumber('/proc/sys/fs/inotify/max_user_watches'),
    inotifyInstances: readNumber('/proc/sys/fs/inotify/max_user_instances'),
    disk: diskOf(home),
  };
}

/** What systemd hands over to the manager of the user's processes, of which an engine gets its part. */
function managedGroup(): string {
  const uid = os.userInfo().uid;
  return `/sys/fs/cgroup/user.slice/user-${uid}.slice/user@${uid}.service`;
}

function pingGroups(): readonly [number, number] {
  const [first = 1, last = 0] = (read('/proc/sys/net/ipv4/ping_group_range') ?? '')
    .split(/\s+/)
    .filter(Boolean)
    .map(Number);
  return [first, last];
}

/** Controllers of version 1 that are mounted somewhere. */
const cgroupsOfVersion1 = (): string[] =>
  (read('/proc/self/mounts') ?? '')
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[2] === 'cgroup')
    .flatMap((fields) => (fields[3] ?? '').split(','));

function canWrite(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Programs for the administrator are not in everybody's PATH. */
const isInPath = (program: string, env: Env): boolean =>
  [...(env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'].some((folder) =>
    existsSync(path.join(folder || '.', program)),
  );

/** Of the folder, or of the nearest one above it that is there. */
function diskOf(home: string): Machine['disk'] {
  let folder = home;
  while (!existsSync(folder) && folder !== '/') folder = path.dirname(folder);
  try {
    const { bavail, bsize, ffree, files } = statfsSync(folder);
    // Some file systems count no inodes at all.
    return { path: folder, freeBytes: bavail * bsize, freeInodes: files === 0 ? Number.MAX_SAFE_INTEGER : ffree };
  } catch {
    return undefined;
  }
}
