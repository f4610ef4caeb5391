/** What a monitor removes at its end, for one that was killed and could not. */
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from './engine.js';
import { groupIsLeft, removeGroup } from './group-removal.js';
import { cgroupPath, monitorSocket } from './paths.js';

/** Processes, group and socket, when one of the latter two is there. For a container without a living monitor. */
export async function clearLostMonitor(engine: Engine, id: string, parent = ''): Promise<void> {
  const { paths } = engine.foundations;
  const group = cgroupPath(paths, id, parent);
  if (groupIsLeft(engine.cgroups, group)) await removeGroup(engine.cgroups, group);
  const socket = monitorSocket(paths, id);
  if (existsSync(socket)) await rm(socket, { force: true });
}

/** For an engine that has just taken over: sockets at which nobody is. */
export async function sweepMonitorSockets(engine: Engine): Promise<void> {
  const folder = join(engine.foundations.paths.runtime, 'm');
  const live = new Set(
    engine.containers.all().flatMap(({ id, monitor }) => (monitor === undefined ? [] : [id.slice(0, 16)])),
  );
  const names = await readdir(folder).catch(() => []);
  await Promise.all(names.filter((name) => !live.has(name)).map((name) => rm(join(folder, name), { force: true })));
}
