import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, watch } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../errors.js';
import type { Address } from './http.js';
import type { EnginePaths, Environment } from './paths.js';

/** The engine's program beside this one, so that each compiled tree starts its own. */
const program = fileURLToPath(new URL('../../bundle/engine-main.cjs', import.meta.url));

/** Whether somebody listens there; a socket file that nobody holds any more counts as no. */
export function answers(address: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect('socketPath' in address ? { path: address.socketPath } : address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // EAGAIN: so many ask at once that one has to wait
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EAGAIN'));
  });
}

/**
 * Starts our engine as a process of its own and resolves when its socket answers. Two commands at once may both start
 * one: the engine's lock lets the second one end, and its socket is the first one's.
 * Throws UserError with the end of the engine's log when it does not come up.
 */
export async function startEngine(paths: EnginePaths, env: Environment, limitMs = 30_000): Promise<void> {
  mkdirSync(paths.runtime, { recursive: true, mode: 0o700 });
  const logAt = existsSync(paths.logFile) ? statSync(paths.logFile).size : 0;
  const log = openSync(paths.logFile, 'a', 0o600);
  const childEnv: Record<string, string | undefined> = { ...env };
  // Node would read the file at each start (50 ms), and the engine's own trust is a matter of its config
  const child = spawn(process.execPath, [program, 'detach'], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    env: childEnv as NodeJS.ProcessEnv,
  });
  closeSync(log);
  child.unref();
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? code}`));
    child.once('error', (error) => resolve(error.message));
  });
  const problem = await becomesReady(paths, ended, limitMs);
  if (problem !== undefined) throw notStarted(paths, problem, logAt);
}

/** Undefined when the socket answers; a folder's change is what wakes it, a slow clock only stands by. */
async function becomesReady(paths: EnginePaths, ended: Promise<string>, limitMs: number): Promise<string | undefined> {
  let wake = () => {};
  let problem: string | undefined;
  const watcher = watch(paths.runtime, () => wake());
  const standby = setInterval(() => wake(), 250);
  const limit = setTimeout(() => {
    problem = `it did not answer within ${limitMs / 1000} s`;
    wake();
  }, limitMs);
  ended.then((text) => {
    problem ??= text;
    wake();
  });
  try {
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (await answers({ socketPath: paths.socket })) return undefined;
      if (problem !== undefined) return (await answersSoon(paths)) ? undefined : problem;
      await woken;
    }
  } finally {
    watcher.close();
    clearInterval(standby);
    clearTimeout(limit);
  }
}

/** Ours ended because another was quicker: that one may still be on its way to its socket. */
async function answersSoon(paths: EnginePaths): Promise<boolean> {
  for (let tries = 0; tries < 20; tries += 1) {
    if (await answers({ socketPath: paths.socket })) return true;
    if (!otherEngineLives(paths)) return false;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

/** The pid in `engine.pid`, when that process lives. */
export function enginePid(paths: EnginePaths): number | undefined {
  if (!existsSync(paths.pidFile)) return undefined;
  const pid = Number.parseInt(readFileSync(paths.pidFile, 'utf8'), 10);
  if (!(pid > 0)) return undefined;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? pid : undefined;
  }
}

const otherEngineLives = (paths: EnginePaths) => enginePid(paths) !== undefined;

function notStarted(paths: EnginePaths, problem: string, logAt: number): UserError {
  const log = existsSync(paths.logFile) ? readFileSync(paths.logFile).subarray(logAt).toString('utf8') : '';
  const tail = log.trimEnd().split('\n').slice(-15).filter(Boolean);
  return new UserError(
    'engine-not-started',
    [`The engine did not start: ${problem}.`, ...tail.map((line) => `  | ${line}`)].join('\n'),
    [`See ${paths.logFile}, or run it in the foreground: devenv engine serve`],
  );
}

/** Where the engine's program is, for running it in the foreground. */
export function engineProgram(): string {
  return path.normalize(program);
}
