import { lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { PreparedRoot } from '../../snapshots/types.js';

/** Where the engine itself mounts something into every container. */
const ALWAYS = ['/etc/hosts', '/etc/resolv.conf', '/etc/hostname', '/dev', '/proc', '/sys'];

/**
 * Takes empty mount points out of a step's result that no layer below has: they came with the mounts, not with the
 * command (BuildKit cleans its stubs too). Folders that were made to hold them go as well, when nothing else is inside.
 */
export async function removeStubs(root: PreparedRoot, targets: readonly string[]): Promise<void> {
  for (const target of [...targets, ...ALWAYS]) {
    let path = posix.normalize(`/${target}`).replace(/\/$/, '');
    while (path !== '' && (await removeStub(root, path))) path = posix.dirname(path).replace(/^\/$/, '');
  }
}

async function removeStub(root: PreparedRoot, path: string): Promise<boolean> {
  const upper = join(root.upper, path);
  const stat = await lstat(upper).catch(() => undefined);
  if (stat === undefined) return false;
  for (const layer of root.lower)
    if ((await lstat(join(layer, path)).catch(() => undefined)) !== undefined) return false;
  if (stat.isDirectory()) {
    if (!(await onlyDeviceStubs(upper))) return false;
    return rmdir(upper).then(
      () => true,
      () => false,
    );
  }
  if (!stat.isFile() || stat.size > 0) return false;
  await unlink(upper);
  return true;
}

async function onlyDeviceStubs(folder: string): Promise<boolean> {
  return (await readdir(folder)).length === 0;
}
