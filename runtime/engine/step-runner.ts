/** Runs a build's RUN as a container: same network, same confinement, but no record, no log and no name. */
import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import type { RunStep, StepRequest } from '../build/types.js';
import { EngineError } from '../errors.js';
import { composeLaunch } from '../launch/compose.js';
import type { MountSpec } from '../launch/spec.js';
import { LaunchError, type PreparedContainer } from '../launch/types.js';
import { lookUpIdentity } from './accounts.js';
import { Container } from './container.js';
import { containerFileMounts, writeStepFiles } from './container-files.js';
import { CREATED } from './created-state.js';
import { givenDevices } from './devices.js';
import { type Connected, connectEndpoints, releaseEndpoints } from './endpoints.js';
import type { Engine } from './engine.js';
import { processEnv } from './environment.js';
import { FrameReader } from './frames.js';
import { DEFAULT_HOST_CONFIG, type HostConfig } from './host-config.js';
import { errnoSentence, execSentence } from './launch-failure.js';
import { launchSpec } from './launch-spec.js';
import { clearLostMonitor } from './lost-monitor.js';
import { mountSpecs } from './mount-specs.js';
import { NO_ENDPOINT_SETTINGS } from './network-wishes.js';
import { cgroupPath, containerDirectory, exitFile, monitorSocket } from './paths.js';
import { seccompFilter } from './process-facts.js';
import { readAccountFiles } from './root-files.js';
import { appArmorProfileOf, parseSecurityOptions } from './security.js';
import { settledAll } from './settled-all.js';
import { now } from './time.js';
import type { ContainerRecord } from './types.js';

/** The function that the build is handed. Its steps throw `system` when a container cannot be made. */
export function makeStepRunner(engine: Engine): RunStep {
  return (request) => runStep(engine, request);
}

async function runStep(engine: Engine, request: StepRequest): Promise<{ exitCode: number }> {
  request.signal.throwIfAborted();
  const container = new Container(stepRecord(request));
  request.onContainer(container.id);
  const directory = containerDirectory(engine.foundations.paths, container.id);
  await mkdir(directory, { recursive: true });
  const connected = await connectEndpoints(engine, container);
  try {
    const prepared = await prepare(engine, container, request, connected);
    return await follow(prepared, request);
  } catch (error) {
    return stepFailure(error, request);
  } finally {
    await releaseEndpoints(engine, container);
    await clearLostMonitor(engine, container.id, request.cgroupParent);
    await rm(directory, { recursive: true, force: true });
  }
}

async function prepare(
  engine: Engine,
  container: Container,
  request: StepRequest,
  connected: Connected,
): Promise<PreparedContainer> {
  const { paths, launcher } = engine.foundations;
  const { id, hostConfig: host } = container.record;
  const [accounts, given] = await settledAll([
    readAccountFiles(request.root, []),
    givenDevices(host),
    writeStepFiles(
      engine,
      container,
      connected.endpoints.map(({ endpoint }) => endpoint),
    ),
  ]);
  const identity = lookUpIdentity(accounts, request.user, []);
  const own = [...stepMounts(request), ...mountSpecs([], host)];
  const taken = new Set(own.map((mount) => mount.target));
  const spec = launchSpec(container.record, {
    root: request.root,
    directory: containerDirectory(paths, id),
    monitorSocket: monitorSocket(paths, id),
    exitFile: exitFile(paths, id),
    cgroupPath: cgroupPath(paths, id, host.CgroupParent),
    identity,
    env: stepEnv(request, identity.home),
    interfaces: connected.interfaces,
    ports: [],
    mounts: [...fileMounts(engine, container, taken), ...own],
    devices: given.devices,
    deviceRules: given.rules,
    security: parseSecurityOptions([]),
    appArmorProfile: await appArmorProfileOf(engine, host),
    seccomp: seccompFilter(engine, host),
    pidOf: (mode) => engine.containers.get(mode.slice('container:'.length)).record.state.Pid,
    rootless: engine.foundations.launcher.machine.rootless !== undefined,
  });
  return launcher.prepare(composeLaunch(spec, launcher.machine));
}

/** As BuildKit's: nothing of the step's surroundings gets into it, so HOSTNAME is only there when the image says it. */
function stepEnv({ env, hostname }: StepRequest, home: string): string[] {
  const all = processEnv({ hostname, tty: false, links: [], config: env, home });
  const own = env.some((entry) => entry.startsWith('HOSTNAME='));
  return own ? all : all.filter((entry) => !entry.startsWith('HOSTNAME='));
}

/** hosts and resolv.conf, which no step can write; `/etc/hostname` is the image's own, as in BuildKit. */
function fileMounts(engine: Engine, container: Container, taken: ReadonlySet<string>): MountSpec[] {
  const mounts = containerFileMounts(engine, container, new Set([...taken, '/etc/hostname']));
  return mounts.map((mount) => ({ ...mount, readOnly: true }));
}

async function follow(prepared: PreparedContainer, request: StepRequest): Promise<{ exitCode: number }> {
  const { monitor } = prepared;
  const stop = () => void monitor.signal(9);
  request.signal.addEventListener('abort', stop, { once: true });
  try {
    const stream = await monitor.attach({ stdin: false, stdout: true, stderr: true });
    const reader = new FrameReader((which, payload) => request.onOutput(payload, which === 2 ? 'stderr' : 'stdout'));
    const ended = new Promise<void>((resolve) => {
      stream.once('end', resolve);
      stream.once('close', resolve);
      stream.once('error', () => resolve());
    });
    stream.on('data', (chunk: Buffer) => reader.push(chunk));
    await prepared.go();
    if (request.signal.aborted) stop();
    const [status] = await Promise.all([monitor.exited, ended]);
    stream.destroy();
    request.signal.throwIfAborted();
    return { exitCode: status.code };
  } finally {
    request.signal.removeEventListener('abort', stop);
    monitor.disconnect();
  }
}

/** A program that cannot be executed is the step's own failure: it says why and ends with 1, as under BuildKit. */
function stepFailure(error: unknown, { onOutput }: StepRequest): { exitCode: number } {
  if (!(error instanceof LaunchError)) throw error;
  const exec = execSentence(error);
  if (exec !== undefined) {
    onOutput(Buffer.from(`runc run failed: unable to start container process: ${exec.text}\n`), 'stderr');
    return { exitCode: 1 };
  }
  const text = `${error.operation} ${error.subject}: ${errnoSentence(error.errno)}`;
  throw new EngineError('system', `unable to start container process: ${text}`, { cause: error });
}

function stepMounts(request: StepRequest): MountSpec[] {
  const binds = request.mounts.map(
    (mount): MountSpec => ({
      kind: 'bind',
      source: mount.source,
      target: mount.target,
      readOnly: mount.readOnly,
      recursive: true,
      propagation: 'rprivate',
    }),
  );
  const tmpfs = request.tmpfs.map(
    ({ target, sizeBytes }): MountSpec => ({
      kind: 'tmpfs',
      target,
      data: sizeBytes === undefined ? '' : `size=${sizeBytes}`,
      flags: ['nosuid', 'nodev'],
    }),
  );
  return [...binds, ...tmpfs];
}

function stepRecord(request: StepRequest): ContainerRecord {
  const id = randomBytes(32).toString('hex');
  const network = request.network === 'default' ? 'bridge' : request.network;
  const host: HostConfig = {
    ...DEFAULT_HOST_CONFIG,
    NetworkMode: network,
    CgroupnsMode: 'host',
    Privileged: request.privileged,
    ExtraHosts: request.extraHosts,
    LogConfig: { Type: 'none', Config: {} },
    ...(request.shmBytes === undefined ? {} : { ShmSize: request.shmBytes }),
    CgroupParent: request.cgroupParent ?? '',
    Ulimits: request.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
  };
  return {
    version: 1,
    id,
    name: `build-${id.slice(0, 12)}`,
    created: now(),
    path: request.args[0]!,
    args: request.args.slice(1),
    imageId: '',
    chainId: undefined,
    platform: { os: 'linux', architecture: '' },
    config: {
      Hostname: request.hostname,
      Domainname: '',
      User: request.user,
      AttachStdin: false,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      OpenStdin: false,
      StdinOnce: false,
      Env: request.env,
      Cmd: request.args,
      Image: '',
      WorkingDir: request.cwd,
    },
    hostConfig: host,
    mounts: [],
    networks: network.startsWith('container:') ? {} : { [network]: NO_ENDPOINT_SETTINGS },
    state: CREATED,
    restartCount: 0,
    stoppedByHand: false,
    startedBefore: false,
    running: undefined,
  };
}
