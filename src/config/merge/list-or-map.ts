/** Attributes that may be written as a list or as a mapping, brought into one of the two. */
import { type Entry, isNull, isText, mapping, type Node, scalar, sequence } from '../tree/node.js';
import { scalarText } from '../tree/plain.js';

/** What a list item without `=` stands for: null where the surroundings fill it in, the empty text for labels and the like. */
export type Bare = null | '';

/** `[A=1, B]` → `{A: "1", B: bare}`; the last of a name wins. Any other node, and a list of anything but texts, stays as it is. */
export function keyedMapping(node: Node, bare: Bare): Node {
  if (node.kind !== 'sequence' || !node.items.every(isText)) return node;
  const entries = new Map<string, Entry>();
  for (const item of node.items as readonly (Node & { value: string })[]) {
    const equals = item.value.indexOf('=');
    const key = equals === -1 ? item.value : item.value.slice(0, equals);
    const value = equals === -1 ? bare : item.value.slice(equals + 1);
    entries.set(key, { key: item.at, value: scalar(value, item.at) });
  }
  return mapping(entries, node.at);
}

/** `[a, b]` → `{a: …, b: …}` with a value made for each name. Any other node stays as it is. */
export function namedMapping(node: Node, valueFor: (item: Node) => Node): Node {
  if (node.kind !== 'sequence' || !node.items.every(isText)) return node;
  const entries = new Map<string, Entry>();
  for (const item of node.items as readonly (Node & { value: string })[]) {
    entries.set(item.value, { key: item.at, value: valueFor(item) });
  }
  return mapping(entries, node.at);
}

/** A single text as a list of one. Any other node stays as it is. */
export const listOf = (node: Node): Node => (isText(node) ? sequence([node], node.at) : node);

/**
 * `{A: 1, B: null}` → `[A=1, B]` in the order of their texts, a list as a value giving an item for each of its own; a single text as
 * a list of one. Any other node stays as it is.
 */
export function keyedSequence(node: Node): Node {
  if (node.kind !== 'mapping') return listOf(node);
  const texts = [...node.entries].flatMap(([name, { key, value }]) => {
    if (isNull(value)) return [{ text: name, at: key }];
    const values = value.kind === 'sequence' ? value.items : [value];
    return values.map((one) => ({ text: `${name}=${one.kind === 'scalar' ? scalarText(one.value) : ''}`, at: one.at }));
  });
  texts.sort((left, right) => (left.text < right.text ? -1 : Number(left.text > right.text)));
  return sequence(
    texts.map(({ text, at }) => scalar(text, at)),
    node.at,
  );
}
