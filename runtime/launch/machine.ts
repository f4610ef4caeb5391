import { readFile } from 'node:fs/promises';
import { type CgroupLayout, detectCgroups } from './cgroup.js';

/** What of this machine a launch program depends on; data, so that composing one stays pure. */
export interface Machine {
  readonly cgroups: CgroupLayout;
  /** What the launcher itself holds: a container cannot get more (capabilities(7)). */
  readonly capabilities: bigint;
}

export async function probeMachine(): Promise<Machine> {
  const [cgroups, status] = await Promise.all([detectCgroups(), readFile('/proc/self/status', 'utf8')]);
  return { cgroups, capabilities: heldCapabilities(status) };
}

/** CapPrm of a /proc/PID/status. */
export function heldCapabilities(status: string): bigint {
  const hex = /^CapPrm:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return hex === undefined ? 0n : BigInt(`0x${hex}`);
}
