/** `engine start|stop|status|serve|env` and `image …`: the engine itself, without a project. */
import { spawn } from 'node:child_process';
import { EngineClient } from '../engine/client.js';
import { listContainers, stopContainer } from '../engine/containers.js';
import { pullImage, removeImage } from '../engine/images.js';
import { locateEngine } from '../engine/locate.js';
import { answers, enginePid, engineProgram, startEngine } from '../engine/start.js';
import { engineVersion } from '../engine/system.js';
import { UserError } from '../errors.js';
import type { Session } from './session.js';

export interface EngineStatus {
  readonly running: boolean;
  readonly pid: number | undefined;
  readonly socket: string;
  readonly home: string | undefined;
  readonly log: string | undefined;
  readonly version: string | undefined;
  readonly apiVersion: string | undefined;
  readonly containers: number | undefined;
}

function choice({ world, options }: Session) {
  return locateEngine(options.engine, world.env, world.uid);
}

const describe = (chosen: ReturnType<typeof choice>) =>
  'socketPath' in chosen.address ? chosen.address.socketPath : `${chosen.address.host}:${chosen.address.port}`;

export async function engineStatus(session: Session): Promise<EngineStatus> {
  const chosen = choice(session);
  const running = await answers(chosen.address);
  const common = {
    running,
    pid: running && chosen.own ? enginePid(chosen.paths) : undefined,
    socket: describe(chosen),
    home: chosen.own ? chosen.paths.home : undefined,
    log: chosen.own ? chosen.paths.logFile : undefined,
  };
  if (!running) return { ...common, version: undefined, apiVersion: undefined, containers: undefined };
  const client = new EngineClient(chosen.address);
  try {
    const [version, containers] = await Promise.all([engineVersion(client), listContainers(client, {}, false)]);
    return { ...common, version: version.Version, apiVersion: version.ApiVersion, containers: containers.length };
  } finally {
    client.close();
  }
}

/** How long one that was asked for stays without work: what its clients do between two calls may take a while. */
const STARTED_BY_HAND_SECONDS = '600';

export async function startOwnEngine(session: Session): Promise<EngineStatus> {
  const chosen = ownOnly(session);
  const env = { DEVENV_ENGINE_IDLE_SECONDS: STARTED_BY_HAND_SECONDS, ...session.world.env };
  if (!(await answers(chosen.address))) await startEngine(chosen.paths, env);
  return engineStatus(session);
}

function ownOnly(session: Session) {
  const chosen = choice(session);
  if (chosen.own) return chosen;
  throw new UserError('not-ours', `The engine ${chosen.name} is not devenv's to start or stop.`, [
    'Leave out --engine and DEVENV_ENGINE.',
  ]);
}

export interface EngineCheck {
  readonly blobs: number;
  readonly layers: number;
  readonly images: number;
  readonly problems: readonly {
    readonly kind: string;
    readonly id: string;
    readonly text: string;
    readonly repaired: boolean;
  }[];
}

/** Has our engine read all that it keeps of images. */
export async function checkEngine(session: Session, repair: boolean): Promise<EngineCheck> {
  ownOnly(session);
  return (await session.engine()).json('POST', '/devenv/check', { query: { repair } });
}

/** Containers go on without their engine, unless `force` takes them along. False: none was running. */
export async function stopOwnEngine(session: Session, force: boolean): Promise<boolean> {
  const chosen = ownOnly(session);
  const running = await answers(chosen.address);
  if (running && force) await stopAllContainers(chosen.address);
  const pid = enginePid(chosen.paths);
  if (pid === undefined) return false;
  process.kill(pid, 'SIGTERM');
  await ended(pid);
  return true;
}

async function stopAllContainers(address: EngineClient['address']): Promise<void> {
  const client = new EngineClient(address);
  try {
    const containers = await listContainers(client, {}, false);
    await Promise.all(containers.map(({ Id }) => stopContainer(client, Id)));
  } finally {
    client.close();
  }
}

/** Another process's end can only be asked for. */
async function ended(pid: number, limitMs = 20_000): Promise<void> {
  for (const until = Date.now() + limitMs; Date.now() < until; ) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new UserError('engine-stays', `The engine (pid ${pid}) does not end.`, [`kill -9 ${pid}`]);
}

/** Runs the engine in the foreground, with its log on our standard error. Gives its exit code. */
export function serveEngine(session: Session): Promise<number> {
  ownOnly(session);
  const child = spawn(process.execPath, [engineProgram()], {
    stdio: 'inherit',
    env: session.world.env as NodeJS.ProcessEnv,
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal ? 128 + 15 : 1)));
  });
}

/** For `eval "$(devenv engine env)"`. */
export function engineEnvironment(session: Session): Record<string, string> {
  const chosen = choice(session);
  const where = describe(chosen);
  return { DOCKER_HOST: 'socketPath' in chosen.address ? `unix://${where}` : `tcp://${where}` };
}

/** Makes a base image of a distribution from its signed packages, by asking the engine to do that instead of a pull. */
export async function bootstrapImage(session: Session, image: string): Promise<void> {
  const engine = await session.engine();
  for await (const line of pullImage(engine, image, { bootstrap: true })) {
    if (line.error !== undefined) throw new UserError('bootstrap-failed', line.error);
    if (line.status !== undefined) await session.terminal.status(`${line.id ? `${line.id}: ` : ''}${line.status}\n`);
  }
}

export async function removeImages(session: Session, names: readonly string[], force: boolean): Promise<void> {
  const engine = await session.engine();
  for (const name of names) {
    for (const { Untagged, Deleted } of await removeImage(engine, name, force)) {
      await session.terminal.data(Untagged ? `Untagged: ${Untagged}\n` : `Deleted: ${Deleted}\n`);
    }
  }
}
