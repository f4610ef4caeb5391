/** Short forms → long forms, on a config that the schema has accepted. */
import { UserError, UserErrors } from '../../errors.js';
import type { Problems } from '../problems.js';
import { mapChildren, type Node, type Path } from '../tree/node.js';
import { type Rules, ruleForItem, ruleForKey } from '../tree/rules.js';
import { type Canonical, canonicalRules, finalRules } from './canonical-rules.js';

export interface CanonicalContext {
  readonly problems: Problems;
  /** Variables are not filled in: what cannot be read for that reason stays as it is. */
  readonly lenient: boolean;
}

/** The forms that merging works with. On what has them already it changes nothing, so it is run after each file. */
export const canonicalTree = (root: Node, context: CanonicalContext): Node =>
  walk(root, canonicalRules(context.problems), [], context);

/** The forms that everything after merging works with. */
export const finalTree = (root: Node, problems: Problems): Node =>
  walk(root, finalRules(), [], { problems, lenient: false });

function walk(node: Node, rules: Rules<Canonical> | undefined, path: Path, context: CanonicalContext): Node {
  if (rules === undefined) return node;
  const long = rules.here === undefined ? node : replacing(applied(rules.here, node, path, context), node);
  if (long.kind === 'scalar' || rules.below === undefined) return long;
  const rulesOf = long.kind === 'sequence' ? () => ruleForItem(rules) : (key: string) => ruleForKey(rules, key);
  return mapChildren(long, (value, key) => {
    const below = rulesOf(key);
    return below === undefined ? value : walk(value, below, [...path, key], context);
  });
}

/** Another form of a value still knows what that value replaced. */
const replacing = (long: Node, { replaced }: Node): Node =>
  replaced === undefined || long.replaced !== undefined ? long : { ...long, replaced };

function applied(rule: Canonical, node: Node, path: Path, { problems, lenient }: CanonicalContext): Node {
  if (!lenient) return problems.attempt(() => rule(node, path), node.at) ?? node;
  try {
    return rule(node, path);
  } catch (error) {
    if (error instanceof UserError || error instanceof UserErrors) return node;
    throw error;
  }
}
