import { EngineError } from '../errors.js';

/** capabilities(7), in the order of their numbers. */
const CAPABILITIES: readonly string[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
];

/** What a container holds when nothing is said (Docker Engine, "Runtime privilege and Linux capabilities"). */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
  'AUDIT_WRITE',
];

/**
 * CapAdd and CapDrop of a HostConfig as the capabilities of a container: upper case, without CAP_, in the order of their
 * numbers. Names are taken in any case, with or without CAP_; `ALL` in `add` starts from all, in `drop` from none.
 * Throws `invalid` for a name that there is not, with Docker's sentence.
 */
export function dockerCapabilities(wish: {
  readonly add?: readonly string[];
  readonly drop?: readonly string[];
  readonly privileged?: boolean;
}): string[] {
  const add = (wish.add ?? []).map((name) => normalise(name, 'CapAdd'));
  const drop = (wish.drop ?? []).map((name) => normalise(name, 'CapDrop'));
  if (wish.privileged === true) return [...CAPABILITIES];
  let held = new Set(DEFAULT_CAPABILITIES);
  if (drop.includes('ALL')) held = new Set();
  if (add.includes('ALL')) held = new Set(CAPABILITIES);
  for (const name of drop) held.delete(name);
  for (const name of add) held.add(name);
  return CAPABILITIES.filter((name) => held.has(name));
}

/** Bits of capset(2); names as dockerCapabilities gives them. */
export function capabilityBits(names: readonly string[]): bigint {
  return names.reduce((bits, name) => {
    const number = CAPABILITIES.indexOf(name);
    return number < 0 ? bits : bits | (1n << BigInt(number));
  }, 0n);
}

function normalise(name: string, key: string): string {
  const bare = name.toUpperCase().replace(/^CAP_/, '');
  if (bare === 'ALL' || CAPABILITIES.includes(bare)) return bare;
  throw new EngineError(
    'invalid',
    `invalid ${key}: unknown capability: "${name.toUpperCase().startsWith('CAP_') ? name : `CAP_${bare}`}"`,
  );
}
