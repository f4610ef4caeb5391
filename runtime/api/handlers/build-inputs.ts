/**
 * Parameters of `POST /build` beyond Docker's own, for clients on this machine; other engines ignore them.
 *
 * - `contexts`: JSON, name → what `--build-context` takes, folders as absolute paths
 * - `nocachefilter`: stages, one a parameter or with commas
 * - `ssh`: JSON, id → socket of an agent
 * - `rewritetimestamps`: files of new layers are not newer than the build argument SOURCE_DATE_EPOCH
 * - header `X-Build-Secrets`: base64 of JSON, id → base64 of the secret
 */
import type { BuildOptions } from '../../engine/build-context.js';
import { EngineError } from '../../errors.js';
import { stringMap } from '../decode.js';
import type { Call } from '../routes.js';

type Inputs = Pick<BuildOptions, 'noCacheFilter' | 'ssh' | 'secrets' | 'rewriteTimestamps'>;

export function readInputs(call: Call): Inputs {
  const filter = call.query.all('nocachefilter').flatMap((text) => text.split(','));
  return {
    noCacheFilter: filter.filter((name) => name !== '').map((name) => name.toLowerCase()),
    rewriteTimestamps: call.query.bool('rewritetimestamps'),
    ssh: call.query.json('ssh', stringMap, 'error reading ssh') ?? {},
    secrets: readSecrets(call.request.headers['x-build-secrets']),
  };
}

export function namedContexts(call: Call): Readonly<Record<string, string>> {
  return call.query.json('contexts', stringMap, 'error reading contexts') ?? {};
}

function readSecrets(header: string | string[] | undefined): Record<string, Uint8Array> {
  if (typeof header !== 'string' || header === '') return {};
  try {
    const values = stringMap(JSON.parse(Buffer.from(header, 'base64').toString('utf8')), 'X-Build-Secrets');
    return Object.fromEntries(Object.entries(values).map(([id, text]) => [id, Buffer.from(text, 'base64')]));
  } catch (cause) {
    // not what was in it: it would be told to everybody
    throw new EngineError('invalid', 'error reading the header X-Build-Secrets', { cause });
  }
}
