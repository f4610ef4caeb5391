/**
 * What every container finds in its root whatever its image lacks: the points that are mounted over, and the marks by which
 * programs know that they are in a container. It lies between the image and the writable folder, so that it is neither a
 * change nor committed (moby's daemon/initlayer).
 */
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FOLDERS = ['dev/pts', 'dev/shm', 'etc', 'proc', 'sys'];
const FILES = ['.dockerenv', 'dev/console', 'etc/hosts', 'etc/hostname', 'etc/resolv.conf'];

/** Makes it where it is not whole. Returns the path. */
export async function makeInitLayer(path: string): Promise<string> {
  for (const folder of FOLDERS) await mkdir(join(path, folder), { recursive: true, mode: 0o755 });
  await chmod(path, 0o755);
  await Promise.all(FILES.map((file) => writeFile(join(path, file), '', { mode: 0o755 })));
  await symlink('/proc/mounts', join(path, 'etc/mtab')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return path;
}
