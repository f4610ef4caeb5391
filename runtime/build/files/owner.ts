import { resolveInTree } from './resolve.js';
import { readTreeFile, type Tree } from './tree.js';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * `user[:group]` by the image's own `/etc/passwd` and `/etc/group`; numbers pass. A user without a group brings its
 * own (a plain number is its own group), one that is left empty behind its colon is root's. A name that is not there is
 * undefined: BuildKit leaves root then.
 */
export async function lookUpOwner(tree: Tree, text: string): Promise<{ owner: Owner; unknown: string | undefined }> {
  const [user = '', group] = text.split(':', 2);
  const account = await lookUpUser(tree, user);
  const gid = group === undefined ? account?.gid : await lookUpGroup(tree, group);
  const unknown = account === undefined ? user : gid === undefined ? group : undefined;
  return { owner: { uid: account?.uid ?? 0, gid: gid ?? account?.gid ?? 0 }, unknown };
}

async function lookUpUser(tree: Tree, user: string): Promise<Owner | undefined> {
  if (user === '') return { uid: 0, gid: 0 };
  if (/^\d+$/.test(user)) return { uid: Number(user), gid: Number(user) };
  const fields = (await lines(tree, 'etc/passwd')).find(([name]) => name === user);
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
}

async function lookUpGroup(tree: Tree, group: string): Promise<number | undefined> {
  if (group === '') return 0;
  if (/^\d+$/.test(group)) return Number(group);
  const fields = (await lines(tree, 'etc/group')).find(([name]) => name === group);
  return fields === undefined ? undefined : Number(fields[2]);
}

async function lines(tree: Tree, path: string): Promise<string[][]> {
  const { path: resolved, entry } = await resolveInTree(tree, path);
  if (entry?.type !== 'file') return [];
  return (await readTreeFile(tree, resolved))
    .toString()
    .split('\n')
    .map((line) => line.split(':'));
}
