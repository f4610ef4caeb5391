/** What an engine without root cannot do on this machine, and why: tests that need it are skipped, and say so. */
import { accessSync, constants } from 'node:fs';
import type { Test } from 'uvu';

export const isRoot = process.getuid?.() === 0;

/** Why each is missing. A test's name gets the sentence. */
const REASONS = {
  groups: 'no control groups are handed to this user: no limits, no pause, no figures of memory',
  kernel: 'only the machine’s root may',
  'user range': 'containers are in the engine’s own user namespace already',
  'no user namespace':
    'in a user namespace the kernel names owners in mount options, and knows no devices but bound ones',
  'kernel ports': 'the proxy has taken every connection before it knows whether the container does',
  'kept network': 'a monitor that made a pid namespace cannot come back from it, so that a restart makes all anew',
} as const;

export type Need = keyof typeof REASONS;

function isMet(need: Need): boolean {
  return isRoot || (need === 'groups' && ownsGroups());
}

function ownsGroups(): boolean {
  try {
    accessSync('/sys/fs/cgroup', constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** `needs(tests, 'groups')('pauses', …)`: as `tests`, or skipped with the reason. */
export function needs<Context>(tests: Test<Context>, need: Need): Test<Context> {
  if (isMet(need)) return tests;
  const skip: typeof tests.skip = (name, run) => {
    console.log(`skipped without root: ${String(name)}: ${REASONS[need]}`);
    return tests.skip(String(name), run as never);
  };
  return skip as unknown as Test<Context>;
}
