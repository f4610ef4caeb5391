/** Reading plain config data, of which the schema has been checked but TypeScript knows nothing. */
import type { Plain } from '../tree/plain.js';

export type Tree = { [key: string]: Plain };

export const isTree = (value: Plain | undefined): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** A mapping below a key; an empty one when there is none. */
export function treeAt(tree: Tree | undefined, ...keys: string[]): Tree {
  let at: Plain | undefined = tree;
  for (const key of keys) at = isTree(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  return isTree(at) ? at : {};
}

/** A list below a key; an empty one when there is none. */
export function listAt(tree: Tree, key: string): readonly Plain[] {
  const value = tree[key];
  return Array.isArray(value) ? value : [];
}

/** A text below a key, undefined when it is missing or empty. */
export function textAt(tree: Tree, key: string): string | undefined {
  const value = tree[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
