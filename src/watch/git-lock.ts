/**
 * A checkout, merge or stash is one change of the tree however long it takes: git holds `index.lock` from its first file to
 * its last (git-update-index(1), "the index is locked").
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { statOf } from './scan.js';

/** A lock that is older than this was left behind by a git that died. */
const LONGEST_MS = 60_000;

/** Whether git is changing the work tree that `folder` is in; false outside of one. */
export function isGitAtWork(folder: string): boolean {
  const gitFolder = findGitFolder(folder);
  if (gitFolder === undefined) return false;
  const stats = statOf(path.join(gitFolder, 'index.lock'));
  return stats !== undefined && Date.now() - stats.birthtimeMs < LONGEST_MS;
}

/** `.git` is a folder, or in a linked work tree and a submodule a file that says where that is (gitrepository-layout(5)). */
function findGitFolder(folder: string): string | undefined {
  for (let at = folder; ; at = path.dirname(at)) {
    const place = path.join(at, '.git');
    const stats = statOf(place);
    if (stats?.isDirectory()) return place;
    if (stats) {
      const [, named] = /^gitdir: (.+)$/m.exec(readFileSync(place, 'utf8')) ?? [];
      return named === undefined ? undefined : path.resolve(at, named);
    }
    if (at === path.dirname(at)) return undefined;
  }
}
