/** What is read from and written to the control groups of a running container. */
import { readFileSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CgroupLayout, type CgroupWrite, cgroupDirectory, resourceWrites } from '../launch/cgroup.js';
import type { ResourceSpec } from '../launch/spec.js';

/** Text of a file of a group, or undefined when there is none. */
export async function readCgroup(
  layout: CgroupLayout,
  path: string,
  controller: string,
  file: string,
): Promise<string | undefined> {
  const directory = cgroupDirectory(layout, path, controller);
  return directory === undefined ? undefined : readFile(`${directory}/${file}`, 'utf8').catch(() => undefined);
}

/** Host pids of all processes of a group. */
export async function cgroupPids(layout: CgroupLayout, path: string): Promise<number[]> {
  for (const controller of ['pids', 'memory', 'freezer', 'cpu']) {
    const text = await readCgroup(layout, path, controller, 'cgroup.procs');
    if (text !== undefined) return text.split('\n').filter(Boolean).map(Number);
  }
  return [];
}

/**
 * Freezes or thaws; resolves when the kernel has done it. Throws the errno of the write. Written at once: the kernel answers in
 * microseconds, of which a turn of the thread pool takes hundreds.
 */
export async function setFrozen(layout: CgroupLayout, path: string, frozen: boolean): Promise<void> {
  const directory = cgroupDirectory(layout, path, 'freezer');
  if (directory === undefined) throw new Error('this kernel has no freezer control group');
  if (layout.version === 2) return writeFileSync(`${directory}/cgroup.freeze`, frozen ? '1' : '0');
  const wanted = frozen ? 'FROZEN' : 'THAWED';
  // v1 reports FREEZING while a process is still on its way: written again, as the OCI runtimes do.
  for (let attempt = 0; attempt < 200; attempt++) {
    writeFileSync(`${directory}/freezer.state`, wanted);
    if (readFileSync(`${directory}/freezer.state`, 'utf8').trim() === wanted) return;
    await sleep(2);
  }
  throw new Error(`the kernel could not ${frozen ? 'freeze' : 'thaw'} it`);
}

export async function isFrozen(layout: CgroupLayout, path: string): Promise<boolean> {
  if (layout.version === 2) return (await readCgroup(layout, path, 'freezer', 'cgroup.freeze'))?.trim() === '1';
  return (await readCgroup(layout, path, 'freezer', 'freezer.state'))?.trim() === 'FROZEN';
}

/** Changes limits of a running group. v1 takes memory and memory+swap only in the right order, so what failed is tried again. */
export async function updateCgroup(layout: CgroupLayout, path: string, resources: ResourceSpec): Promise<void> {
  const failed: CgroupWrite[] = [];
  for (const write of resourceWrites(layout, path, resources))
    await writeFile(write.file, write.value).catch(() => failed.push(write));
  for (const write of failed)
    await writeFile(write.file, write.value).catch((error) => {
      if (write.optional !== true) throw error;
    });
}
