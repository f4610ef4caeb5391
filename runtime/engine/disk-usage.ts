import type { Engine } from './engine.js';

/** Bytes that a folder takes on the disk, counted by the machine's du so that Node's threads stay free; 0 when it is gone. */
export async function diskBytes(engine: Engine, folder: string): Promise<number> {
  const result = await engine.foundations.launcher.spawn(['du', '-s', '-x', '-B1', folder]);
  return Number.parseInt(result.stdout, 10) || 0;
}
