/** `x-secret-provider` of a top-level secret: where its content comes from when it is no file and no variable. */
import type { SecretProvider } from '../../model/project.js';
import { isTree, type Tree } from '../resolve/tree-access.js';
import { extensionsOf } from './extensions.js';

export const providerKey = 'x-secret-provider';

/** Of decoded secrets that have one, by the secret's key. What is no provider was told of by the checks. */
export function secretProviders(secrets: Tree): Record<string, SecretProvider> {
  const found: Record<string, SecretProvider> = {};
  for (const [name, secret] of Object.entries(secrets)) {
    const given = isTree(secret) ? extensionsOf(secret)[providerKey] : undefined;
    const provider = isTree(given) ? readProvider(name, given) : undefined;
    if (provider) found[name] = provider;
  }
  return found;
}

/** Undefined: it is none. `key` is the secret's own name where the provider names none. */
export function readProvider(name: string, given: Tree): SecretProvider | undefined {
  const { command, dotenv, key, ...others } = given;
  if (Object.keys(others).length > 0 || (command === undefined) === (dotenv === undefined)) return undefined;
  if (typeof dotenv === 'string')
    return key === undefined || typeof key === 'string' ? { dotenv, key: key ?? name } : undefined;
  if (key !== undefined) return undefined;
  if (typeof command === 'string' && command !== '') return { command: ['sh', '-c', command] };
  const isWords = Array.isArray(command) && command.length > 0 && command.every((word) => typeof word === 'string');
  return isWords ? { command: command as string[] } : undefined;
}
