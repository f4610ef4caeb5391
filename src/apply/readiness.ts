import type { ContainerInspect } from '../engine/answers.js';
import type { EngineClient } from '../engine/client.js';
import { inspectContainer } from '../engine/containers.js';
import { subscribeEvents } from '../engine/system.js';
import { composeLabel } from '../model/labels.js';

/** A look at a container: `ready`, or why it never will be, or undefined to look again later, or when to. */
export type Verdict =
  | { readonly ready: true }
  | { readonly ready: false; readonly problem: string }
  | { readonly ready: undefined; readonly againMs: number }
  | undefined;

const standbyMs = 1000;

/**
 * Waits for containers by the engine's events: one subscription for all that wait, opened by the first. After each
 * event of its container, and once a second in case one was lost, a waiter looks again.
 */
export class Readiness {
  private wakeUps = new Map<string, Set<() => void>>();
  private subscription: Promise<void> | undefined;
  private readonly stopped = new AbortController();

  constructor(
    private readonly engine: EngineClient,
    private readonly projectName: string,
  ) {}

  async until(
    id: string,
    judge: (container: ContainerInspect) => Verdict,
    signal: AbortSignal,
  ): Promise<ContainerInspect> {
    this.subscription ??= this.subscribe();
    await this.subscription;
    for (;;) {
      const woken = this.nextEvent(id, signal);
      try {
        const container = await inspectContainer(this.engine, id);
        const verdict = judge(container);
        if (verdict?.ready) return container;
        if (verdict?.ready === false) throw new NeverReady(verdict.problem, container);
        await woken.within(verdict?.againMs ?? standbyMs);
        signal.throwIfAborted();
      } finally {
        woken.cancel();
      }
    }
  }

  close() {
    this.stopped.abort();
  }

  private async subscribe(): Promise<void> {
    const filters = { type: ['container'], label: [`${composeLabel.project}=${this.projectName}`] };
    const events = await subscribeEvents(this.engine, filters, { signal: this.stopped.signal });
    const listen = async () => {
      for await (const event of events) for (const wake of this.wakeUps.get(event.Actor.ID) ?? []) wake();
    };
    listen().catch(() => {
      // closed by us, or the engine went away: then the next look says so
    });
  }

  private nextEvent(id: string, signal: AbortSignal) {
    const waiting = this.wakeUps.get(id) ?? new Set();
    this.wakeUps.set(id, waiting);
    let wake = () => {};
    const promise = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let standby: NodeJS.Timeout | undefined;
    const within = (ms: number) => {
      standby = setTimeout(wake, ms);
      return promise;
    };
    waiting.add(wake);
    signal.addEventListener('abort', wake);
    const cancel = () => {
      clearTimeout(standby);
      waiting.delete(wake);
      signal.removeEventListener('abort', wake);
    };
    return { within, cancel };
  }
}

/** It ended, or its healthcheck gave up. */
export class NeverReady extends Error {
  constructor(
    sentence: string,
    readonly container: ContainerInspect,
  ) {
    super(sentence);
    this.name = 'NeverReady';
  }
}

/** What ends within this time of its start was never up: as long as Compose waits before its first look. */
const settledMs = 500;

/**
 * Runs, and is healthy where it can say so; one that ended with 0 counts (a one-shot). What has no healthcheck must have
 * run for a moment.
 */
export function judgeRunning({ State }: ContainerInspect, nowMs = Date.now()): Verdict {
  if (State.Status === 'exited' || State.Status === 'dead') {
    return State.ExitCode === 0 ? { ready: true } : { ready: false, problem: `exited (${State.ExitCode})` };
  }
  if (!State.Running) return undefined;
  const health = State.Health?.Status;
  if (health === 'healthy') return { ready: true };
  if (health === undefined || health === 'none') {
    const leftMs = Date.parse(State.StartedAt) + settledMs - nowMs;
    return leftMs > 0 ? { ready: undefined, againMs: Math.min(leftMs, settledMs) } : { ready: true };
  }
  return health === 'unhealthy' ? { ready: false, problem: 'is unhealthy' } : undefined;
}

/** Of one that is well: whether it stays so until `endMs` (milliseconds since 1970). A one-shot that ended with 0 is done. */
export function judgeSteady({ State, RestartCount }: ContainerInspect, endMs: number, nowMs = Date.now()): Verdict {
  if (State.Status === 'exited' && State.ExitCode === 0) return { ready: true };
  if (RestartCount > 0) return { ready: false, problem: `was restarted after it exited (${State.ExitCode})` };
  if (!State.Running) return { ready: false, problem: `exited (${State.ExitCode})` };
  if (State.Health?.Status === 'unhealthy') return { ready: false, problem: 'is unhealthy' };
  return nowMs >= endMs ? { ready: true } : { ready: undefined, againMs: endMs - nowMs };
}

export function judgeHealthy(container: ContainerInspect): Verdict {
  const { State } = container;
  const health = State.Health?.Status;
  if (State.Running && (health === undefined || health === 'none')) {
    return { ready: false, problem: 'has no healthcheck configured' };
  }
  if (State.Status === 'exited' || State.Status === 'dead') {
    return { ready: false, problem: `exited (${State.ExitCode})` };
  }
  if (!State.Running) return undefined;
  if (health === 'healthy') return { ready: true };
  return health === 'unhealthy' ? { ready: false, problem: 'is unhealthy' } : undefined;
}

export function judgeCompleted({ State }: ContainerInspect): Verdict {
  if (State.Status !== 'exited' && State.Status !== 'dead') return undefined;
  return State.ExitCode === 0
    ? { ready: true }
    : { ready: false, problem: `didn't complete successfully: exit ${State.ExitCode}` };
}
