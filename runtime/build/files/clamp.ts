import { lstatSync, lutimesSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Breath } from './breath.js';

/** Gives all that is newer this time (seconds since the epoch), links and folders too, the top folder included. */
export async function clampTimes(folder: string, seconds: number): Promise<void> {
  await clampBelow(folder, seconds, new Breath());
}

async function clampBelow(path: string, seconds: number, breath: Breath): Promise<void> {
  await breath.take();
  const stats = lstatSync(path);
  if (stats.isDirectory()) for (const name of readdirSync(path)) await clampBelow(join(path, name), seconds, breath);
  if (stats.mtimeMs > seconds * 1000) lutimesSync(path, seconds, seconds);
}
