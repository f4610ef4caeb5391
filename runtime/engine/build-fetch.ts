import type { Fetch } from '../build/types.js';
import { EngineError } from '../errors.js';
import { networkSentence } from '../images/registry/failures.js';
import { openTransport } from '../images/registry/transport.js';
import type { Download } from './download.js';

/** By the proxies and authorities that registries are asked with, from every port: the web's `fetch` refuses a hundred. */
export function openDownload(environment: Readonly<Record<string, string | undefined>>): Download {
  const transport = openTransport(environment);
  return (url, signal) => transport.send({ method: 'GET', url, signal });
}

/**
 * What `ADD URL` fetches. Throws `invalid` for a status that is no success, `system` when the host cannot be reached.
 */
export function openBuildFetch(environment: Readonly<Record<string, string | undefined>>): Fetch {
  const download = openDownload(environment);
  return async (url, signal) => {
    const answer = await download(url, signal).catch((cause) => {
      throw new EngineError('system', `failed to load cache key: Get "${url}": ${networkSentence(cause)}`, { cause });
    });
    if (answer.status < 200 || answer.status >= 300) {
      await answer.discard();
      throw new EngineError('invalid', `failed to load cache key: invalid response status ${answer.status}`);
    }
    const modified = answer.header('last-modified');
    const isDate = modified !== undefined && !Number.isNaN(Date.parse(modified));
    return { body: answer.body, lastModified: isDate ? new Date(modified) : undefined };
  };
}
