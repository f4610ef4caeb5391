import { readdir, readlink } from 'node:fs/promises';
import { cgroupDirectories } from '../launch/cgroup.js';
import { cgroupPids } from './cgroup-files.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';

/**
 * The machine's pids of all processes of a running container. Without control groups (an engine without root): of those in its
 * pid namespace, its first process alone when that is another's.
 */
export async function containerPids(engine: Engine, container: Container, cgroupPath: string): Promise<number[]> {
  if (cgroupDirectories(engine.cgroups, cgroupPath).length > 0) return cgroupPids(engine.cgroups, cgroupPath);
  const { state, hostConfig } = container.record;
  if (hostConfig.PidMode !== '') return [state.Pid];
  return inNamespaceOf(state.Pid);
}

async function inNamespaceOf(pid: number): Promise<number[]> {
  const namespace = (of: number | string) => readlink(`/proc/${of}/ns/pid`).catch(() => undefined);
  const own = await namespace(pid);
  if (own === undefined) return [];
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const same = await Promise.all(all.map(async (name) => (await namespace(name)) === own));
  return all.filter((_, index) => same[index]).map(Number);
}
