/** What an engine without root needs of the machine, and what it has to do without. Pure. */
import { type Finding, type Machine, ok } from './finding.js';

export function judgeWithoutRoot(machine: Machine): Finding[] {
  return [
    userNamespaces(machine),
    subordinateIds(machine),
    wayOut(machine),
    ping(machine),
    handedGroups(machine),
    mappedOwners(),
    lowPorts(machine),
  ];
}

function userNamespaces({ maxUserNamespaces, unprivilegedUserns, apparmorRestrictsUserns }: Machine): Finding {
  const name = 'user namespaces';
  if (maxUserNamespaces === 0 || unprivilegedUserns === 0)
    return {
      name,
      state: 'missing',
      detail: 'Users other than root may make no user namespaces, which everything without root needs.',
      fix: `sudo sysctl -w ${unprivilegedUserns === 0 ? 'kernel.unprivileged_userns_clone=1' : 'user.max_user_namespaces=28633'}`,
      safe: true,
    };
  if (apparmorRestrictsUserns === 1)
    return {
      name,
      state: 'missing',
      detail: 'AppArmor takes the rights away from user namespaces of programs without a profile.',
      fix: 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
      safe: true,
    };
  return ok(name, `up to ${maxUserNamespaces ?? 'an unknown number'}`);
}

function subordinateIds(machine: Machine): Finding {
  const { user, programs, subuid, subgid } = machine;
  const oneId =
    'containers have one user only, and images whose programs change to another (databases, apt) will fail.';
  if (![subuid, subgid].every((text) => text.split('\n').some((line) => line.startsWith(`${user}:`))))
    return {
      name: 'subuid',
      state: 'warning',
      detail: `${user} has no range of ids in /etc/subuid and /etc/subgid: ${oneId}`,
      fix: `sudo usermod --add-subuids ${freeRange(machine)} --add-subgids ${freeRange(machine)} ${user}`,
      safe: true,
    };
  if (!programs.has('newuidmap'))
    return {
      name: 'subuid',
      state: 'warning',
      detail: `newuidmap is not installed, so the range of ids cannot be used: ${oneId}`,
      fix: 'sudo apt-get install -y uidmap',
      safe: true,
    };
  return ok('subuid', 'a range of ids, with newuidmap');
}

/** Behind all ranges of others: two users with the same ids could change each other's files. */
function freeRange({ subuid, subgid }: Machine): string {
  const ends = `${subuid}\n${subgid}`.split('\n').map((line) => {
    const [, first, count] = line.split(':').map(Number);
    return (first ?? 0) + (count ?? 0) || 0;
  });
  const first = Math.max(100_000, ...ends);
  return `${first}-${first + 65_535}`;
}

/** As the engine chooses: pasta, then slirp4netns, then its own carrying of connections. */
function wayOut({ programs, hasTunnels }: Machine): Finding {
  const helper = ['pasta', 'slirp4netns'].find((program) => programs.has(program));
  const instead = 'containers reach other machines by TCP alone, and names through the engine; no UDP and no ping.';
  if (helper === undefined)
    return {
      name: 'way out',
      state: 'warning',
      detail: `Neither pasta nor slirp4netns is installed: ${instead}`,
      fix: 'sudo apt-get install -y passt',
      safe: true,
    };
  if (!hasTunnels)
    return {
      name: 'way out',
      state: 'warning',
      detail: `/dev/net/tun cannot be opened, which ${helper} needs: ${instead}`,
      fix: 'sudo modprobe tun && sudo chmod 0666 /dev/net/tun',
      safe: true,
    };
  return ok('way out', `packets leave by ${helper}`);
}

/** icmp(7): a range that is turned round holds nobody. */
function ping({ pingGroups: [first, last] }: Machine): Finding {
  if (first <= last) return ok('ping', `groups ${first} to ${last} may send echo requests`);
  return {
    name: 'ping',
    state: 'warning',
    detail: 'No group may send echo requests, so that ping out of containers gets no answer.',
    fix: 'sudo sysctl -w net.ipv4.ping_group_range="0 2147483647"',
    safe: true,
  };
}

function handedGroups({ ownGroups, user }: Machine): Finding {
  if (ownGroups) return ok('delegation', `control groups are handed to ${user}`);
  return {
    name: 'delegation',
    state: 'warning',
    detail: `No control groups are handed to ${user}: limits of memory, CPU and processes are ignored with a warning.`,
    fix: 'Start it from a log-in that systemd manages (loginctl enable-linger), or run it as root where limits matter.',
  };
}

/** The same on every kernel so far, and nothing to mend: mount_setattr(2) wants CAP_SYS_ADMIN where a file system was mounted. */
function mappedOwners(): Finding {
  return ok(
    'bind mounts',
    'root in a container is you; its other users cannot write your folders, as only root maps owners of mounts: leave `user:` out, or run the engine as root',
  );
}

function lowPorts({ firstPort = 1024 }: Machine): Finding {
  if (firstPort <= 80) return ok('low ports', `ports from ${firstPort} may be published`);
  return {
    name: 'low ports',
    state: 'warning',
    detail: `Ports below ${firstPort} cannot be published without root.`,
    fix: 'sudo sysctl -w net.ipv4.ip_unprivileged_port_start=80',
    safe: true,
  };
}
