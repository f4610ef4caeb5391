import { Readable } from 'node:stream';
import type { Fetch } from '../build/types.js';
import { EngineError } from '../errors.js';

/** What `ADD URL` fetches. Throws `invalid` for a status that is no success, `system` when the host cannot be reached. */
export const fetchForBuild: Fetch = async (url, signal) => {
  const response = await fetch(url, { signal }).catch((cause) => {
    throw new EngineError('system', `Get "${url}": ${(cause.cause ?? cause).message}`, { cause });
  });
  if (!response.ok || !response.body)
    throw new EngineError('invalid', `invalid response status ${response.status} for ${url}`);
  const modified = response.headers.get('last-modified');
  return {
    body: Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]),
    lastModified: modified && !Number.isNaN(Date.parse(modified)) ? new Date(modified) : undefined,
  };
};
