import { getSystemErrorMap } from 'node:util';
import { EngineError } from '../errors.js';
import type { LaunchError } from '../launch/types.js';

/** `ENOSPC` → `no space left on device`. */
export function errnoSentence(errno: string): string {
  for (const [name, sentence] of getSystemErrorMap().values()) if (name === errno) return sentence;
  return errno;
}

/** What Docker says when a layer could not be unpacked; anything that is no failure of the machine or of the archive passes. */
export function registerFailure(error: unknown): unknown {
  if (error instanceof Error && error.name === 'LaunchError') return sentenceOf(error as LaunchError);
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === undefined || !path) return error;
  return new EngineError('system', `failed to register layer: ${path}: ${errnoSentence(code)}`, { cause: error });
}

function sentenceOf(error: LaunchError): EngineError {
  const cause = { cause: error };
  switch (error.operation) {
    case 'tar.archive':
      return new EngineError('invalid', `failed to register layer: ${archiveSentence(error)}`, cause);
    case 'tar.limit':
      return new EngineError(
        'invalid',
        `failed to register layer: ${error.subject} would make it larger than a layer may be; see limits in the engine's configuration`,
        cause,
      );
    case 'tar.escape':
      return new EngineError('invalid', `failed to register layer: invalid path in archive: ${error.subject}`, cause);
    default:
      return new EngineError(
        'system',
        `failed to register layer: write ${error.subject}: ${errnoSentence(error.errno)}`,
        cause,
      );
  }
}

function archiveSentence(error: LaunchError): string {
  if (error.errno === 'ENODATA') return `unexpected EOF (${error.subject})`;
  if (error.errno === 'EBADMSG' && error.subject === 'stream') return 'the content of a gzip stream is damaged';
  if (error.errno === 'EBADMSG') return `archive/tar: invalid tar header (${error.subject})`;
  return `${error.subject}: ${errnoSentence(error.errno)}`;
}
