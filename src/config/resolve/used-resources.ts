/** The networks, volumes, secrets, configs and models that some service uses. */
import { isTree, listAt, type Tree, textAt, treeAt } from './tree-access.js';

type Section = 'networks' | 'volumes' | 'secrets' | 'configs' | 'models';

/** A new model without what none of its services uses. */
export function withoutUnused(model: Tree): Tree {
  const used: Record<Section, Set<string>> = {
    networks: new Set(),
    volumes: new Set(),
    secrets: new Set(),
    configs: new Set(),
    models: new Set(),
  };
  for (const service of Object.values(treeAt(model, 'services'))) if (isTree(service)) collect(service, used);
  const result: Tree = { ...model };
  for (const [section, names] of Object.entries(used)) {
    if (!isTree(model[section])) continue;
    result[section] = Object.fromEntries(Object.entries(model[section]).filter(([name]) => names.has(name)));
  }
  return result;
}

function collect(service: Tree, used: Record<Section, Set<string>>): void {
  for (const name of Object.keys(treeAt(service, 'networks'))) used.networks.add(name);
  for (const name of Object.keys(treeAt(service, 'models'))) used.models.add(name);
  for (const mount of listAt(service, 'volumes')) {
    if (isTree(mount) && mount.type === 'volume') add(used.volumes, mount);
  }
  const build = treeAt(service, 'build');
  for (const mount of [...listAt(service, 'secrets'), ...listAt(build, 'secrets')]) add(used.secrets, mount);
  for (const mount of listAt(service, 'configs')) add(used.configs, mount);
}

function add(names: Set<string>, mount: Tree[string]): void {
  const source = isTree(mount) ? textAt(mount, 'source') : undefined;
  if (source !== undefined) names.add(source);
}
