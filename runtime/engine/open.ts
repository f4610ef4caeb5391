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
  const ofTrees = [join(home, 'containers'), join(home, 'volumes')];
  await Promise.all([...ofTrees, join(runtime, 'm')].map((folder) => mkdir(folder, { recursive: true, mode: 0o711 })));
  void foundations.launcher.spread(ofTrees).catch(() => undefined);
  const engine = new Engine(foundations);
  engine.restart = (container) => container.lock.run(() => startLocked(engine, container, { restarting: true }));
  await healVolumes(engine);
  await takeOver(engine);
  void sweepGroups(engine.cgroups, instanceName(runtime)).catch(() => undefined);
  return engine;
}
