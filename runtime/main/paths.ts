import { chmod, lstat, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { EnginePaths } from '../engine/types.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** sockaddr_un holds 107 bytes; the monitors' sockets are the longest names below the runtime folder (`m/` and 32 more). */
const runtimeLimitBytes = 70;

/** From `DEVENV_HOME` and `DEVENV_RUNTIME_DIR`, or their defaults for root and for everybody else (XDG base directories). */
export function enginePaths(env: Environment, uid: number): EnginePaths {
  const own = env.HOME ?? '/';
  const home = uid === 0 ? '/var/lib/devenv' : path.join(env.XDG_DATA_HOME ?? path.join(own, '.local/share'), 'devenv');
  const runtime = uid === 0 ? '/run/devenv' : path.join(env.XDG_RUNTIME_DIR ?? `/tmp/devenv-${uid}`, 'devenv');
  const runtimeDirectory = path.resolve(env.DEVENV_RUNTIME_DIR ?? runtime);
  return {
    home: path.resolve(env.DEVENV_HOME ?? home),
    runtime: runtimeDirectory,
    socket: path.join(runtimeDirectory, 'engine.sock'),
  };
}

/** Makes the two folders, for their owner only. Throws an Error with a sentence for a path that sockets cannot have. */
export async function makeFolders(paths: EnginePaths): Promise<void> {
  if (Buffer.byteLength(paths.runtime) > runtimeLimitBytes)
    throw new Error(
      `${paths.runtime} is too long for the sockets in it: DEVENV_RUNTIME_DIR may have ${runtimeLimitBytes} bytes`,
    );
  const folders = [paths.home, paths.runtime];
  await Promise.all(folders.map((folder) => mkdir(folder, { recursive: true, mode: 0o700 })));
  await Promise.all(folders.map(checkFolder));
}

/** Who owns a folder decides what is in it: in /tmp somebody may have been there before. Only a folder that is named as ours is closed to others. */
async function checkFolder(folder: string): Promise<void> {
  const { uid, mode } = await lstat(folder);
  if (uid !== process.getuid?.())
    throw new Error(
      `${folder} belongs to another user: remove it, or set DEVENV_HOME and DEVENV_RUNTIME_DIR to folders of yours`,
    );
  if ((mode & 0o077) !== 0 && path.basename(folder) === 'devenv') await chmod(folder, 0o700);
}
