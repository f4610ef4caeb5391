import { EngineError } from '../errors.js';
import type { Container, WaitResult } from './container.js';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** Throws `invalid` for a condition that is none. */
export function parseWaitCondition(text: string): WaitCondition {
  if (text === '') return 'not-running';
  if (text === 'not-running' || text === 'next-exit' || text === 'removed') return text;
  throw new EngineError('invalid', `invalid condition: ${JSON.stringify(text)}`);
}

/** Registers at once, so that whatever happens after this call counts. `signal` gives up. */
export function waitContainer(
  container: Container,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<WaitResult> {
  if (condition === 'not-running' && !container.isRunning)
    return Promise.resolve({ StatusCode: container.record.state.ExitCode });
  const waiters = condition === 'removed' ? container.removalWaiters : container.exitWaiters;
  return new Promise((resolve, reject) => {
    const answer = (result: WaitResult) => {
      signal.removeEventListener('abort', giveUp);
      resolve(result);
    };
    const giveUp = () => {
      waiters.delete(answer);
      reject(new EngineError('system', 'the client is gone'));
    };
    signal.addEventListener('abort', giveUp, { once: true });
    waiters.add(answer);
  });
}
