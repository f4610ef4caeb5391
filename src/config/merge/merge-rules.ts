/** The attributes that merge in a way of their own: Compose Specification, "Merge", and what its implementation does beyond it. */

import { extraHosts } from '../canonical/extra-hosts.js';
import { child, isNull, isText, type Mapping, type Node, sequence } from '../tree/node.js';
import { fromPlain, toPlain } from '../tree/plain.js';
import { type Rules, rulesFrom } from '../tree/rules.js';
import {
  byDeviceTarget,
  byMountTarget,
  byName,
  byPath,
  byPort,
  byText,
  byVolumeTarget,
  type Identity,
} from './identity.js';
import { type Bare, keyedMapping, keyedSequence, listOf, namedMapping } from './list-or-map.js';

export interface MergeRule {
  /** The later value takes the place of the earlier, whatever they are. */
  readonly replaces?: true;
  /** Brings both sides into one form first. */
  readonly prepare?: (node: Node) => Node;
  /** Undefined: as usual. `usual` merges two nodes as if there were no rule. */
  readonly merge?: (base: Node, over: Node, usual: (base: Node, over: Node) => Node) => Node | undefined;
  /** For lists: items that are the same thing. */
  readonly identity?: Identity;
}

const replaces: MergeRule = { replaces: true };
/** By name; here null is a value like any other, and a single text is a list of one. */
const keyed = (bare: Bare): MergeRule => ({
  prepare: (node) => keyedMapping(listOf(node), bare),
  merge: (base, over) => (base.kind === 'mapping' && over.kind === 'mapping' ? withEntriesOf(base, over) : undefined),
  identity: byName,
});

function withEntriesOf(base: Mapping, over: Mapping): Node {
  const entries = new Map(base.entries);
  for (const [name, { key, value }] of over.entries) {
    const replaced = base.entries.get(name)?.value;
    entries.set(name, { key, value: replaced ? { ...value, replaced } : value });
  }
  return { ...base, entries };
}

/** As `keyed`, in the form in which the reference shows what it merged and did not fill in. */
const listed: MergeRule = { prepare: keyedSequence, identity: byName };

/** Also where an item has nothing of a variable: `/run:size=1m` and `/run:size=2m` are the same, as in the reference. */
const texts: MergeRule = { prepare: listOf, identity: byName };
const hosts: MergeRule = { prepare: extraHosts, identity: byText };

const dependencies: MergeRule = {
  prepare: (node) => namedMapping(node, (item) => fromPlain({ condition: 'service_started', required: true }, item.at)),
};

const named: MergeRule = { prepare: (node) => namedMapping(node, (item) => fromPlain(null, item.at)) };

const build: MergeRule = {
  prepare: (node) => (isText(node) ? fromPlain({ context: node.value }, node.at) : node),
};

/** Options belong to a driver: with another driver they start afresh. */
const logging: MergeRule = {
  merge: (base, over, usual) => {
    const [before, after] = [child(base, 'driver'), child(over, 'driver')];
    const same = !before || !after || toPlain(before) === toPlain(after);
    return same ? usual(base, over) : { ...over, replaced: base };
  },
};

const ulimit: MergeRule = {
  merge: (base, over, usual) =>
    base.kind === 'mapping' && over.kind === 'mapping' ? usual(base, over) : { ...over, replaced: base },
};

/** Address pools merge by their subnet. */
const pools: MergeRule = {
  merge: (base, over, usual) => {
    if (base.kind !== 'sequence' || over.kind !== 'sequence') return undefined;
    const subnetOf = (node: Node) => toPlain(child(node, 'subnet') ?? fromPlain(null, node.at));
    const merged = base.items.map((pool) => {
      const other = over.items.find((item) => subnetOf(item) === subnetOf(pool) && !isNull(child(item, 'subnet')));
      return other ? usual(pool, other) : pool;
    });
    const known = new Set(base.items.map(subnetOf));
    return sequence([...merged, ...over.items.filter((item) => !known.has(subnetOf(item)))], over.at);
  },
};

/** Built once a load. `asWritten`: for a config that is shown and not used, in which lists of names and values stay lists. */
export function mergeRules(asWritten = false): Rules<MergeRule> {
  const variables = asWritten ? listed : keyed(null);
  const labels = asWritten ? listed : keyed('');
  const repeatable = asWritten ? { prepare: keyedSequence } : labels;
  return rulesFrom<MergeRule>({
    'networks.*.ipam.config': pools,
    'networks.*.labels': labels,
    'volumes.*.labels': repeatable,
    'services.*.annotations': labels,
    'services.*.build': build,
    'services.*.build.additional_contexts': labels,
    'services.*.build.args': variables,
    'services.*.build.extra_hosts': hosts,
    'services.*.build.labels': labels,
    'services.*.build.tags': { identity: byName },
    'services.*.cap_add': { identity: byName },
    'services.*.cap_drop': { identity: byName },
    'services.*.command': replaces,
    'services.*.configs': { identity: byMountTarget('') },
    'services.*.depends_on': dependencies,
    'services.*.deploy.labels': labels,
    'services.*.devices': { identity: byDeviceTarget },
    'services.*.dns': texts,
    'services.*.dns_opt': texts,
    'services.*.dns_search': texts,
    'services.*.entrypoint': replaces,
    'services.*.env_file': { prepare: listOf, identity: byPath },
    'services.*.environment': variables,
    'services.*.expose': { identity: byText },
    'services.*.extra_hosts': hosts,
    'services.*.healthcheck.test': replaces,
    'services.*.label_file': { prepare: listOf },
    'services.*.labels': labels,
    'services.*.links': { identity: byName },
    'services.*.logging': logging,
    'services.*.models': named,
    'services.*.networks': named,
    'services.*.networks.*.aliases': { identity: byName },
    'services.*.networks.*.link_local_ips': { identity: byName },
    'services.*.ports': { identity: byPort },
    'services.*.profiles': { identity: byName },
    'services.*.secrets': { identity: byMountTarget('/run/secrets') },
    'services.*.sysctls': labels,
    'services.*.tmpfs': texts,
    'services.*.ulimits.*': ulimit,
    'services.*.volumes': { identity: byVolumeTarget },
    'services.*.volumes.[].volume.labels': repeatable,
  });
}
