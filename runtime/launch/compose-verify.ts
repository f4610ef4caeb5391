import type { Op } from './program.js';
import type { LaunchSpec } from './spec.js';

/** statfs(2), f_type. */
const PROC = 0x9fa0;
const SYSFS = 0x62656572;
const TMPFS = 0x01021994;
const DEVPTS = 0x1cd1;

const EXPECTED: readonly (readonly [path: string, type: number])[] = [
  ['/proc', PROC],
  ['/sys', SYSFS],
  ['/dev', TMPFS],
  ['/dev/pts', DEVPTS],
];

/**
 * What is hidden, made read-only, written and connected later is found below these. An image in which one of them is a
 * symlink into a volume, or a volume that lies over one, would have all of that happen elsewhere (CVE-2025-31133,
 * CVE-2025-52565, CVE-2025-52881). What the container was told to bring itself is its own, /proc excepted.
 */
export function verifyOps(spec: LaunchSpec): Op[] {
  const taken = spec.mounts.map(({ target }) => target.replace(/\/+$/, ''));
  return EXPECTED.filter(([path]) => path === '/proc' || !taken.some((target) => under(path, target))).map(
    ([path, type]): Op => ({ op: 'mount.verify', path, type }),
  );
}

const under = (path: string, target: string) => path === target || path.startsWith(`${target}/`);
