/** `!reset` and `!override`: Compose Specification, "Merge", "Reset value" and "Replace value". */
import { child, mapChildren, type Node, type Path } from '../tree/node.js';

export interface TaggedTree {
  /** Without the nodes that say `!reset`; undefined when the root itself does. */
  readonly tree: Node | undefined;
  /** What has to go from the configs below before this one is merged in. */
  readonly resets: readonly Path[];
}

export function takeTags(root: Node): TaggedTree {
  const resets: Path[] = [];
  const visit = (node: Node, path: Path): Node | undefined => {
    if (node.tag === 'reset') {
      resets.push(path);
      return undefined;
    }
    if (node.tag === 'override') resets.push(path);
    const below = mapChildren(node, (value, key) => visit(value, [...path, key]));
    if (below.tag === undefined) return below;
    const { tag: _, ...untagged } = below;
    return untagged;
  };
  return { tree: visit(root, []), resets };
}

/** The tree without what stands at these paths. Items of lists stay: a reset names an attribute. */
export function applyResets(root: Node, resets: readonly Path[]): Node {
  return resets.reduce((tree, path) => (path.length === 0 ? tree : without(tree, path)), root);
}

function without(node: Node, path: Path): Node {
  const [key, ...rest] = path;
  if (node.kind !== 'mapping') return node;
  return mapChildren(node, (value, name) => {
    if (name !== key) return value;
    return rest.length === 0 ? undefined : without(value, rest);
  });
}

/** What `!override` put into the place of an earlier value remembers that value. */
export function rememberReplaced(merged: Node, before: Node, resets: readonly Path[]): Node {
  return resets.reduce((tree, path) => {
    const old = path.reduce<Node | undefined>((node, key) => child(node, key), before);
    return old && path.length > 0 ? remembering(tree, path, old) : tree;
  }, merged);
}

function remembering(node: Node, path: Path, replaced: Node): Node {
  const [key, ...rest] = path;
  if (node.kind !== 'mapping') return node;
  return mapChildren(node, (value, name) => {
    if (name !== key) return value;
    return rest.length === 0 ? { ...value, replaced } : remembering(value, rest, replaced);
  });
}
