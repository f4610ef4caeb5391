import type { EngineError } from '../errors.js';
import { RegistryAnswer } from '../images/registry/failures.js';

/** Why a base image cannot be had, in BuildKit's words; others than it has a word for as they are. `name`: in full. */
export function baseSentence({ kind, message, cause }: EngineError, name: string): string {
  const { status } = cause instanceof RegistryAnswer ? cause : { status: undefined };
  if (status === 404) return `${name}: not found`;
  if (kind === 'not-found' && status === undefined) return 'no match for platform in manifest: not found';
  if (kind !== 'not-found') return message;
  const server = 'server message: insufficient_scope: authorization failed';
  return `pull access denied, repository does not exist or may require authorization: ${server}`;
}
