/** Control groups that nobody removes any more: of monitors that were killed, of engines that are gone. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CgroupLayout, cgroupDirectories } from '../launch/cgroup.js';

const TRIES = 100;
const PAUSE_MS = 20;

/** Whether a container's group is still there though its monitor, which removes it, is not. */
export function groupIsLeft(layout: CgroupLayout, path: string): boolean {
  return cgroupDirectories(layout, path).some((directory) => existsSync(directory));
}

/** Ends what still runs in a container's group and removes it from every hierarchy. Never throws: what cannot go now goes with the next engine. */
export async function removeGroup(layout: CgroupLayout, path: string): Promise<void> {
  await Promise.all(cgroupDirectories(layout, path).map(removeDirectory));
}

async function removeDirectory(directory: string): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (await isGone(directory)) return;
    killAllIn(directory);
    thaw(directory);
    await sleep(PAUSE_MS);
  }
}

async function isGone(directory: string): Promise<boolean> {
  try {
    await rmdir(directory);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** Read and killed in one turn: a pid is not given to somebody else that fast. */
function killAllIn(directory: string): void {
  try {
    const pids = readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').map(Number);
    for (const pid of pids) if (pid > 1) process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/** v1's freezer keeps the killed from dying, and whoever is started into a group that is left so. v2's does not. */
function thaw(directory: string): void {
  const file = join(directory, 'freezer.state');
  try {
    if (existsSync(file)) writeFileSync(file, 'THAWED');
  } catch {
    // The group went meanwhile.
  }
}

/** The group of all containers of an engine, when none is in it any more. */
export async function removeEngineGroup(layout: CgroupLayout, name: string): Promise<void> {
  await Promise.all(cgroupDirectories(layout, name).map((directory) => rmdir(directory).catch(() => undefined)));
}

/**
 * Empty groups (`devenv-ab12cd34` and what is in them) of engines that do not live: an engine's lock is a socket that
 * the kernel lists (proc_net(5), `/proc/net/unix`; main/lock.ts), named by the digest of which the group has the beginning.
 */
export async function sweepGroups(layout: CgroupLayout, own: string): Promise<void> {
  const sockets = await readFile('/proc/net/unix', 'utf8').catch(() => undefined);
  if (sockets === undefined) return;
  const living = new Set([
    own,
    ...[...sockets.matchAll(/@devenv\/\d+\/([0-9a-f]{8})/g)].map(([, hash]) => `devenv-${hash}`),
  ]);
  for (const top of cgroupDirectories(layout, '.')) {
    const names = await readdir(top).catch(() => []);
    for (const name of names)
      if (/^devenv-[0-9a-f]{8}$/.test(name) && !living.has(name)) await removeEmpty(join(top, name));
  }
}

/** rmdir(2) of a group refuses while a process or another group is in it: that of a container which lives on stays. */
async function removeEmpty(directory: string): Promise<void> {
  for (const name of childrenOf(directory)) await rmdir(join(directory, name)).catch(() => undefined);
  await rmdir(directory).catch(() => undefined);
}

function childrenOf(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
