/** What happens when a container's process has ended: its state, its networks, who waited, and whether it comes back. */
import type { ExitStatus, Monitor } from '../launch/types.js';
import type { Container, WaitResult } from './container.js';
import { releaseEndpoints, tellConnected, tellVolumes } from './endpoints.js';
import type { Engine } from './engine.js';
import { groupIsLeft } from './group-removal.js';
import { promoteNext } from './handover.js';
import { releaseImageMounts } from './image-mounts.js';
import { clearLostMonitor } from './lost-monitor.js';
import { removeContainer } from './remove.js';
import { nextBackoff, shouldRestart } from './restart-policy.js';
import { releaseShm } from './shm.js';
import { formatTime, parseTime } from './time.js';
import type { ContainerState } from './types.js';
import { unmountVolumes } from './volume-mounts.js';

/** Waits for the end of a running process and deals with it, once. */
export function followExit(engine: Engine, container: Container, monitor: Monitor): void {
  monitor.onOom(() => engine.tell(container, 'oom'));
  container.settled = monitor.exited.then((status) =>
    // An engine that leaves lets go of its monitors: that is no exit.
    engine.leaving ? undefined : dealWithExit(engine, container, status),
  );
}

/** Also for a process that ended while no engine was there. */
export async function dealWithExit(engine: Engine, container: Container, status: ExitStatus): Promise<void> {
  container.stopHealth?.();
  container.stopHealth = undefined;
  container.monitor = undefined;
  const { record } = container;
  const ranNs = status.finishedAtNs - parseTime(record.state.StartedAt);
  const comesBack =
    !engine.leaving &&
    !container.removing &&
    shouldRestart(record.hostConfig.RestartPolicy, {
      exitCode: status.code,
      byHand: container.endingByHand,
      restartCount: record.restartCount,
    });
  const seconds = ranNs > 0n ? ranNs / 1_000_000_000n : 0n;
  tellConnected(engine, container, 'disconnect');
  tellVolumes(engine, container, 'unmount');
  engine.tell(container, 'die', { exitCode: String(status.code), execDuration: String(seconds) });
  const ended = endState(record.state, status, comesBack);
  engine.saveSoon(container, {
    running: undefined,
    state: ended,
    ...(container.endingByHand ? { stoppedByHand: true } : {}),
    ...(comesBack ? { restartCount: record.restartCount + 1 } : {}),
  });
  answerWaiters(container.exitWaiters, { StatusCode: status.code });
  await release(engine, container);
  await promoteNext(engine, container);
  // Only a monitor that was killed leaves its group; what ran in it must be gone before the container may start again.
  const group = record.running?.cgroupPath;
  if (group !== undefined && groupIsLeft(engine.cgroups, group))
    await clearLostMonitor(engine, container.id, record.hostConfig.CgroupParent);
  if (comesBack) scheduleRestart(engine, container, Number(ranNs / 1_000_000n));
  else if (record.hostConfig.AutoRemove) autoRemove(engine, container);
}

function endState(state: ContainerState, status: ExitStatus, comesBack: boolean): ContainerState {
  return {
    ...state,
    Status: comesBack ? 'restarting' : 'exited',
    // Docker counts one that is about to come back as running: stop and rm must see it so.
    Running: comesBack,
    Restarting: comesBack,
    Paused: false,
    OOMKilled: status.oomKilled,
    Pid: 0,
    ExitCode: status.code,
    FinishedAt: formatTime(status.finishedAtNs),
    ...(state.Health === undefined ? {} : { Health: { ...state.Health, Status: 'unhealthy' as const } }),
  };
}

function answerWaiters(waiters: Set<(result: WaitResult) => void>, result: WaitResult): void {
  const all = [...waiters];
  waiters.clear();
  for (const answer of all) answer(result);
}

async function release(engine: Engine, container: Container): Promise<void> {
  if (container.kept === undefined) await releaseEndpoints(engine, container);
  await unmountVolumes(engine, container).catch(() => undefined);
  await releaseShm(engine, container).catch(() => undefined);
  await releaseImageMounts(engine, container).catch(() => undefined);
}

function scheduleRestart(engine: Engine, container: Container, ranMs: number): void {
  // A stop that came in the meantime has set it to exited.
  if (!container.record.state.Restarting) return;
  container.backoffMs = nextBackoff(container.backoffMs, ranMs);
  const timer = setTimeout(() => {
    container.pendingRestart = undefined;
    if (!engine.leaving && container.record.state.Restarting) engine.restart(container).catch(() => undefined);
  }, container.backoffMs);
  container.pendingRestart = { cancel: () => clearTimeout(timer) };
}

function autoRemove(engine: Engine, container: Container): void {
  removeContainer(engine, container, { force: true, volumes: true }).catch(() => undefined);
}
