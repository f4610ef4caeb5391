/** Why a user cannot have namespaces here, and what to do about it: settings of the kernel that distributions make. */
import { readFileSync } from 'node:fs';

interface Obstacle {
  readonly file: string;
  readonly forbids: (value: string) => boolean;
  readonly sentence: string;
}

const obstacles: readonly Obstacle[] = [
  {
    file: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    forbids: (value) => value === '1',
    sentence:
      'AppArmor keeps ordinary users from user namespaces here (Ubuntu 23.10 and later). As root: ' +
      'echo kernel.apparmor_restrict_unprivileged_userns=0 > /etc/sysctl.d/60-devenv.conf && sysctl --system',
  },
  {
    file: '/proc/sys/kernel/unprivileged_userns_clone',
    forbids: (value) => value === '0',
    sentence:
      'This kernel keeps ordinary users from user namespaces. As root: ' +
      'echo kernel.unprivileged_userns_clone=1 > /etc/sysctl.d/60-devenv.conf && sysctl --system',
  },
  {
    file: '/proc/sys/user/max_user_namespaces',
    forbids: (value) => value === '0',
    sentence:
      'User namespaces are switched off here. As root: ' +
      'echo user.max_user_namespaces=15000 > /etc/sysctl.d/60-devenv.conf && sysctl --system',
  },
];

/** Lines for the log; `read` gives a file's text, undefined when it is not there. */
export function explainFailure(read: (file: string) => string | undefined = readOptional): string[] {
  const found = obstacles.filter(({ file, forbids }) => forbids((read(file) ?? '').trim()));
  if (found.length > 0) return found.map(({ sentence }) => sentence);
  return [
    'cannot start: no user namespace could be made for an engine without root; inside a container it needs to be ' +
      'allowed there (seccomp, AppArmor). As root, devenv needs none.',
  ];
}

function readOptional(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
