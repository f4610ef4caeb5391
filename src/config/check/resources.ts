/** Networks, volumes, secrets and configs by themselves. */
import { isTree, type Tree, treeAt } from '../resolve/tree-access.js';
import { type ModelChecking, placeOf } from './checking.js';

export function checkResources(checking: ModelChecking): void {
  for (const [name, volume] of Object.entries(treeAt(checking.model, 'volumes'))) {
    if (isTree(volume)) checkExternal(['volumes', name], volume, ['driver', 'driver_opts', 'labels'], checking);
  }
  for (const [name, secret] of Object.entries(treeAt(checking.model, 'secrets'))) {
    if (isTree(secret)) checkFile(['secrets', name], secret, ['file', 'environment'], checking);
  }
  for (const [name, config] of Object.entries(treeAt(checking.model, 'configs'))) {
    if (isTree(config)) checkFile(['configs', name], config, ['file', 'environment', 'content'], checking);
  }
}

const isSet = (value: Tree[string] | undefined): boolean => value !== undefined && value !== null;

/** What is made elsewhere cannot be described here. */
function checkExternal(
  path: readonly string[],
  resource: Tree,
  keys: readonly string[],
  checking: ModelChecking,
): void {
  if (resource.external !== true) return;
  for (const key of keys) {
    if (!isSet(resource[key])) continue;
    checking.problems.add(
      'conflicting-keys',
      `${path.join('.')} is external, so it cannot have ${key}.`,
      placeOf(checking, [...path, key]),
      [`Remove ${key} or external.`],
    );
  }
}

function checkFile(path: readonly string[], resource: Tree, keys: readonly string[], checking: ModelChecking): void {
  if (resource.external === true) return;
  const given = keys.filter((key) => isSet(resource[key]));
  const where = path.join('.');
  if (given.length > 1) {
    checking.problems.add(
      'conflicting-keys',
      `${where} has ${given.join(' and ')}, of which it can have one.`,
      placeOf(checking, [...path, given[1]!]),
      ['Keep one of them.'],
    );
  }
  if (given.length === 0) {
    checking.problems.add(
      'missing-key',
      `${where} says nothing of where its content comes from.`,
      placeOf(checking, path),
      [`Give it one of ${keys.join(', ')}, or external: true.`],
    );
  }
}
