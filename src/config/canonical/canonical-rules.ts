/** Which attribute has which short form: Compose Specification, attribute by attribute. */
import { UserError, UserErrors } from '../../errors.js';
import { keyedMapping, listOf, namedMapping } from '../merge/list-or-map.js';
import type { Problems } from '../problems.js';
import { child, isText, mapChildren, type Node, type Path, sequence, withEntries } from '../tree/node.js';
import { fromPlain, scalarText } from '../tree/plain.js';
import { type Rules, rulesFrom } from '../tree/rules.js';
import { longDevice, longDeviceRequest, longGpus } from './devices.js';
import { extraHosts } from './extra-hosts.js';
import { longPorts } from './ports.js';
import { longVolume } from './volumes.js';

/** Gives the long form of a node, or the node itself. May throw a UserError. */
export type Canonical = (node: Node, path: Path) => Node;

const variables: Canonical = (node) => words(keyedMapping(node, null));
const labels: Canonical = (node) => words(keyedMapping(node, ''));

/** Every value as text, while it is still known how a number was written; null stays. */
const words = (node: Node): Node => mapChildren(node, asText);

const asText = (node: Node): Node =>
  node.kind === 'scalar' && node.value !== null && typeof node.value !== 'string'
    ? { ...node, value: node.text ?? scalarText(node.value) }
    : node;

/** `build: ./dir` names the context. */
const build: Canonical = (node) => (isText(node) ? fromPlain({ context: node.value }, node.at) : node);

const dependencies: Canonical = (node) =>
  namedMapping(node, (item) => fromPlain({ condition: 'service_started', required: true }, item.at));

/** A dependency is required unless it says otherwise. */
const dependency: Canonical = (node) =>
  node.kind === 'mapping' && !node.entries.has('required')
    ? withEntries(node, [['required', fromPlain(true, node.at)]])
    : node;

const named: Canonical = (node) => namedMapping(node, (item) => fromPlain(null, item.at));

/** A variable that is not set leaves an empty item behind. */
const withoutEmpty: Canonical = (node) =>
  mapChildren(node, (item) => (isText(item) && item.value === '' ? undefined : item));

/** A secret or config by its name alone. */
const mounted: Canonical = (node) => (isText(node) ? fromPlain({ source: node.value }, node.at) : node);

/** `env_file: path`, a list of paths, or of mappings. */
const envFile: Canonical = (node) =>
  isText(node) ? fromPlain({ path: node.value, required: true }, node.at) : required(node);

const required = (node: Node): Node =>
  node.kind === 'mapping' && !node.entries.has('required')
    ? withEntries(node, [['required', fromPlain(true, node.at)]])
    : node;

/** `extends: name` is a service of the same file. */
const extended: Canonical = (node) => (isText(node) ? fromPlain({ service: node.value }, node.at) : node);

/** One item may stand for several ports. All that are wrong are told of. */
const ports: Canonical = (node) => {
  if (node.kind !== 'sequence') return node;
  const errors: UserError[] = [];
  const items = node.items.flatMap((item) => {
    try {
      return longPorts(item);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      errors.push(error);
      return [];
    }
  });
  if (errors.length > 0) throw new UserErrors(errors);
  return sequence(items, node.at);
};

/** A test written as text is run by the container's shell. */
const healthTest: Canonical = (node) => (isText(node) ? fromPlain(['CMD-SHELL', node.value], node.at) : node);

/** `external: {name: x}`, the old form of `name: x` and `external: true`. */
const external =
  (problems: Problems): Canonical =>
  (node, path) => {
    const inner = child(node, 'external');
    if (node.kind !== 'mapping' || inner?.kind !== 'mapping') return node;
    const name = child(inner, 'name');
    const where = path.join('.');
    problems.warn(`${where}: external.name is deprecated. Please set name and external: true`, inner.at);
    const own = child(node, 'name');
    if (own && name && own.kind === 'scalar' && name.kind === 'scalar' && own.value !== name.value) {
      problems.add('conflicting-keys', `${where}: name and external.name conflict; only use name.`, own.at, [
        'Remove external.name and write external: true.',
      ]);
    }
    const changes: [string, Node][] = [['external', fromPlain(true, inner.at)]];
    if (name) changes.push(['name', name]);
    return withEntries(node, changes);
  };

const providerOption: Canonical = (node) => words(node.kind === 'scalar' ? sequence([node], node.at) : node);

/** What merging works with. Built once a load. */
export const canonicalRules = (problems: Problems): Rules<Canonical> =>
  rulesFrom<Canonical>({
    'services.*.build': build,
    'services.*.build.additional_contexts': labels,
    'services.*.build.secrets.[]': mounted,
    'services.*.build.ssh': variables,
    'services.*.configs.[]': mounted,
    'services.*.depends_on': dependencies,
    'services.*.depends_on.*': dependency,
    'services.*.devices.[]': longDevice,
    'services.*.dns': listOf,
    'services.*.dns_search': listOf,
    'services.*.extends': extended,
    'services.*.env_file': listOf,
    'services.*.env_file.[]': envFile,
    'services.*.gpus': longGpus,
    'services.*.label_file': listOf,
    'services.*.models': named,
    'services.*.networks': named,
    'services.*.ports': ports,
    'services.*.secrets.[]': mounted,
    'services.*.volumes.[]': longVolume,
    'networks.*': external(problems),
    'volumes.*': external(problems),
    'secrets.*': external(problems),
    'configs.*': external(problems),
  });

/** What the rest works with: lists of variables and the like become mappings. Built once a load. */
export const finalRules = (): Rules<Canonical> =>
  rulesFrom<Canonical>({
    'services.*.annotations': labels,
    'services.*.build.args': variables,
    'services.*.build.extra_hosts': extraHosts,
    'services.*.build.labels': labels,
    'services.*.deploy.labels': labels,
    'services.*.deploy.resources.reservations.devices.[]': longDeviceRequest,
    'services.*.deploy.resources.reservations.devices.[].options': labels,
    'services.*.develop.watch.[].exec.environment': variables,
    'services.*.develop.watch.[].ignore': listOf,
    'services.*.develop.watch.[].include': listOf,
    'services.*.dns': withoutEmpty,
    'services.*.environment': variables,
    'services.*.expose.[]': asText,
    'services.*.extra_hosts': extraHosts,
    'services.*.gpus.[]': longDeviceRequest,
    'services.*.gpus.[].options': labels,
    'services.*.healthcheck.test': healthTest,
    'services.*.labels': labels,
    'services.*.post_start.[].environment': variables,
    'services.*.pre_stop.[].environment': variables,
    'services.*.provider.options.*': providerOption,
    'services.*.sysctls': labels,
    'services.*.tmpfs': listOf,
    'services.*.volumes.[].volume.labels': labels,
    'networks.*.labels': labels,
    'volumes.*.labels': labels,
    'secrets.*.labels': labels,
    'configs.*.labels': labels,
    'services.*.logging.options': words,
    'services.*.networks.*.driver_opts': words,
    'services.*.storage_opt': words,
    'networks.*.driver_opts': words,
    'volumes.*.driver_opts': words,
    'secrets.*.driver_opts': words,
  });
