import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreLines, PatternSet } from '../match/patterns.js';
import { resolveInTree } from './resolve.js';
import { FolderTree, type Tree } from './tree.js';

const ROOT = { uid: 0, gid: 0 };

export interface BuildContext {
  readonly tree: Tree;
  /** Whether a path is there, but hidden by the ignore file of this name. */
  hiddenBy(path: string): Promise<string | undefined>;
  readonly ignores: boolean;
}

/**
 * The context folder without what `<Dockerfile>.dockerignore`, or else `.dockerignore`, leaves out. Everything in it
 * belongs to root. `dockerfile` is its path below the folder, undefined when it came from elsewhere; a `filtered` folder is
 * the context as it is.
 */
export async function openContext(
  folder: string,
  ignore: 'filtered' | { readonly dockerfile: string | undefined },
): Promise<BuildContext> {
  const found = ignore === 'filtered' ? undefined : await readIgnoreFile(folder, ignore.dockerfile);
  if (found === undefined) {
    return { tree: new FolderTree(folder, { owner: ROOT }), hiddenBy: async () => undefined, ignores: false };
  }
  const patterns = new PatternSet(found.lines);
  const hidden = (path: string, isDirectory: boolean) =>
    patterns.matches(path) && !(isDirectory && patterns.mayHoldExceptions(path));
  return {
    tree: new FolderTree(folder, { owner: ROOT, hidden, frame: (path) => patterns.matches(path) }),
    hiddenBy: async (path) => {
      const there = (await new FolderTree(folder).entry(path)) !== undefined;
      return there && patterns.matches(path) ? found.name : undefined;
    },
    ignores: !patterns.empty,
  };
}

async function readIgnoreFile(folder: string, dockerfile: string | undefined) {
  const plain = new FolderTree(folder);
  const names = [...(dockerfile === undefined ? [] : [`${dockerfile}.dockerignore`]), '.dockerignore'];
  for (const name of names) {
    const { path, entry } = await resolveInTree(plain, name);
    if (entry?.type === 'file') return { name, lines: ignoreLines(await readFile(join(folder, path), 'utf8')) };
  }
  return undefined;
}
