/** What the Compose Specification implies without anybody writing it: names, the default network, dependencies. */
import type { Lookup } from '../interpolate/template.js';
import type { Plain } from '../tree/plain.js';
import { isTree, listAt, type Tree, textAt, treeAt } from './tree-access.js';

/** A new tree with everything implied in it. */
export function normalise(model: Tree, name: string, lookup: Lookup): Tree {
  const services = mapTree(treeAt(model, 'services'), (service) => normaliseService(service, lookup));
  const networked = mapTree(services, withNetwork);
  const result: Tree = model.services === undefined ? { ...model } : { ...model, services: networked };
  const networks = networksOf(model, networked);
  if (networks) result.networks = networks;
  for (const section of ['networks', 'volumes', 'configs', 'secrets']) {
    if (isTree(result[section])) result[section] = named(result[section], name);
  }
  return result;
}

function mapTree(tree: Tree, change: (value: Tree) => Tree): Tree {
  const result: Tree = Object.create(null);
  for (const [key, value] of Object.entries(tree)) result[key] = isTree(value) ? change(value) : value;
  return result;
}

function normaliseService(service: Tree, lookup: Lookup): Tree {
  const result: Tree = { ...service };
  if (isTree(service.build)) result.build = normaliseBuild(service.build, lookup);
  if (service.pull_policy === 'if_not_present') result.pull_policy = 'missing';
  const dependencies = impliedDependencies(service);
  if (Object.keys(dependencies).length > 0) result.depends_on = { ...dependencies, ...treeAt(service, 'depends_on') };
  return result;
}

function normaliseBuild(build: Tree, lookup: Lookup): Tree {
  const result: Tree = { ...build };
  if (!textAt(build, 'dockerfile_inline') && build.dockerfile === undefined) result.dockerfile = 'Dockerfile';
  if (isTree(build.args)) result.args = filledArgs(build.args, lookup);
  return result;
}

/** An argument without value takes it from the surroundings, or is not there at all. */
function filledArgs(args: Tree, lookup: Lookup): Tree {
  const result: Tree = Object.create(null);
  for (const [name, value] of Object.entries(args)) {
    const filled = value ?? lookup(name);
    if (filled !== undefined) result[name] = filled;
  }
  return result;
}

/** Links and shared namespaces need the other service, and a restart when it restarts; volumes of it only need it. */
function impliedDependencies(service: Tree): Tree {
  const result: Tree = Object.create(null);
  const follow = (name: string) => {
    result[name] ??= { condition: 'service_started', restart: true, required: true };
  };
  for (const link of listAt(service, 'links')) follow(String(link).split(':')[0]!);
  for (const key of ['network_mode', 'ipc', 'pid', 'uts', 'cgroup']) {
    const [kind, name] = String(service[key] ?? '').split(':');
    if (kind === 'service' && name) follow(name);
  }
  for (const from of listAt(service, 'volumes_from')) {
    const [name] = String(from).split(':');
    if (name && name !== 'container') result[name] ??= { condition: 'service_started', restart: false, required: true };
  }
  return result;
}

/** A service without network of its own is on the default one. */
function withNetwork(service: Tree): Tree {
  if (service.provider !== undefined || textAt(service, 'network_mode')) return service;
  if (Object.keys(treeAt(service, 'networks')).length > 0) return service;
  return { ...service, networks: { default: null } };
}

function networksOf(model: Tree, services: Tree): Tree | undefined {
  const used = Object.values(services).some(
    (service) => isTree(service) && Object.hasOwn(treeAt(service, 'networks'), 'default'),
  );
  const own = isTree(model.networks) ? model.networks : undefined;
  if (!used || (own && Object.hasOwn(own, 'default'))) return own;
  return { ...own, default: null };
}

function named(section: Tree, project: string): Tree {
  const result: Tree = Object.create(null);
  for (const [key, value] of Object.entries(section)) result[key] = withName(isTree(value) ? value : {}, key, project);
  return result;
}

function withName(resource: Tree, key: string, project: string): Plain {
  if (resource.name !== undefined && resource.name !== null) return resource;
  return { ...resource, name: resource.external === true ? key : `${project}_${key}` };
}
