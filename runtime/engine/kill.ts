/** Signals to containers. */
import { EngineError } from '../errors.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';
import { holdContainer, isHeld } from './freeze.js';
import { signalNumber } from './signals.js';
import { formatTime, nowNs } from './time.js';

const SIGKILL = 9;
const SIGTERM = 15;

export function stopSignalOf(container: Container): number {
  const { StopSignal } = container.record.config;
  return StopSignal ? signalNumber(StopSignal) : SIGTERM;
}

/** Which signal a kill asks for; without words SIGKILL. Throws `invalid` for what is none. */
export function parseKillSignal(text: string): number {
  return text === '' ? SIGKILL : signalNumber(text);
}

/** POST /containers/X/kill with a signal's number. Throws `conflict` when it does not run. */
export async function killContainer(engine: Engine, container: Container, number: number): Promise<void> {
  await afterStart(container);
  if (!container.isRunning) throw notRunning(container);
  if (container.record.state.Restarting) {
    if (number === SIGKILL || number === stopSignalOf(container)) giveUpRestart(engine, container);
    else throw notRunning(container);
    return;
  }
  await sendSignal(engine, container, number);
  if (number === SIGKILL) await container.settled;
}

/** One that is just being started counts as what it becomes: Compose stops what it has asked to start. */
export async function afterStart(container: Container): Promise<void> {
  if (!container.isRunning) await container.lock.run(async () => undefined);
}

function notRunning(container: Container): EngineError {
  return new EngineError('conflict', `container ${container.id} is not running`);
}

/** Sends, tells, and wakes a paused one so that it can die of it. Resolves when the signal is on its way. */
export async function sendSignal(engine: Engine, container: Container, signal: number): Promise<void> {
  // moby's rule: where no stop signal was named, any signal is taken for the end of the restart policy.
  const isEnd = signal === SIGKILL || !container.record.config.StopSignal || signal === stopSignalOf(container);
  if (isEnd) container.endingByHand = true;
  await container.monitor?.signal(signal);
  engine.tell(container, 'kill', { signal: String(signal) });
  if (isEnd && container.record.state.Paused) await wake(engine, container);
}

async function wake(engine: Engine, container: Container): Promise<void> {
  const { running, state } = container.record;
  if (running !== undefined && (await isHeld(engine, running.cgroupPath, state.Pid)))
    await thawToDie(engine, container);
  if (!container.record.state.Paused) return;
  void engine.saveState(container, { Paused: false, Status: 'running' });
  engine.tell(container, 'unpause');
}

/** It dies as soon as it is thawed, and its group goes with it. */
async function thawToDie(engine: Engine, container: Container): Promise<void> {
  try {
    await holdContainer(engine, container, false);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENODEV') throw error;
  }
}

/** Ends a container whose next life is only waited for. */
export function giveUpRestart(engine: Engine, container: Container): void {
  container.pendingRestart?.cancel();
  container.pendingRestart = undefined;
  void engine.save(container, {
    stoppedByHand: true,
    state: {
      ...container.record.state,
      Status: 'exited',
      Running: false,
      Restarting: false,
      FinishedAt: formatTime(nowNs()),
    },
  });
}
