import { lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { PreparedRoot } from '../../snapshots/types.js';

/** Files that the engine itself mounts into every container. /dev, /proc and /sys are left to the image, as BuildKit leaves them. */
const ALWAYS = ['/etc/hosts', '/etc/resolv.conf', '/etc/hostname'];

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
  const stat = await lstatBelow(root.upper, path);
  if (stat === undefined) return false;
  for (const layer of root.below) if ((await lstatBelow(layer, path)) !== undefined) return false;
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

/** Undefined for what lies behind a symlink: the command may have put one there, and it leads to the machine's files (CVE-2024-23652). */
async function lstatBelow(root: string, path: string) {
  const parts = path.split('/').filter(Boolean);
  for (let depth = 1; depth < parts.length; depth++) {
    const parent = await lstat(join(root, ...parts.slice(0, depth))).catch(() => undefined);
    if (!parent?.isDirectory()) return undefined;
  }
  return lstat(join(root, ...parts)).catch(() => undefined);
}

async function onlyDeviceStubs(folder: string): Promise<boolean> {
  return (await readdir(folder)).length === 0;
}
