import { posix } from 'node:path';
import type { Entry, Tree } from './tree.js';

/** Linux' own limit, path_resolution(7). */
const MAX_LINKS = 40;

export interface Resolved {
  /** Without symlinks; what does not exist is kept as named. */
  readonly path: string;
  readonly entry: Entry | undefined;
}

/**
 * Follows symlinks as a process inside the tree would: absolute ones start at its root, `..` stops there.
 * `followLast` tells whether a symlink at the very end is followed. Throws for a loop.
 */
export async function resolveInTree(tree: Tree, path: string, followLast = true): Promise<Resolved> {
  let todo = path.split('/');
  let done: string[] = [];
  let links = 0;
  let entry: Entry | undefined = await tree.entry('');
  while (todo.length > 0) {
    const name = todo.shift()!;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      done.pop();
      entry = undefined;
      continue;
    }
    const here = [...done, name].join('/');
    entry = await tree.entry(here);
    const last = todo.every((part) => part === '' || part === '.');
    if (entry?.type === 'symlink' && (followLast || !last)) {
      if (++links > MAX_LINKS) throw new Error(`too many levels of symbolic links: /${path}`);
      if (entry.target!.startsWith('/')) done = [];
      todo = [...entry.target!.split('/'), ...todo];
      entry = undefined;
    } else done.push(name);
  }
  const resolved = done.join('/');
  return { path: resolved, entry: entry ?? (await tree.entry(resolved)) };
}

/** Where a Dockerfile lies: `dockerfile` counts where there is no `Dockerfile`, as for BuildKit. */
export async function resolveDockerfile(tree: Tree, path: string): Promise<Resolved> {
  const resolved = await resolveInTree(tree, path);
  if (resolved.entry !== undefined || posix.basename(path) !== 'Dockerfile') return resolved;
  return resolveInTree(tree, posix.join(posix.dirname(path), 'dockerfile'));
}
