/** Brings a container's process to life: network, files, launch program, monitor. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import { composeLaunch } from '../launch/compose.js';
import { withGroundwork } from '../launch/groundwork.js';
import type { LaunchProgram } from '../launch/program.js';
import type { LaunchSpec } from '../launch/spec.js';
import type { Monitor, PreparedContainer } from '../launch/types.js';
import { withUserRange } from '../launch/user-range.js';
import type { PreparedRoot } from '../snapshots/types.js';
import { lookUpIdentity } from './accounts.js';
import { checkCpuShares, checkStart } from './check-start.js';
import type { Container } from './container.js';
import { containerFileMounts, containerFiles } from './container-files.js';
import { givenDevices } from './devices.js';
import {
  type Connected,
  connectEndpoints,
  publishPorts,
  releaseEndpoints,
  tellConnected,
  tellVolumes,
} from './endpoints.js';
import type { Engine } from './engine.js';
import { processEnv } from './environment.js';
import { followExit } from './exited.js';
import { startHealth } from './health.js';
import { resolveImageMounts } from './image-mounts.js';
import { isLost, takeKept } from './kept.js';
import { startFailure } from './launch-failure.js';
import { launchSpec } from './launch-spec.js';
import { checkLinks } from './links.js';
import { clearLostMonitor } from './lost-monitor.js';
import { mountSpecs } from './mount-specs.js';
import { cgroupPath, containerDirectory, exitFile, monitorSocket } from './paths.js';
import { linksEnv, seccompFilter } from './process-facts.js';
import { removeContainer } from './remove.js';
import { readAccountFiles } from './root-files.js';
import { appArmorProfileOf, parseSecurityOptions } from './security.js';
import { settledAll } from './settled-all.js';
import { prepareShm } from './shm.js';
import { formatTime, nowNs } from './time.js';
import type { RunningRecord } from './types.js';
import { userRangeFor } from './user-range.js';
import { mountVolumes, unmountVolumes } from './volume-mounts.js';

/** Throws `not-modified` when it runs, `conflict` when it is paused or going, `invalid` or `system` when it cannot start. */
export async function startContainer(engine: Engine, container: Container, manner: Manner = {}): Promise<void> {
  await container.lock.run(() => startLocked(engine, container, manner));
}

/** How a container is started. */
export interface Manner {
  /** By its restart policy. */
  readonly restarting?: boolean;
  /** Behind a running container, whose ports and names it gets by a hand-over. */
  readonly behind?: Container;
}

/** For a caller that holds the container's lock. */
export async function startLocked(engine: Engine, container: Container, manner: Manner = {}): Promise<void> {
  const { restarting = false, behind } = manner;
  const { state, hostConfig } = container.record;
  if (state.Paused) throw new EngineError('conflict', 'cannot start a paused container, try unpause instead');
  if (state.Running && !state.Restarting) throw new EngineError('not-modified', 'container is already running');
  if (container.removing || state.Dead)
    throw new EngineError('conflict', 'container is marked for removal and cannot be started');
  await container.settled;
  container.pendingRestart?.cancel();
  container.pendingRestart = undefined;
  try {
    await launch(engine, container, { restarting, behind });
  } catch (error) {
    const failure = await startFailure(error, container, engine.foundations.networks);
    await fail(engine, container, failure.error.message, failure.exitCode);
    if (hostConfig.AutoRemove && !restarting)
      setImmediate(() => removeContainer(engine, container, { force: true, volumes: true }).catch(() => undefined));
    throw failure.error;
  }
}

async function fail(engine: Engine, container: Container, message: string, exitCode: number): Promise<void> {
  await releaseEndpoints(engine, container);
  await unmountVolumes(engine, container).catch(() => undefined);
  await clearLostMonitor(engine, container.id, container.record.hostConfig.CgroupParent);
  for (const pending of container.pendingAttaches) pending.failed(new EngineError('system', message));
  container.pendingAttaches.clear();
  const { startedBefore, state } = container.record;
  await engine.save(container, {
    running: undefined,
    state: {
      ...state,
      Status: startedBefore ? 'exited' : 'created',
      Running: false,
      Restarting: false,
      Pid: 0,
      ExitCode: exitCode,
      Error: message,
      ...(startedBefore ? { FinishedAt: formatTime(nowNs()) } : {}),
    },
  });
}

/** What a launch stands on. */
interface Ground {
  readonly connect: () => Promise<Connected>;
  readonly behind?: Container | undefined;
  readonly kept?: LaunchSpec['kept'];
}

interface Prepared {
  readonly program: LaunchProgram;
  readonly connected: Connected;
}

async function launch(
  engine: Engine,
  container: Container,
  { restarting, behind }: { restarting: boolean; behind: Container | undefined },
): Promise<void> {
  // After the machine's start its containers come back in no order.
  if (!restarting) checkLinks(engine, container);
  checkCpuShares(container.record.hostConfig, engine.cgroups.version);
  const again = await launchAgain(engine, container);
  const { prepared, connected } = again ?? (await launchNew(engine, container, behind));
  const publishes = again === undefined && behind === undefined;
  try {
    await attachPending(container, prepared.monitor);
    await settledAll([prepared.go(), publishes ? publishPorts(engine, container, connected) : undefined]);
  } catch (error) {
    await abandon(prepared);
    throw error;
  }
  begin(engine, container, prepared.monitor, restarting);
  // Who came while it started: what they missed is in the log.
  await attachPending(container, prepared.monitor);
}

interface Launched {
  readonly prepared: PreparedContainer;
  readonly connected: Connected;
}

async function launchNew(engine: Engine, container: Container, behind: Container | undefined): Promise<Launched> {
  const connect = () => connectEndpoints(engine, container, behind);
  const { program, connected } = await prepareProgram(engine, container, { connect, behind });
  const goAtOnce = container.pendingAttaches.size === 0;
  return { prepared: await engine.foundations.launcher.prepare(program, goAtOnce), connected };
}

/** In the monitor that has kept the last run's surroundings for a restart; undefined when there is none, or nothing is left of it. */
async function launchAgain(engine: Engine, container: Container): Promise<Launched | undefined> {
  const kept = takeKept(container);
  if (kept === undefined) return undefined;
  const { monitor, connected } = kept;
  const { program } = await prepareProgram(engine, container, { connect: async () => connected, kept: 'again' }).catch(
    async (error: unknown) => {
      await monitor.letGo();
      throw error;
    },
  );
  try {
    return { prepared: await monitor.relaunch(program, container.pendingAttaches.size === 0), connected };
  } catch (error) {
    if (!isLost(error)) throw error;
    await releaseEndpoints(engine, container);
    return undefined;
  }
}

/** Best effort: after a failed `go` there is nothing left to abandon. */
async function abandon(prepared: PreparedContainer): Promise<void> {
  await prepared.abandon().catch(() => undefined);
}

/** Everything that can be done at the same time is: addresses, files, accounts, devices. */
async function prepareProgram(
  engine: Engine,
  container: Container,
  { connect, behind, kept = 'root' }: Ground,
): Promise<Prepared> {
  const { paths, snapshots } = engine.foundations;
  const { id, chainId, hostConfig: host, mounts } = container.record;
  const directory = containerDirectory(paths, id);
  // Its folders are the launch program's to make, unless there is a tree to copy.
  const root = await (snapshots.driver.name === 'vfs' ? snapshots.prepare : snapshots.get)(id, chainId);
  const [connected, given] = await settledAll([
    connect(),
    givenDevices(host),
    mountVolumes(engine, container).then(() => checkStart(container.record)),
  ]);
  const endpoints = connected.endpoints.map(({ endpoint }) => endpoint);
  const [accounts, shm, shown, files, userRange] = await settledAll([
    readAccountFiles(root, mounts),
    prepareShm(engine, container),
    resolveImageMounts(engine, container),
    containerFiles(engine, container, endpoints),
    userRangeFor(engine, host),
    readyForRemount(container, root),
  ]);
  const identity = lookUpIdentity(accounts, container.record.config.User ?? '', host.GroupAdd ?? []);
  const env = processEnv({
    hostname: container.record.config.Hostname,
    tty: container.record.config.Tty,
    links: linksEnv(engine, container),
    config: container.record.config.Env ?? [],
    home: identity.home,
  });
  const own = [...mountSpecs(shown, host), ...shm];
  const taken = new Set(own.map((mount) => mount.target));
  const group = cgroupPath(paths, id, host.CgroupParent);
  const appArmorProfile = await appArmorProfileOf(engine, host);
  const spec = launchSpec(container.record, {
    root,
    directory,
    monitorSocket: monitorSocket(paths, id),
    exitFile: exitFile(paths, id),
    cgroupPath: group,
    identity,
    env,
    interfaces: connected.interfaces,
    ports: connected.ports,
    mounts: [...containerFileMounts(engine, container, taken), ...own],
    devices: given.devices,
    deviceRules: given.rules,
    blkioLimits: given.blkioLimits,
    blkioWeights: given.blkioWeights,
    security: parseSecurityOptions(host.SecurityOpt ?? []),
    appArmorProfile,
    seccomp: seccompFilter(engine, host),
    pidOf: (mode, namespace) => pidOf(engine, mode, namespace),
    rootless: engine.foundations.launcher.machine.rootless !== undefined,
    kept,
  });
  // Not waited for: it is on its way to the store before the process can exist, and that is what a next engine needs.
  void engine.save(container, {
    ...(appArmorProfile !== undefined && { appArmorProfile }),
    running: {
      monitorSocket: spec.monitorSocket,
      endpoints: connected.endpoints,
      ...portsOf(connected, behind),
      cgroupPath: group,
      env,
      ...(userRange && { userRange }),
    },
  });
  const composed = composeLaunch(spec, engine.foundations.launcher.machine);
  const program = userRange === undefined ? composed : withUserRange(composed, userRange);
  return { program: withGroundwork(program, { directory, root, files }), connected };
}

function portsOf({ ports }: Connected, behind: Container | undefined): Pick<RunningRecord, 'ports' | 'behind'> {
  if (behind === undefined) return { ports };
  return { ports: [], behind: { id: behind.id, ports: ports.map(({ sharedWith: _, ...port }) => port) } };
}

/** An overlay that was mounted `volatile` refuses a second mount until its mark is gone. */
async function readyForRemount(container: Container, root: PreparedRoot): Promise<void> {
  if (container.record.startedBefore && container.record.hostConfig.AutoRemove)
    await rm(join(root.work, 'work', 'incompat'), { recursive: true, force: true });
}

/** Pid whose namespaces are joined. Throws in Docker's words, which the network mode has some of its own of. */
function pidOf(engine: Engine, mode: string, namespace: string): number {
  const name = mode.replace(/^container:/, '');
  const isNetwork = namespace === 'net';
  const other = isNetwork ? engine.containers.find(name) : engine.containers.get(name);
  if (other === undefined)
    throw new EngineError('system', `joining network namespace of container: No such container: ${name}`);
  if (!other.isRunning)
    throw new EngineError(
      'conflict',
      isNetwork
        ? `cannot join network namespace of a non running container: container ${other.name} is ${other.record.state.Status}`
        : `cannot join the namespace of a non running container: container ${other.id} is not running`,
    );
  if (other.record.state.Restarting)
    throw new EngineError('conflict', `Container ${other.id} is restarting, wait until the container is running`);
  return other.record.state.Pid;
}

/** Clients that attached before the start get their streams before the first byte can be written. */
async function attachPending(container: Container, monitor: Monitor): Promise<void> {
  const waiting = [...container.pendingAttaches];
  container.pendingAttaches.clear();
  await Promise.all(waiting.map((pending) => monitor.attach(pending.choice).then(pending.connected, pending.failed)));
}

function begin(engine: Engine, container: Container, monitor: Monitor, restarting: boolean): void {
  const { state, restartCount } = container.record;
  container.monitor = monitor;
  container.endingByHand = false;
  container.isUntouched = true;
  const { Health: _, ...rest } = state;
  engine.saveSoon(container, {
    startedBefore: true,
    stoppedByHand: false,
    restartCount: restarting ? restartCount : 0,
    state: {
      ...rest,
      Status: 'running',
      Running: true,
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      Pid: monitor.pid,
      ExitCode: 0,
      Error: '',
      StartedAt: formatTime(monitor.startedAtNs),
    },
  });
  if (!restarting) container.backoffMs = 0;
  tellVolumes(engine, container, 'mount');
  tellConnected(engine, container, 'connect');
  engine.tell(container, 'start');
  startHealth(engine, container);
  followExit(engine, container, monitor);
}
