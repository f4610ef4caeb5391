/** What the Compose Specification puts where a long form leaves something out. */
import { child, mapChildren, type Node, withEntries } from '../tree/node.js';
import { fromPlain, type Plain } from '../tree/plain.js';
import { type Rules, ruleForItem, ruleForKey, rulesFrom } from '../tree/rules.js';

type Default = (node: Node) => Node;

/** Keys that are missing, or null where null means missing. */
const keys =
  (values: Readonly<Record<string, Plain>>): Default =>
  (node) => {
    if (node.kind !== 'mapping') return node;
    const missing = Object.entries(values).filter(([key]) => !node.entries.has(key));
    if (missing.length === 0) return node;
    return withEntries(
      node,
      missing.map(([key, value]) => [key, fromPlain(value, node.at)] as const),
    );
  };

const secretTarget: Default = (node) => {
  const source = child(node, 'source');
  if (node.kind !== 'mapping' || node.entries.has('target') || source?.kind !== 'scalar') return node;
  return withEntries(node, [['target', fromPlain(`/run/secrets/${String(source.value)}`, source.at)]]);
};

/** A request for devices that names neither a count nor ids is for all of them. */
const deviceCount: Default = (node) => {
  if (node.kind !== 'mapping' || node.entries.has('count') || node.entries.has('device_ids')) return node;
  return withEntries(node, [['count', fromPlain(-1, node.at)]]);
};

const rules = (): Rules<Default> =>
  rulesFrom<Default>({
    'services.*.build': keys({ context: '.' }),
    'services.*.deploy.resources.reservations.devices.[]': deviceCount,
    'services.*.gpus.[]': deviceCount,
    'services.*.ports.[]': keys({ mode: 'ingress', protocol: 'tcp' }),
    'services.*.secrets.[]': secretTarget,
  });

/** On a config in its long form. */
export function fillDefaults(root: Node): Node {
  const walk = (node: Node, at: Rules<Default> | undefined): Node => {
    if (at === undefined) return node;
    const filled = at.here ? at.here(node) : node;
    if (filled.kind === 'scalar' || at.below === undefined) return filled;
    const rulesOf = filled.kind === 'sequence' ? () => ruleForItem(at) : (key: string) => ruleForKey(at, key);
    return mapChildren(filled, (value, key) => walk(value, rulesOf(key)));
  };
  return walk(root, rules());
}
