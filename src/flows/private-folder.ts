import { createHash } from 'node:crypto';
import path from 'node:path';
import type { EngineClient } from '../engine/client.js';
import { enginePaths } from '../engine/paths.js';
import type { Session } from './session.js';

/** Below the engine's runtime folder, for root on our engine alone: others' ids would own the files otherwise. */
export function privateFolder({ world }: Session, engine: EngineClient, project: string): string | undefined {
  if (!engine.own || world.uid !== 0) return undefined;
  const id = createHash('sha256').update(project).digest('hex').slice(0, 16);
  return path.join(enginePaths(world.env, world.uid).runtime, 'files', id);
}
