/**
 * Short forms → long forms, on a config that the schema has accepted. Running it on what is long already changes nothing, so it
 * is run after each file that is merged in.
 */
import type { Problems } from '../problems.js';
import { mapChildren, type Node, type Path } from '../tree/node.js';
import { type Rules, ruleForItem, ruleForKey } from '../tree/rules.js';
import { type Canonical, canonicalRules } from './canonical-rules.js';

export function canonicalTree(root: Node, problems: Problems): Node {
  return walk(root, canonicalRules(problems), [], problems);
}

function walk(node: Node, rules: Rules<Canonical> | undefined, path: Path, problems: Problems): Node {
  if (rules === undefined) return node;
  const long = rules.here === undefined ? node : (problems.attempt(() => rules.here!(node, path)) ?? node);
  if (long.kind === 'scalar' || rules.below === undefined) return long;
  const rulesOf = long.kind === 'sequence' ? () => ruleForItem(rules) : (key: string) => ruleForKey(rules, key);
  return mapChildren(long, (value, key) => walk(value, rulesOf(key), [...path, key], problems));
}
