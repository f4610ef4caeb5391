import { access, constants, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { UserError } from '../../errors.js';

/** All of a folder, owners, times and attributes included; shared with the original where the file system can. */
export async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const ran = await execa('cp', ['--archive', '--reflink=auto', `${from}/.`, to], { reject: false });
  if (ran.failed) throw new UserError('copy-failed', `${from} could not be copied: ${ran.stderr.split('\n')[0]}`);
}

/** Puts a copy of `from` in the place of `to`. What was there is gone only when the copy is whole. */
export async function replaceTree(from: string, to: string): Promise<void> {
  const [fresh, old] = [`${to}.restoring`, `${to}.before`];
  for (const folder of [fresh, old]) await rm(folder, { recursive: true, force: true });
  try {
    await copyTree(from, fresh);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
  await rename(to, old);
  await rename(fresh, to);
  await rm(old, { recursive: true, force: true });
}

/** The folder that an engine keeps a volume in, if it can be got at from here. Throws UserError `volume-elsewhere`. */
export async function reachable(volume: string, mountpoint: unknown): Promise<string> {
  const folder = typeof mountpoint === 'string' ? mountpoint : '';
  const ok = await access(path.dirname(folder), constants.R_OK | constants.W_OK).then(
    () => folder !== '',
    () => false,
  );
  if (ok) return folder;
  throw new UserError(
    'volume-elsewhere',
    `The folder of volume ${volume} cannot be got at from here (${folder || 'none'}).`,
    ['Snapshots are made where the engine runs, by its user.'],
  );
}
