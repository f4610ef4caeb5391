/**
 * A config while it is being read, merged and brought into its long form: plain data in which every node and every key
 * knows where it was written, so that each later complaint can point there. Nodes are never changed, only replaced.
 */
import type { Mark } from '../read/source.js';

export type Node = Scalar | Sequence | Mapping;

/** What a YAML scalar means; a date is kept apart because no attribute takes one. */
export type ScalarValue = string | number | bigint | boolean | null | Date;

interface NodeBase {
  readonly at: Mark;
  /** `!reset` or `!override` of the Compose Specification. */
  readonly tag?: 'reset' | 'override';
  /** What this value replaced when files were merged; oldest last. */
  readonly replaced?: Node;
}

export interface Scalar extends NodeBase {
  readonly kind: 'scalar';
  readonly value: ScalarValue;
  /** A number's text where that is not the usual one: a float such as `1e6` stays `1e+06`. */
  readonly text?: string;
}

export interface Sequence extends NodeBase {
  readonly kind: 'sequence';
  readonly items: readonly Node[];
}

export interface Mapping extends NodeBase {
  readonly kind: 'mapping';
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  /** Where the key stands. */
  readonly key: Mark;
  readonly value: Node;
}

export type Path = readonly string[];

export const scalar = (value: ScalarValue, at: Mark): Scalar => ({ kind: 'scalar', value, at });

export const sequence = (items: readonly Node[], at: Mark): Sequence => ({ kind: 'sequence', items, at });

export const mapping = (entries: ReadonlyMap<string, Entry>, at: Mark): Mapping => ({ kind: 'mapping', entries, at });

export const isNull = (node: Node | undefined): boolean => node?.kind === 'scalar' && node.value === null;

export const isText = (node: Node | undefined): node is Scalar & { readonly value: string } =>
  node?.kind === 'scalar' && typeof node.value === 'string';

/** The value of a key, when `node` is a mapping that has it. */
export function child(node: Node | undefined, key: string): Node | undefined {
  if (node?.kind === 'mapping') return node.entries.get(key)?.value;
  return node?.kind === 'sequence' ? node.items[Number(key)] : undefined;
}

/** The mapping with these keys set, in place where they are and at the end otherwise. */
export function withEntries(node: Mapping, changes: Iterable<readonly [string, Node]>): Mapping {
  const entries = new Map(node.entries);
  for (const [key, value] of changes) entries.set(key, { key: entries.get(key)?.key ?? value.at, value });
  return { ...node, entries };
}

export function withoutKeys(node: Mapping, keys: readonly string[]): Mapping {
  if (!keys.some((key) => node.entries.has(key))) return node;
  const entries = new Map(node.entries);
  for (const key of keys) entries.delete(key);
  return { ...node, entries };
}

/** Every child replaced by what `change` makes of it; `undefined` drops it. The same node comes back when nothing changed. */
export function mapChildren(node: Node, change: (value: Node, key: string) => Node | undefined): Node {
  if (node.kind === 'scalar') return node;
  if (node.kind === 'sequence') {
    const items = node.items.map((item, index) => change(item, String(index)));
    if (items.every((item, index) => item === node.items[index])) return node;
    return { ...node, items: items.filter((item) => item !== undefined) };
  }
  let entries: Map<string, Entry> | undefined;
  for (const [key, entry] of node.entries) {
    const value = change(entry.value, key);
    if (value === entry.value) continue;
    entries ??= new Map(node.entries);
    if (value === undefined) entries.delete(key);
    else entries.set(key, { key: entry.key, value });
  }
  return entries === undefined ? node : { ...node, entries };
}
