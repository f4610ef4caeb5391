/**
 * Without root: the engine becomes root of a user and a mount namespace of its own and stays in the machine's network.
 * Everything that differs then is decided here and handed on as one value, `RootlessMachine`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, readFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { EnginePaths } from '../engine/types.js';
import type { RootlessMachine } from '../launch/machine.js';
import { type IdRange, idMap, readRange } from './id-ranges.js';
import { scopeCommand, takeGroup } from './own-group.js';
import { explainFailure } from './rootless-failure.js';
import { openWayOut } from './way-out.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Set for the engine inside: `UID:GID` of its user outside. */
const MARK = 'DEVENV_ROOTLESS_USER';

/** `OUTBOUND_PORT` and `MACHINE_PORT` of the launcher's net_proxy.h, and the sockets that `enter` leaves. */
const CARRIED = { outboundPort: 15001, machinePort: 15002 };
const RESOLVER_SOCKETS = { datagrams: 3, connections: 4 };

/** Whether this process is an ordinary user's and has yet to enter its namespaces. */
export function mustEnter(env: Environment): boolean {
  return process.getuid?.() !== 0 && env[MARK] === undefined;
}

/** The user id that paths and the engine's owner go by: the one outside. */
export function outsideUid(env: Environment): number {
  const [uid] = (env[MARK] ?? '').split(':');
  return uid === undefined || uid === '' ? (process.getuid?.() ?? 0) : Number(uid);
}

export interface RootlessOptions {
  readonly paths: EnginePaths;
  readonly env: Environment;
  readonly launcher: string;
  readonly log: (text: string) => void;
}

/** What the engine inside has to know; undefined for the machine's root. */
export async function rootlessMachine(options: RootlessOptions): Promise<RootlessMachine | undefined> {
  const { paths, env, launcher, log } = options;
  if (env[MARK] === undefined) return undefined;
  const [uid, gid] = env[MARK].split(':').map(Number);
  const holder = livingHolder(paths);
  if (holder === undefined) throw new Error('the process that keeps the namespaces of this engine is gone');
  const netns = `/proc/${holder}/ns/net`;
  const groups = takeGroup(holder);
  return {
    ...(groups !== undefined && { groups }),
    uid: uid ?? 0,
    gid: gid ?? 0,
    hasRange: hasRange(holder),
    holder,
    netns,
    within: [launcher, 'within', netns],
    resolverSockets: RESOLVER_SOCKETS,
    carried: CARRIED,
    wayOut: await openWayOut({ launcher, holder, runtime: paths.runtime, env, log }),
  };
}

/** Ends the namespaces; for an engine that leaves no container behind. */
export function releaseNamespaces({ holder }: RootlessMachine): void {
  try {
    process.kill(holder, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

const holderFile = (paths: EnginePaths) => path.join(paths.runtime, 'holder.pid');

/** Of an earlier engine whose containers may run on. */
function livingHolder(paths: EnginePaths): number | undefined {
  const pid = Number.parseInt(readText(holderFile(paths)), 10);
  if (!(pid > 1)) return undefined;
  return readText(`/proc/${pid}/comm`).trim() === 'devenv-holder' ? pid : undefined;
}

/** More than the one id of the user. */
const hasRange = (pid: number) => readText(`/proc/${pid}/uid_map`).trim().split('\n').length > 1;

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

export interface EnterOptions {
  readonly paths: EnginePaths;
  readonly env: Environment;
  readonly launcher: string;
  readonly log: (text: string) => void;
  /** Whether this process may end as soon as the engine inside answers. */
  readonly detach: boolean;
}

/** Runs this program again inside; resolves with its exit code, or with 0 when it answers and may be left alone. */
export async function enterNamespaces({ paths, env, launcher, log, detach }: EnterOptions): Promise<number> {
  const { uid, gid, username } = os.userInfo();
  const command = [
    launcher,
    'enter',
    ...identityArgs(paths, { uid, gid, username }),
    detach ? 'free' : 'bound',
    process.execPath,
    ...process.execArgv,
    ...process.argv.slice(1),
  ];
  const run = async (before: readonly string[]) => {
    const [program = '', ...args] = [...before, ...command];
    const inside = { ...env, [MARK]: `${uid}:${gid}` } as NodeJS.ProcessEnv;
    const child = spawn(program, args, { stdio: 'inherit', env: inside, detached: detach });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
    const ended = ending(child);
    return detach ? Promise.race([ended, answering(paths.socket, ended)]) : ended;
  };
  const scope = scopeCommand(env, process.pid);
  let code = await run(scope);
  // A manager that hands nothing over is no reason to do without containers.
  if (code !== 0 && scope.length > 0 && livingHolder(paths) === undefined) code = await run([]);
  if (code !== 0 && livingHolder(paths) === undefined) for (const line of explainFailure()) log(line);
  return code;
}

function identityArgs(paths: EnginePaths, user: { uid: number; gid: number; username: string }): string[] {
  const mappers = ['newuidmap', 'newgidmap'].map(findMapper);
  const uids = readRange(readText('/etc/subuid'), user.username, user.uid);
  const gids = readRange(readText('/etc/subgid'), user.username, user.uid);
  const holder = livingHolder(paths);
  const [uidMapper, gidMapper] = mappers;
  const ranged = holder === undefined ? uids && gids && uidMapper && gidMapper : hasRange(holder);
  const map = (own: number, range: IdRange | undefined) => idMap(own, ranged ? range : undefined);
  return [
    String(holder ?? 0),
    holderFile(paths),
    map(user.uid, uids),
    map(user.gid, gids),
    ranged ? (uidMapper ?? '/usr/bin/newuidmap') : '-',
    ranged ? (gidMapper ?? '/usr/bin/newgidmap') : '-',
  ];
}

function findMapper(name: string): string | undefined {
  return ['/usr/bin', '/bin', '/usr/sbin', '/usr/local/bin']
    .map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        accessSync(file);
        return true;
      } catch {
        return false;
      }
    });
}

function ending(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 1));
    child.once('error', () => resolve(1));
  });
}

/** Resolves with 0 when the socket answers; never when the process ends before. */
async function answering(socket: string, ended: Promise<number>): Promise<number> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    if (await answers(socket)) return 0;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return ended;
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path: socketPath });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
