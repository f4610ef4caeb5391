/**
 * One config over another: mappings merge key by key, lists append, scalars replace, null changes nothing, except where the
 * section "Merge" of the Compose Specification has a rule of its own for an attribute.
 */
import { problem } from '../problems.js';
import { type Entry, isNull, type Mapping, mapping, type Node, type Path, sequence } from '../tree/node.js';
import { type Rules, ruleForItem, ruleForKey } from '../tree/rules.js';
import type { MergeRule } from './merge-rules.js';

/** Throws UserError `cannot-merge` where the two are of different kinds. */
export function mergeNodes(base: Node, over: Node, rules: Rules<MergeRule> | undefined, path: Path): Node {
  const rule = rules?.here;
  if (rule?.replaces) return { ...over, replaced: base };
  if (isNull(over)) return base;
  if (isNull(base)) return { ...over, replaced: base };
  const [below, above] = rule?.prepare ? [rule.prepare(base), rule.prepare(over)] : [base, over];
  if (rule?.merge) {
    const merged = rule.merge(below, above, (a, b) => mergeByKind(a, b, rules, path));
    if (merged !== undefined) return merged;
  }
  return mergeByKind(below, above, rules, path);
}

function mergeByKind(base: Node, over: Node, rules: Rules<MergeRule> | undefined, path: Path): Node {
  if (base.kind === 'mapping' && over.kind === 'mapping') return mergeMappings(base, over, rules, path);
  if (base.kind === 'sequence' && over.kind === 'sequence') return sequence([...base.items, ...over.items], over.at);
  if (base.kind === 'scalar') return { ...over, replaced: base };
  throw problem(
    'cannot-merge',
    `${path.join('.')} is ${kindOf(over)} here, but ${kindOf(base)} in what it is merged with.`,
    over.at,
    ['Write both in the same form, or use !override to replace the earlier value.'],
  );
}

const kindOf = (node: Node): string =>
  ({ mapping: 'a mapping', sequence: 'a list', scalar: 'a single value' })[node.kind];

export function mergeMappings(base: Mapping, over: Mapping, rules: Rules<MergeRule> | undefined, path: Path): Mapping {
  const entries = new Map<string, Entry>(base.entries);
  for (const [key, entry] of over.entries) {
    const known = base.entries.get(key);
    if (known === undefined) {
      entries.set(key, entry);
      continue;
    }
    const value = mergeNodes(known.value, entry.value, ruleForKey(rules, key), [...path, key]);
    entries.set(key, { key: value === known.value ? known.key : entry.key, value });
  }
  return mapping(entries, base.at);
}

/** Repeated items of lists in which an item has an identity: the last one wins, where the first one stood. */
export function dropRepeats(node: Node, rules: Rules<MergeRule> | undefined): Node {
  if (rules === undefined || node.kind === 'scalar') return node;
  if (node.kind === 'mapping') {
    let entries: Map<string, Entry> | undefined;
    for (const [key, entry] of node.entries) {
      const value = dropRepeats(entry.value, ruleForKey(rules, key));
      if (value === entry.value) continue;
      entries ??= new Map(node.entries);
      entries.set(key, { key: entry.key, value });
    }
    return entries ? { ...node, entries } : node;
  }
  const identity = rules.here?.identity;
  const items = node.items.map((item) => dropRepeats(item, ruleForItem(rules)));
  if (!identity) return items.every((item, index) => item === node.items[index]) ? node : { ...node, items };
  const unique = new Map<string | symbol, Node>();
  for (const item of items) {
    const key = identity(item) ?? Symbol('unlike any other');
    const before = unique.get(key);
    unique.set(key, before && before !== item ? { ...item, replaced: before } : item);
  }
  return { ...node, items: [...unique.values()] };
}
