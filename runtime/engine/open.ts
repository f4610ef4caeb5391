import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Engine, instanceName } from './engine.js';
import { sweepGroups } from './group-removal.js';
import { startLocked } from './start.js';
import { takeOver } from './takeover.js';
import type { Foundations } from './types.js';
import { healVolumes } from './volumes.js';

/** Makes the engine and takes over what an earlier one left. */
export async function openEngine(foundations: Foundations): Promise<Engine> {
  const { home, runtime } = foundations.paths;
  const shown = [join(home, 'containers'), join(home, 'volumes')];
  const hidden = ['contexts', 'synced'].map((name) => join(home, 'build', name));
  await Promise.all([...shown, join(runtime, 'm')].map((folder) => mkdir(folder, { recursive: true, mode: 0o711 })));
  await Promise.all(hidden.map((folder) => mkdir(folder, { recursive: true, mode: 0o700 })));
  void foundations.launcher.spread([...shown, ...hidden]).catch(() => undefined);
  const engine = new Engine(foundations);
  engine.restart = (container) => container.lock.run(() => startLocked(engine, container, { restarting: true }));
  await healVolumes(engine);
  await takeOver(engine);
  void sweepGroups(engine.cgroups, instanceName(runtime)).catch(() => undefined);
  return engine;
}
