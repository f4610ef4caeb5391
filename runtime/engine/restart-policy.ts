/** Whether and when a container that ended comes back. Pure. */
import type { RestartPolicy } from './host-config.js';

const FIRST_MS = 100;
const LONGEST_MS = 60_000;
/** One that ran this long starts over with the short wait. */
const STEADY_MS = 10_000;

export function shouldRestart(
  policy: RestartPolicy,
  ended: { readonly exitCode: number; readonly byHand: boolean; readonly restartCount: number },
): boolean {
  if (ended.byHand) return false;
  if (policy.Name === 'always' || policy.Name === 'unless-stopped') return true;
  if (policy.Name !== 'on-failure' || ended.exitCode === 0) return false;
  return policy.MaximumRetryCount === 0 || ended.restartCount < policy.MaximumRetryCount;
}

/** Doubles from 100 ms to a minute (Docker's). */
export function nextBackoff(previousMs: number, ranMs: number): number {
  return previousMs === 0 || ranMs > STEADY_MS ? FIRST_MS : Math.min(previousMs * 2, LONGEST_MS);
}
