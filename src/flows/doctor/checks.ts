/** What devenv needs of a machine, judged from what the probes saw. Pure. */
import { type Finding, type Machine, ok } from './finding.js';
import { judgeWithoutRoot } from './without-root.js';

const GIB = 2 ** 30;

export function judgeMachine(machine: Machine): Finding[] {
  return [
    kernel(machine),
    overlay(machine),
    namespaces(machine),
    cgroups(machine),
    seccomp(machine),
    ...(machine.root ? [] : judgeWithoutRoot(machine)),
    firewall(machine),
    forwarding(machine),
    ...inotify(machine),
    ...disk(machine),
    ...tools(machine),
  ];
}

function kernel({ kernel: release }: Machine): Finding {
  const [major = 0, minor = 0] = release.split('.').map(Number);
  const enough = major > 5 || (major === 5 && minor >= 4);
  if (enough) return ok('kernel', `Linux ${release}`);
  return {
    name: 'kernel',
    state: major >= 4 ? 'warning' : 'missing',
    detail: `Linux ${release} is older than 5.4: mounts and namespaces that containers use may not be there.`,
    fix: 'Install a newer kernel of your distribution and restart.',
  };
}

function overlay({ filesystems }: Machine): Finding {
  if (/\boverlay\b/.test(filesystems)) return ok('overlay', 'the kernel mounts overlay file systems');
  return {
    name: 'overlay',
    state: 'missing',
    detail: 'The kernel does not know the overlay file system, in which containers live.',
    fix: 'modprobe overlay && echo overlay > /etc/modules-load.d/devenv.conf',
    safe: true,
  };
}

function namespaces({ namespaces: found }: Machine): Finding {
  const wanted = ['mnt', 'pid', 'net', 'ipc', 'uts', 'user', 'cgroup'];
  const lacking = wanted.filter((name) => !found.includes(name));
  if (lacking.length === 0) return ok('namespaces', found.filter((name) => wanted.includes(name)).join(' '));
  return {
    name: 'namespaces',
    state: lacking.some((name) => name !== 'user' && name !== 'cgroup') ? 'missing' : 'warning',
    detail: `The kernel has no namespaces for: ${lacking.join(', ')}.`,
    fix: 'Use a kernel that is built with CONFIG_NAMESPACES and its kinds.',
  };
}

function cgroups({ cgroupV2, cgroupV1 }: Machine): Finding {
  const wanted = ['memory', 'pids', 'cpu'];
  const controllers = cgroupV2 === undefined ? cgroupV1 : [...cgroupV2.split(/\s+/), ...cgroupV1];
  const lacking = wanted.filter((name) => !controllers.includes(name));
  const which = cgroupV2 !== undefined && cgroupV1.length === 0 ? 'version 2' : cgroupV1.length ? 'version 1' : 'none';
  if (lacking.length === 0) return ok('cgroups', `${which}, with ${wanted.join(', ')}`);
  return {
    name: 'cgroups',
    state: 'warning',
    detail: `Control groups (${which}) lack ${lacking.join(', ')}: limits of these kinds are not kept.`,
    fix:
      cgroupV2 === undefined && cgroupV1.length === 0
        ? 'mount -t cgroup2 none /sys/fs/cgroup'
        : 'Add cgroup_enable=memory swapaccount=1 to the kernel command line and restart.',
  };
}

function seccomp({ seccomp: there }: Machine): Finding {
  if (there) return ok('seccomp', 'system calls of containers are filtered');
  return {
    name: 'seccomp',
    state: 'warning',
    detail: 'The kernel has no seccomp filter: containers may make every system call.',
    fix: 'Use a kernel that is built with CONFIG_SECCOMP_FILTER.',
  };
}

function firewall({ programs, root }: Machine): Finding {
  if (programs.has('nft')) return ok('nftables', 'nft');
  return {
    name: 'nftables',
    state: root ? 'missing' : 'warning',
    detail: 'nft is not installed: containers reach no other network, and ports are published by a proxy.',
    fix: 'apt-get install -y nftables',
    safe: true,
  };
}

function forwarding({ ipForward, root }: Machine): Finding {
  if (!root || ipForward === 1) return ok('forwarding', root ? 'net.ipv4.ip_forward is on' : 'not needed without root');
  return {
    name: 'forwarding',
    state: 'warning',
    detail: 'net.ipv4.ip_forward is off; the engine turns it on when it makes its first network.',
    fix: 'sysctl -w net.ipv4.ip_forward=1',
    safe: true,
  };
}

function inotify({ inotifyWatches, inotifyInstances }: Machine): Finding[] {
  const limits: [string, number | undefined, number][] = [
    ['max_user_watches', inotifyWatches, 65_536],
    ['max_user_instances', inotifyInstances, 128],
  ];
  return limits.map(([name, value, wanted]) => {
    if (value === undefined || value >= wanted) return ok(`inotify ${name}`, String(value ?? 'unknown'));
    return {
      name: `inotify ${name}`,
      state: 'warning',
      detail: `${value} is little: devenv watch and the watchers in containers may miss changes.`,
      fix: `sysctl -w fs.inotify.${name}=${name === 'max_user_watches' ? 524_288 : 512}`,
      safe: true,
    };
  });
}

function disk({ disk: place }: Machine): Finding[] {
  if (!place) return [];
  const { path, freeBytes, freeInodes } = place;
  const free = `${(freeBytes / GIB).toFixed(1)} GiB free in ${path}`;
  const enough = freeBytes >= 5 * GIB && freeInodes >= 100_000;
  if (enough) return [ok('disk', free)];
  const why =
    freeInodes < 100_000 && freeInodes >= 0 ? `${freeInodes} files can still be made in ${path}.` : `${free}.`;
  return [
    {
      name: 'disk',
      state: freeBytes < GIB ? 'missing' : 'warning',
      detail: `${why} Images and builds need more.`,
      fix: 'devenv system prune --all, or set DEVENV_HOME to a folder of a larger disk',
    },
  ];
}

/** Programs that single features use. */
function tools({ programs }: Machine): Finding[] {
  const wanted: [string, string, string][] = [
    ['git', 'git', 'includes and builds from repositories'],
    ['mmdebstrap', 'mmdebstrap', 'devenv image bootstrap'],
  ];
  return wanted.map(([program, name, use]) =>
    programs.has(program)
      ? ok(program, `there, for ${use}`)
      : {
          name: program,
          state: 'warning',
          detail: `Not installed; ${use} would need it.`,
          fix: `apt-get install -y ${name}`,
          safe: true,
        },
  );
}
