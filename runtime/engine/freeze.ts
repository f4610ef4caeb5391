/** Holds all processes of a container: by the kernel's freezer, or where there is no control group for it, by signals. */
import { readFile } from 'node:fs/promises';
import { cgroupDirectory } from '../launch/cgroup.js';
import { isFrozen, setFrozen } from './cgroup-files.js';
import type { Container } from './container.js';
import { containerPids } from './container-pids.js';
import type { Engine } from './engine.js';

const hasFreezer = ({ cgroups }: Engine) => cgroupDirectory(cgroups, '', 'freezer') !== undefined;

/** Throws what the kernel refused. */
export async function holdContainer(engine: Engine, container: Container, held: boolean): Promise<void> {
  const path = container.record.running?.cgroupPath ?? '';
  if (hasFreezer(engine)) return setFrozen(engine.cgroups, path, held);
  await signalAll(engine, container, path, held ? 'SIGSTOP' : 'SIGCONT');
}

export async function isHeld(engine: Engine, path: string, pid: number): Promise<boolean> {
  if (hasFreezer(engine)) return isFrozen(engine.cgroups, path);
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')')).startsWith(') T');
}

/** Until no process is new: one that has not been stopped yet may still fork. */
async function signalAll(engine: Engine, container: Container, path: string, signal: 'SIGSTOP' | 'SIGCONT') {
  const told = new Set<number>();
  for (let isMore = true; isMore; ) {
    const pids = await containerPids(engine, container, path);
    isMore = pids.some((pid) => !told.has(pid));
    for (const pid of pids) if (!told.has(pid)) signalOne(pid, signal);
    for (const pid of pids) told.add(pid);
  }
}

function signalOne(pid: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
