/** Further processes in running containers. */
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { EngineError } from '../errors.js';
import { type AttachStream, type ExecSpec, type ExitStatus, LaunchError } from '../launch/types.js';
import { lookUpIdentity } from './accounts.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';
import { mergeEnv, withHome } from './environment.js';
import type { Exec } from './exec-record.js';
import { execSentence } from './launch-failure.js';
import { rlimitsOf } from './launch-spec.js';
import { capabilitiesOf, seccompFilter } from './process-facts.js';
import { readAccountFiles } from './root-files.js';
import { parseSecurityOptions } from './security.js';
import type { ExecConfig } from './types.js';

/** Throws `conflict`; `name` is how the client calls it. */
export function refuseUnlessRunning(container: Container, name = container.id): void {
  const { state } = container.record;
  if (!state.Running) throw new EngineError('conflict', `container ${container.id} is not running`);
  if (state.Paused) throw new EngineError('conflict', `Container ${name} is paused, unpause the container before exec`);
  if (state.Restarting)
    throw new EngineError('conflict', `Container ${container.id} is restarting, wait until the container is running`);
}

/** Throws `conflict` when the container does not run. */
export function createExec(engine: Engine, container: Container, config: ExecConfig): Exec {
  refuseUnlessRunning(container);
  const exec: Exec = {
    id: randomBytes(32).toString('hex'),
    containerId: container.id,
    config,
    state: 'created',
    exitCode: undefined,
    pid: 0,
    running: undefined,
    turns: new EventEmitter(),
  };
  engine.execs.set(exec.id, exec);
  container.execIds.add(exec.id);
  engine.tell(container, `exec_create: ${saidCommand(config.Cmd)}`, { execID: exec.id });
  return exec;
}

/** Docker's events part a program from its arguments by a space that is there without arguments too. */
function saidCommand([program = '', ...args]: readonly string[]): string {
  return `${program} ${args.join(' ')}`;
}

/** Throws `not-found`. */
export function getExec(engine: Engine, id: string): Exec {
  const exec = engine.execs.get(id);
  if (exec === undefined) throw new EngineError('not-found', `No such exec instance: ${id}`);
  return exec;
}

export interface ExecStart {
  readonly detach: boolean;
  readonly ttySize: { readonly rows: number; readonly columns: number } | undefined;
}

/** Checks what must be told with a status of its own, before a client's connection is taken over. */
export function checkExecStart(engine: Engine, exec: Exec): Container {
  const container = engine.containers.get(exec.containerId);
  if (exec.state === 'exited') throw new EngineError('conflict', `exec command ${exec.id} has already run`);
  if (exec.state === 'running') throw new EngineError('conflict', `exec command ${exec.id} is already running`);
  refuseUnlessRunning(container);
  return container;
}

/** Starts it; the stream is undefined when nothing is attached. Throws `invalid` when it cannot be executed (its exit code is 126 or 127 then). */
export async function startExec(engine: Engine, exec: Exec, start: ExecStart): Promise<AttachStream | undefined> {
  const container = checkExecStart(engine, exec);
  exec.state = 'running';
  engine.tell(container, `exec_start: ${saidCommand(exec.config.Cmd)}`, { execID: exec.id });
  try {
    checkExecConfig(exec.config);
    const spec = await execSpec(engine, container, exec.config, start);
    if (exec.config.Privileged) container.isUntouched = false;
    const running = await monitorOf(container).exec(spec);
    exec.running = running;
    exec.pid = running.pid;
    exec.turns.emit('begun');
    running.exited.then((status) => finish(engine, container, exec, status));
    return running.stream;
  } catch (error) {
    throw failed(exec, error);
  }
}

function monitorOf(container: Container) {
  if (container.monitor === undefined) throw new EngineError('conflict', `container ${container.id} is not running`);
  return container.monitor;
}

function failed(exec: Exec, error: unknown): unknown {
  exec.state = 'exited';
  exec.exitCode = 128;
  exec.turns.emit('begun');
  if (!(error instanceof LaunchError)) return error;
  const sentence = execSentence(error);
  if (sentence === undefined)
    return new EngineError('system', `OCI runtime exec failed: exec failed: ${error.message}`, {
      cause: error,
    });
  exec.exitCode = sentence.exitCode;
  return new EngineError(
    'invalid',
    `OCI runtime exec failed: exec failed: unable to start container process: ${sentence.text}`,
    { cause: error },
  );
}

/** How long an exec can be inspected after its end; Docker forgets in a sweep of five minutes. */
const REMEMBER_MS = 300_000;

function finish(engine: Engine, container: Container, exec: Exec, status: ExitStatus): void {
  exec.state = 'exited';
  exec.exitCode = status.code;
  exec.running = undefined;
  engine.tell(container, 'exec_die', { execID: exec.id, exitCode: String(status.code) });
  setTimeout(() => forget(engine, container, exec), REMEMBER_MS).unref();
}

function forget(engine: Engine, container: Container, exec: Exec): void {
  engine.execs.delete(exec.id);
  container.execIds.delete(exec.id);
}

/** The container's environment, user and folder, with the exec's own over them. */
async function execSpec(engine: Engine, container: Container, config: ExecConfig, start: ExecStart): Promise<ExecSpec> {
  const { record } = container;
  const { hostConfig: host } = record;
  const root = engine.foundations.snapshots.get(record.id, record.chainId);
  const accounts = await readAccountFiles(root, record.mounts);
  const identity = lookUpIdentity(accounts, config.User || record.config.User || '', host.GroupAdd ?? []);
  const privileged = config.Privileged || host.Privileged;
  const attached = !start.detach;
  return {
    args: config.Cmd,
    env: execEnv(record.running?.env ?? [], config, identity.home),
    cwd: config.WorkingDir || record.config.WorkingDir || '/',
    uid: identity.uid,
    gid: identity.gid,
    groups: identity.groups,
    tty: config.Tty,
    ...(start.ttySize === undefined ? {} : { ttySize: start.ttySize }),
    attach: {
      stdin: attached && config.AttachStdin,
      stdout: attached && config.AttachStdout,
      stderr: attached && config.AttachStderr,
    },
    capabilities: capabilitiesOf(host, privileged),
    noNewPrivileges: parseSecurityOptions(host.SecurityOpt ?? []).noNewPrivileges,
    // The container's own, also for a privileged exec: as runc does.
    seccomp: seccompFilter(engine, host),
    appArmorProfile: config.Privileged ? undefined : record.appArmorProfile,
    rlimits: rlimitsOf(host),
    oomScoreAdj: host.OomScoreAdj,
    ...(record.running?.userRange && { userRange: record.running.userRange }),
  };
}

/** Throws `invalid` for a user or a group that the container does not know. */
export async function checkExecUser(engine: Engine, container: Container, user: string): Promise<void> {
  if (user === '') return;
  const { record } = container;
  const root = engine.foundations.snapshots.get(record.id, record.chainId);
  lookUpIdentity(await readAccountFiles(root, record.mounts), user, []);
}

function checkExecConfig({ WorkingDir, Env }: ExecConfig): void {
  const wrong = (why: string) =>
    new EngineError('system', `OCI runtime exec failed: exec failed: unable to start container process: ${why}`);
  const nameless = Env.find((entry) => entry.startsWith('='));
  if (nameless !== undefined) throw wrong(`environment variable name can't be empty: ${JSON.stringify(nameless)}`);
  if (WorkingDir !== '' && !WorkingDir.startsWith('/')) throw wrong('Cwd must be an absolute path');
}

/** HOME is the exec's user's, unless the container's configuration or the exec names another. */
function execEnv(container: readonly string[], config: ExecConfig, home: string): string[] {
  const terminal = config.Tty && !container.some((entry) => entry.startsWith('TERM=')) ? ['TERM=xterm'] : [];
  const homeEntry = config.User === '' ? [] : [`HOME=${home}`];
  return withHome(mergeEnv(container, terminal, homeEntry, config.Env), home);
}

/** A client may ask as soon as its start is under way, and before that. */
const BEGIN_LIMIT_MS = 10_000;

/** Waits for a start; throws `not-found` when it has ended, `system` when it does not begin. Without a terminal there is nothing to do. */
export async function resizeExec(exec: Exec, rows: number, columns: number): Promise<void> {
  if (exec.running === undefined && exec.state !== 'exited')
    await once(exec.turns, 'begun', { signal: AbortSignal.timeout(BEGIN_LIMIT_MS) }).catch(() => {
      throw new EngineError('system', 'timeout waiting for exec session ready');
    });
  if (exec.running === undefined)
    throw new EngineError('not-found', `NotFound: process does not exist ${exec.id}: not found`);
  if (exec.config.Tty) await exec.running.resize(rows, columns);
}
