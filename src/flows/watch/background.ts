/** The watcher of `up --detach --watch`: a process of its own, one a project, which `ps` shows and `down` ends. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { enginePaths } from '../../engine/paths.js';
import { UserError } from '../../errors.js';
import type { GlobalOptions, Session } from '../session.js';

export interface BackgroundWatch {
  readonly pid: number;
  /** What it would say in the foreground. */
  readonly logFile: string;
}

const END_MS = 5000;

/** Takes the place of one that watches the project already. */
export async function startBackgroundWatch(
  session: Session,
  project: string,
  services: readonly string[],
): Promise<BackgroundWatch> {
  await endBackgroundWatch(session, project);
  const { record, logFile } = placesOf(session, project);
  await mkdir(path.dirname(record), { recursive: true, mode: 0o700 });
  const log = openSync(logFile, 'w', 0o600);
  const args = ['watch', '--no-up', ...flagsOf(session.options), ...services];
  const { cwd, env } = session.world;
  const child = spawn(process.execPath, [process.argv[1]!, ...args], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd,
    env: env as NodeJS.ProcessEnv,
  });
  closeSync(log);
  child.unref();
  if (child.pid === undefined) throw new UserError('no-watcher', 'The watcher could not be started.');
  const started: BackgroundWatch = { pid: child.pid, logFile };
  await writeFile(record, JSON.stringify(started), { mode: 0o600 });
  return started;
}

async function findBackgroundWatch(session: Session, project: string): Promise<BackgroundWatch | undefined> {
  const { record } = placesOf(session, project);
  const text = await readFile(record, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const known = JSON.parse(text) as BackgroundWatch;
  return (await isWatcher(known.pid)) ? known : undefined;
}

/** A line about the watcher where there is one. */
export async function noteBackgroundWatch(session: Session, project: string): Promise<void> {
  const known = await findBackgroundWatch(session, project);
  if (known) await session.terminal.status(`Files are watched by process ${known.pid}: ${known.logFile}\n`);
}

/** Resolves when it is gone. */
export async function endBackgroundWatch(session: Session, project: string): Promise<void> {
  const known = await findBackgroundWatch(session, project);
  const { record } = placesOf(session, project);
  if (known) {
    process.kill(known.pid, 'SIGTERM');
    const until = Date.now() + END_MS;
    while ((await isWatcher(known.pid)) && Date.now() < until) await sleep(20);
    if (await isWatcher(known.pid)) process.kill(known.pid, 'SIGKILL');
  }
  await rm(record, { force: true });
}

function placesOf({ world }: Session, project: string): { record: string; logFile: string } {
  const folder = path.join(enginePaths(world.env, world.uid).runtime, 'watch');
  return { record: path.join(folder, `${project}.json`), logFile: path.join(folder, `${project}.log`) };
}

/** The number may be another process' by now. */
async function isWatcher(pid: number): Promise<boolean> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return line.includes('\0watch\0--no-up\0');
}

/** The same project again. */
function flagsOf(options: GlobalOptions): string[] {
  const { files, envFiles, profiles, projectName, projectDirectory, environment, engine } = options;
  return [
    ...files.flatMap((file) => ['--file', file]),
    ...envFiles.flatMap((file) => ['--env-file', file]),
    ...profiles.flatMap((name) => ['--profile', name]),
    ...(projectName ? ['--project-name', projectName] : []),
    ...(projectDirectory ? ['--project-directory', projectDirectory] : []),
    ...(environment ? ['--env', environment] : []),
    ...(engine ? ['--engine', engine] : []),
    '--progress',
    'plain',
  ];
}
