import { capabilityBits } from './capabilities.js';
import type { Machine } from './machine.js';
import type { Op } from './program.js';
import type { Rlimit } from './spec.js';

/** RLIMIT_* of getrlimit(2), Linux. */
const RLIMITS: Readonly<Record<string, number>> = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
};

/** Names that `rlimitOps` knows. */
export const rlimitNames: readonly string[] = Object.keys(RLIMITS);

/** Raising a hard limit needs a capability that not every machine gives us; then as much as is allowed. */
export function rlimitOps(limits: readonly Rlimit[]): Op[] {
  return limits.flatMap((limit): Op[] => {
    const resource = RLIMITS[limit.name];
    return resource === undefined ? [] : [{ op: 'rlimit', resource, soft: limit.soft, hard: limit.hard, clamp: true }];
  });
}

/** Who a process becomes, of a container's first process as of an exec. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly seccomp: Uint8Array | undefined;
  readonly appArmorProfile: string | undefined;
  readonly cwd: string;
}

/** Where root is the only id there is (user_namespaces(7)) nobody may set groups, and root is what the process is already. */
function userOps({ uid, gid, groups }: Identity, { rootless }: Machine): Op[] {
  if (rootless?.hasRange === false && uid === 0 && gid === 0) return [];
  return [{ op: 'user', uid, gid, groups, keep: true }];
}

/**
 * From all privileges to those of the process. A filter without no_new_privs must be loaded while we may still do that
 * (seccomp(2)); with it, the filter comes last, after `last` (the wait for go). A user other than root gets its
 * capabilities in the bounding set only, as with Docker.
 */
export function identityOps(who: Identity, machine: Machine, last: readonly Op[]): Op[] {
  const bits = capabilityBits(who.capabilities) & machine.capabilities;
  const held = who.uid === 0 ? bits : 0n;
  const filter: Op[] = who.seccomp === undefined ? [] : [{ op: 'seccomp', flags: 0, program: who.seccomp }];
  return [
    ...(who.appArmorProfile === undefined ? [] : [{ op: 'apparmor', profile: who.appArmorProfile } as const]),
    { op: 'chdir', path: who.cwd },
    { op: 'stdio.own', uid: who.uid },
    ...(who.noNewPrivileges ? [{ op: 'nonewprivs' } as const] : filter),
    { op: 'capabilities.bounding', keep: bits },
    ...userOps(who, machine),
    { op: 'capabilities.set', permitted: held, effective: held, inheritable: 0n, ambient: 0n },
    ...last,
    ...(who.noNewPrivileges ? filter : []),
  ];
}
