/** Health probes: the image's or the request's Healthcheck, run in the container as long as it lives. */
import { formatDurationNs } from '../build/instructions/durations.js';
import type { HealthConfig } from '../images/types.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';
import { createExec, startExec } from './exec.js';
import { plainOutput } from './frames.js';
import { now } from './time.js';
import type { ExecConfig, HealthProbe, HealthState } from './types.js';

const SECOND_MS = 1000;
const DEFAULTS = { intervalMs: 30 * SECOND_MS, timeoutMs: 30 * SECOND_MS, startIntervalMs: 5 * SECOND_MS, retries: 3 };
const AWAITED_INTERVAL_MS = 50;
const KEPT_PROBES = 5;
const OUTPUT_LIMIT = 4096;

/** Milliseconds, Docker's defaults filled in. */
export interface ProbePlan {
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
  readonly retries: number;
}

/** Undefined when there is nothing to probe. */
function probePlan(config: HealthConfig | undefined, shell: readonly string[] | undefined): ProbePlan | undefined {
  const [kind, ...rest] = config?.Test ?? [];
  if (config === undefined || kind === undefined || kind === 'NONE') return undefined;
  const ms = (ns: number | undefined) => (ns ?? 0) / 1e6;
  const command = kind === 'CMD' ? rest : [...(shell && shell.length > 0 ? shell : ['/bin/sh', '-c']), ...rest];
  return {
    command,
    intervalMs: ms(config.Interval) || DEFAULTS.intervalMs,
    timeoutMs: ms(config.Timeout) || DEFAULTS.timeoutMs,
    startPeriodMs: ms(config.StartPeriod),
    startIntervalMs: ms(config.StartInterval) || DEFAULTS.startIntervalMs,
    retries: config.Retries || DEFAULTS.retries,
  };
}

/** The next state after a probe. Pure: failures within the start period do not count. */
export function judge(state: HealthState, probe: HealthProbe, plan: ProbePlan, inStartPeriod: boolean): HealthState {
  const Log = [...state.Log, probe].slice(-KEPT_PROBES);
  if (probe.ExitCode === 0) return { Status: 'healthy', FailingStreak: 0, Log };
  if (inStartPeriod && state.Status === 'starting') return { ...state, Log };
  const FailingStreak = state.FailingStreak + 1;
  return { Status: FailingStreak >= plan.retries ? 'unhealthy' : state.Status, FailingStreak, Log };
}

/** Starts probing a container that has just started; one that was taken over keeps its state. */
export function startHealth(engine: Engine, container: Container, keepState = false): void {
  const { config } = container.record;
  const plan = probePlan(config.Healthcheck, config.Shell);
  if (plan === undefined) return;
  if (!keepState || container.record.state.Health === undefined)
    void engine.saveState(container, { Health: { Status: 'starting', FailingStreak: 0, Log: [] } });
  const stopped = new AbortController();
  container.stopHealth = () => stopped.abort();
  void probeForEver(engine, container, plan, stopped.signal);
}

async function probeForEver(engine: Engine, container: Container, plan: ProbePlan, signal: AbortSignal): Promise<void> {
  const startedMs = performance.now();
  const inStartPeriod = () =>
    performance.now() - startedMs < plan.startPeriodMs && container.record.state.Health?.Status === 'starting';
  const isAwaited = () => isAwaitedBehind(container) && performance.now() - startedMs < plan.intervalMs * plan.retries;
  for (;;) {
    const usualMs = inStartPeriod() ? Math.min(plan.startIntervalMs, plan.startPeriodMs) : plan.intervalMs;
    await pause(isAwaited() ? Math.min(AWAITED_INTERVAL_MS, usualMs) : usualMs, signal);
    if (signal.aborted || engine.leaving) return;
    if (container.record.state.Paused) continue;
    const began = inStartPeriod() || isAwaited();
    const probe = await runProbe(engine, container, plan);
    if (signal.aborted || engine.leaving || probe === undefined) return;
    record(engine, container, judge(container.record.state.Health!, probe, plan, began));
  }
}

/** It is to take over as soon as it can: it is asked often, and its failures do not count before they usually would. */
function isAwaitedBehind({ record: { running, state } }: Container): boolean {
  return running?.behind !== undefined && state.Health?.Status === 'starting';
}

function record(engine: Engine, container: Container, next: HealthState): void {
  const before = container.record.state.Health?.Status;
  void engine.saveState(container, { Health: next });
  if (next.Status !== before) engine.tell(container, `health_status: ${next.Status}`);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}

function probeConfig(plan: ProbePlan): ExecConfig {
  return {
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    DetachKeys: '',
    Tty: false,
    Env: [],
    Cmd: plan.command,
    Privileged: false,
    User: '',
    WorkingDir: '',
  };
}

/** Undefined when the container ended under it. */
async function runProbe(engine: Engine, container: Container, plan: ProbePlan): Promise<HealthProbe | undefined> {
  const Start = now();
  try {
    const exec = createExec(engine, container, probeConfig(plan));
    const stream = await startExec(engine, exec, { detach: false, ttySize: undefined });
    const output = plainOutput(stream!, OUTPUT_LIMIT);
    // A quick probe may have ended, and been tidied away, before its stream was handed over.
    const exited: Promise<number> = exec.running
      ? exec.running.exited.then(({ code }) => code)
      : Promise.resolve(exec.exitCode ?? -1);
    const code = await within(exited, plan.timeoutMs);
    if (code === undefined) {
      process.kill(exec.pid, 'SIGKILL');
      return {
        Start,
        End: now(),
        ExitCode: -1,
        Output: `Health check exceeded timeout (${formatDurationNs(plan.timeoutMs * 1e6)})${(await output) === '' ? '' : `: ${await output}`}`,
      };
    }
    return { Start, End: now(), ExitCode: code, Output: await output };
  } catch (error) {
    if (!container.isRunning) return undefined;
    return { Start, End: now(), ExitCode: -1, Output: (error as Error).message };
  }
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
