/** Debian packages that the engine needs, installed with the machine's own apt-get. */
import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InstallPackages } from '../engine/types.js';
import { EngineError } from '../errors.js';
import type { Launcher } from '../launch/types.js';

const APT = '/usr/bin/apt-get';
const PATIENCE_MS = 180_000;
const PAUSE_MS = 1000;

type Spawn = Launcher['spawn'];

/**
 * One apt-get at a time: it locks its lists, and networks and base images may want it at once. Another process that holds
 * a lock (a person, unattended upgrades, a second engine) is waited for, three minutes at most.
 */
export function makePackageInstaller(spawn: Spawn, log: (line: string) => void, uid: number): InstallPackages {
  let last: Promise<unknown> = Promise.resolve();
  return (packages, why) => {
    const turn = last.then(() => install(spawn, log, uid, packages, why));
    last = turn.catch(() => undefined);
    return turn;
  };
}

async function install(
  spawn: Spawn,
  log: (line: string) => void,
  uid: number,
  packages: readonly string[],
  why: string,
): Promise<void> {
  const refuse = (detail: string) =>
    new EngineError('system', `${why}: apt-get install -y ${packages.join(' ')}${detail}`);
  const allowed = await access(APT).then(
    () => uid === 0,
    () => false,
  );
  if (!allowed) throw refuse('');
  log(`Installing ${packages.join(' and ')} with apt-get: ${why}.`);
  const wanted = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  if ((await apt(spawn, wanted)).code === 0) return;
  await apt(spawn, ['update', '-qq']);
  const again = await apt(spawn, wanted);
  if (again.code !== 0) throw refuse(` (tried; it said: ${again.stderr.trim().split('\n').at(-1)?.trim() ?? ''})`);
}

async function apt(spawn: Spawn, args: readonly string[]): Promise<{ code: number; stderr: string }> {
  const until = Date.now() + PATIENCE_MS;
  while (true) {
    const ran = await spawn(['/usr/bin/env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C.UTF-8', APT, ...args]);
    const locked = /Could not get lock|Unable to (?:acquire|lock)/.test(ran.stderr);
    if (ran.code === 0 || !locked || Date.now() > until) return ran;
    await sleep(PAUSE_MS);
  }
}
