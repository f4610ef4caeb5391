/** Networks, volumes, secrets and configs by themselves. */

import { providerKey, readProvider } from '../decode/secret-provider.js';
import { isTree, type Tree, treeAt } from '../resolve/tree-access.js';
import { type ModelChecking, placeOf } from './checking.js';

export function checkResources(checking: ModelChecking): void {
  for (const [name, volume] of Object.entries(treeAt(checking.model, 'volumes'))) {
    if (isTree(volume)) checkExternal(['volumes', name], volume, ['driver', 'driver_opts', 'labels'], checking);
  }
  for (const [name, secret] of Object.entries(treeAt(checking.model, 'secrets'))) {
    if (!isTree(secret)) continue;
    checkFile(['secrets', name], secret, ['file', 'environment', providerKey], checking);
    checkProvider(name, secret, checking);
  }
  for (const [name, config] of Object.entries(treeAt(checking.model, 'configs'))) {
    if (isTree(config)) checkFile(['configs', name], config, ['file', 'environment', 'content'], checking);
  }
}

function checkProvider(name: string, { [providerKey]: given }: Tree, checking: ModelChecking): void {
  if (!isSet(given) || (isTree(given) && readProvider(name, given))) return;
  const path = ['secrets', name, providerKey];
  checking.problems.add('bad-provider', `${path.join('.')} is no provider of a secret.`, placeOf(checking, path), [
    'Write {command: [PROGRAM, ARGUMENT…]}, which prints the secret, or {dotenv: FILE, key: NAME}.',
  ]);
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
