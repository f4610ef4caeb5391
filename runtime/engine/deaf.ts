/** A signal that the first process of a PID namespace neither catches nor blocks is lost (pid_namespaces(7)). */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from './container.js';

const FIRST_LOOK_MS = 10;
const LAST_LOOK_MS = 500;

/** Whether the signal would be lost on it now. False where that cannot be read. */
function isDeaf(pid: number, signal: number): boolean {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return false;
  }
  return isFirst(status) && !['SigCgt', 'SigBlk', 'SigIgn'].some((mask) => isIn(status, mask, signal));
}

/**
 * A program that is still starting has no handler yet, or one that does nothing and is gone after it (Node's): Docker's stop
 * then lasts until its SIGKILL. One that was deaf after its signal gets it again as soon as it listens. Resolves then, or
 * when the container has ended.
 */
export async function repeatWhenHeard(container: Container, signal: number, settled: Promise<void>): Promise<void> {
  let isOver = false;
  void settled.then(() => {
    isOver = true;
  });
  let wasDeaf = false;
  for (let wait = FIRST_LOOK_MS; !isOver; wait = Math.min(wait * 2, LAST_LOOK_MS)) {
    const deaf = isDeaf(container.record.state.Pid, signal);
    if (wasDeaf && !deaf) {
      await container.monitor?.signal(signal);
      return;
    }
    wasDeaf = deaf;
    await sleep(wait, undefined, { ref: false });
  }
}

/** One of another PID namespace (the host's, another container's) dies of what it does not catch. */
function isFirst(status: string): boolean {
  return /^NSpid:(?:\t\d+)+\t1$/m.test(status);
}

function isIn(status: string, mask: string, signal: number): boolean {
  const bits = new RegExp(`^${mask}:\\t([0-9a-f]{16})$`, 'm').exec(status)?.[1];
  return bits !== undefined && ((BigInt(`0x${bits}`) >> BigInt(signal - 1)) & 1n) === 1n;
}
