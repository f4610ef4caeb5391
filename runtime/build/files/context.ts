import { ignoreLines, PatternSet } from '../match/patterns.js';
import { resolveInTree } from './resolve.js';
import { FilteredTree, FolderTree, readTreeFile, type Tree } from './tree.js';

const ROOT = { uid: 0, gid: 0 };

export interface BuildContext {
  readonly tree: Tree;
  /** Whether a path is there, but hidden by the ignore file of this name. */
  hiddenBy(path: string): Promise<string | undefined>;
  readonly ignores: boolean;
  /** Whether the ignore file names a path, there or not. */
  leavesOut(path: string): boolean;
}

/**
 * The context without what `<Dockerfile>.dockerignore`, or else `.dockerignore`, leaves out. Everything in it
 * belongs to root. `dockerfile` is its path in the context, undefined when it came from elsewhere; a `filtered` one is
 * taken as it is.
 */
export async function openContext(
  source: string | Tree,
  ignore: 'filtered' | { readonly dockerfile: string | undefined },
): Promise<BuildContext> {
  const tree = contextTree(source);
  const found = ignore === 'filtered' ? undefined : await readIgnoreFile(tree, ignore.dockerfile);
  if (found === undefined) return { tree, hiddenBy: async () => undefined, ignores: false, leavesOut: () => false };
  const patterns = new PatternSet(found.lines);
  const hidden = (path: string, isDirectory: boolean) =>
    patterns.matches(path) && !(isDirectory && patterns.mayHoldExceptions(path));
  return {
    tree: patterns.empty ? tree : new FilteredTree(tree, { hidden, frame: (path) => patterns.matches(path) }),
    hiddenBy: async (path) => {
      const there = (await tree.entry(path)) !== undefined;
      return there && patterns.matches(path) ? found.name : undefined;
    },
    ignores: !patterns.empty,
    leavesOut: (path) => patterns.matches(path),
  };
}

/** A folder of this machine, or what a client sent. */
export function contextTree(source: string | Tree): Tree {
  return typeof source === 'string' ? new FolderTree(source, { owner: ROOT }) : source;
}

async function readIgnoreFile(tree: Tree, dockerfile: string | undefined) {
  const names = [...(dockerfile === undefined ? [] : [`${dockerfile}.dockerignore`]), '.dockerignore'];
  for (const name of names) {
    const { path, entry } = await resolveInTree(tree, name);
    if (entry?.type === 'file') return { name, lines: ignoreLines((await readTreeFile(tree, path)).toString()) };
  }
  return undefined;
}
