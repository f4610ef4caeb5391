/** What an engine does with the containers that an earlier one left: takes over, settles, starts again. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readExitFile } from '../launch/exit-file.js';
import type { ExitStatus, Monitor } from '../launch/types.js';
import { Container } from './container.js';
import { publishingEndpoint, releaseEndpoints } from './endpoints.js';
import type { Engine } from './engine.js';
import { dealWithExit, followExit } from './exited.js';
import { isHeld } from './freeze.js';
import { finishHandover } from './handover.js';
import { startHealth } from './health.js';
import { sweepMonitorSockets } from './lost-monitor.js';
import { exitFile, monitorSocket } from './paths.js';
import { removeContainer } from './remove.js';
import { shouldRestart } from './restart-policy.js';
import { formatTime, nowNs } from './time.js';
import type { ContainerRecord } from './types.js';

/** Loads all records and puts each right. Containers that are to come back are started in the background. */
export async function takeOver(engine: Engine): Promise<void> {
  const containers = engine.storedContainers().map((record) => new Container(record));
  for (const container of containers) engine.containers.add(container);
  const live = new Set(await readdir(join(engine.foundations.paths.runtime, 'm')).catch(() => []));
  const comeBack: Container[] = [];
  for (const container of containers) if (await settle(engine, container, live)) comeBack.push(container);
  for (const container of containers) await finishHandover(engine, container).catch(() => undefined);
  await endStrays(engine, live);
  await sweepMonitorSockets(engine);
  await removeOrphans(engine);
  for (const container of comeBack) engine.restart(container).catch(() => undefined);
}

/** True for one that is to be started again. */
async function settle(engine: Engine, container: Container, live: ReadonlySet<string>): Promise<boolean> {
  const { paths, launcher } = engine.foundations;
  const socket = container.record.running?.monitorSocket ?? monitorSocket(paths, container.id);
  const mayLive = container.record.running !== undefined || live.has(container.id.slice(0, 16));
  const monitor = mayLive ? await launcher.reconnect(container.id, socket) : undefined;
  if (monitor !== undefined) return adopt(engine, container, monitor);
  const { state, hostConfig } = container.record;
  if (container.record.running !== undefined || state.Running) await settleEnded(engine, container);
  if (hostConfig.AutoRemove && container.record.startedBefore && !container.isRunning) {
    await removeContainer(engine, container, { force: true, volumes: true }).catch(() => undefined);
    return false;
  }
  return !container.isRunning && !container.record.state.Restarting && comesBack(container.record);
}

/** `always` comes back with the engine; `unless-stopped` when it was not stopped by hand. */
function comesBack({ hostConfig, stoppedByHand, startedBefore, state, restartCount }: ContainerRecord): boolean {
  const policy = hostConfig.RestartPolicy.Name;
  if (!startedBefore) return false;
  if (policy === 'always') return true;
  if (policy === 'unless-stopped') return !stoppedByHand;
  return shouldRestart(hostConfig.RestartPolicy, { exitCode: state.ExitCode, byHand: stoppedByHand, restartCount });
}

async function adopt(engine: Engine, container: Container, monitor: Monitor): Promise<boolean> {
  const { networks } = engine.foundations;
  const { running, state } = container.record;
  if (running === undefined) {
    // It was being started when the engine died, before its addresses were written down: nobody was told of it.
    await monitor.signal(9);
    await monitor.exited;
    return false;
  }
  container.monitor = monitor;
  for (const { endpoint, request } of running.endpoints) networks.adopt(endpoint, request);
  const endpoint = publishingEndpoint(
    engine,
    running.endpoints.map((one) => one.endpoint),
  );
  if (endpoint !== undefined && running.ports.length > 0)
    await networks.publish(container.id, running.ports, endpoint).catch(() => undefined);
  const paused = await isHeld(engine, running.cgroupPath, monitor.pid);
  void engine.save(container, {
    startedBefore: true,
    state: {
      ...state,
      Status: paused ? 'paused' : 'running',
      Running: true,
      Paused: paused,
      Restarting: false,
      Pid: monitor.pid,
      StartedAt: formatTime(monitor.startedAtNs),
    },
  });
  startHealth(engine, container, true);
  followExit(engine, container, monitor);
  return false;
}

/** It ended while no engine was there: its monitor has written down how. */
async function settleEnded(engine: Engine, container: Container): Promise<void> {
  const { paths } = engine.foundations;
  const wasStarted = container.record.startedBefore && container.record.state.Running;
  const found = await readExitFile(exitFile(paths, container.id));
  if (!wasStarted && found === undefined) {
    await releaseEndpoints(engine, container);
    void engine.save(container, { running: undefined });
    return;
  }
  if (container.record.state.Restarting) {
    void engine.save(container, {
      running: undefined,
      state: { ...container.record.state, Status: 'exited', Running: false, Restarting: false },
    });
    return;
  }
  const status: ExitStatus = found ?? { code: 137, signal: 9, oomKilled: false, finishedAtNs: nowNs() };
  if (found !== undefined)
    void engine.save(container, {
      startedBefore: true,
      state: { ...container.record.state, StartedAt: formatTime(found.startedAtNs) },
    });
  container.settled = dealWithExit(engine, container, status);
  await container.settled;
}

/** Processes that belong to no container: steps of builds that died with their engine. */
async function endStrays(engine: Engine, live: ReadonlySet<string>): Promise<void> {
  const known = new Set(engine.containers.all().map(({ id }) => id.slice(0, 16)));
  const { paths, launcher } = engine.foundations;
  const folders = await readdir(join(paths.home, 'containers')).catch(() => []);
  for (const name of live) {
    const id = known.has(name) ? undefined : folders.find((folder) => folder.startsWith(name));
    if (id === undefined) continue;
    const monitor = await launcher.reconnect(id, monitorSocket(paths, id)).catch(() => undefined);
    await monitor?.signal(9);
    await monitor?.exited;
  }
}

/** Folders and roots that no container's record knows: a create, a removal or a build that was cut short. */
async function removeOrphans(engine: Engine): Promise<void> {
  const { paths, snapshots } = engine.foundations;
  const listed = await Promise.all(
    ['containers', 'roots', 'vfs/roots'].map((folder) => readdir(join(paths.home, folder)).catch(() => [])),
  );
  for (const id of new Set(listed.flat())) {
    if (!/^(build-)?[0-9a-f-]{36,64}$/.test(id) || engine.containers.find(id) !== undefined) continue;
    await snapshots.discard(id).catch(() => undefined);
    await rm(join(paths.home, 'containers', id), { recursive: true, force: true });
  }
}
