/**
 * Parameters of `POST /build` beyond Docker's own, for clients on this machine; other engines ignore them.
 *
 * - `localcontext`: the context as a folder of this machine, read where it is; a body is the Dockerfile's text then,
 *   or of the type in `build-body.ts`
 * - `contexts`: JSON, name → what `--build-context` takes, folders as absolute paths
 * - `cacheto`: JSON, places as `--cache-to` names them; `cachefrom` takes such places beside names of images
 * - `provenance`: `min` or `max`; `sbom`: what is kept and pushed beside the image
 * - `annotations`: JSON, what `--annotation` takes
 * - `check`: nothing is built; one line `{"aux": {"check": …}}` says what is odd about the Dockerfile
 * - `entitlements`: JSON, what `--allow` grants to steps: `network.host`, `security.insecure`
 * - `nocachefilter`: stages, one a parameter or with commas
 * - `ssh`: JSON, id → socket of an agent
 * - `rewritetimestamps`: files of new layers are not newer than the build argument SOURCE_DATE_EPOCH
 * - header `X-Build-Secrets`: base64 of JSON, id → base64 of the secret; what is too large for a header goes in a body
 *   of the type in `build-body.ts`
 */
import { Readable } from 'node:stream';
import {
  type BuildContext,
  type BuildOptions,
  localContext,
  parseCachePlace,
  takeContext,
} from '../../engine/build-context.js';
import type { Engine } from '../../engine/engine.js';
import { EngineError } from '../../errors.js';
import { stringMap, strings } from '../decode.js';
import type { Call } from '../routes.js';
import { type BuildBody, readText } from './build-body.js';

type Inputs = Pick<
  BuildOptions,
  | 'provenance'
  | 'sbom'
  | 'annotations'
  | 'noCacheFilter'
  | 'ssh'
  | 'entitlements'
  | 'secrets'
  | 'rewriteTimestamps'
  | 'cacheFrom'
  | 'cacheTo'
  | 'inlineCache'
>;

export function readInputs(call: Call, sent: BuildBody | undefined): Inputs {
  const filter = call.query.all('nocachefilter').flatMap((text) => text.split(','));
  return {
    noCacheFilter: filter.filter((name) => name !== '').map((name) => name.toLowerCase()),
    ...readCaches(call),
    ...readAttestations(call),
    annotations: call.query.json('annotations', strings, 'error reading annotations') ?? [],
    rewriteTimestamps: call.query.bool('rewritetimestamps'),
    entitlements: call.query.json('entitlements', strings, 'error reading entitlements') ?? [],
    ssh: call.query.json('ssh', stringMap, 'error reading ssh') ?? {},
    secrets: { ...readSecrets(call.request.headers['x-build-secrets']), ...secretBytes(sent?.secrets ?? {}) },
  };
}

/** What the request names or sends. */
export async function openRequestContext(
  engine: Engine,
  call: Call,
  sent: BuildBody | undefined,
): Promise<BuildContext> {
  const { query, signal } = call;
  const body = sent ? Readable.from([]) : call.body;
  const dockerfile = query.text('dockerfile');
  const folder = query.text('localcontext');
  if (folder === '')
    return takeContext(engine, { body, remote: query.text('remote'), dockerfile, signal, inOneFile: true });
  const text = sent ? (sent.dockerfile ?? '') : await readText(body);
  const path = dockerfile || 'Dockerfile';
  return localContext(folder, text === '' ? { path } : { text, name: path });
}

export function namedContexts(call: Call): Readonly<Record<string, string>> {
  return call.query.json('contexts', stringMap, 'error reading contexts') ?? {};
}

function readAttestations({ query }: Call): Pick<BuildOptions, 'provenance' | 'sbom'> {
  const provenance = query.text('provenance');
  if (!['', 'min', 'max'].includes(provenance))
    throw new EngineError('invalid', `invalid provenance ${JSON.stringify(provenance)}: min or max`);
  return { ...(provenance === '' ? {} : { provenance: provenance as 'min' | 'max' }), sbom: query.bool('sbom') };
}

function readCaches({ query }: Call): Pick<BuildOptions, 'cacheFrom' | 'cacheTo' | 'inlineCache'> {
  const from = (query.json('cachefrom', strings, 'error reading cache-from') ?? []).map(parseCachePlace);
  const to = (query.json('cacheto', strings, 'error reading cache-to') ?? []).map(parseCachePlace);
  return {
    cacheFrom: from.filter((place) => place !== 'inline'),
    cacheTo: to.filter((place) => place !== 'inline'),
    inlineCache: to.includes('inline'),
  };
}

function readSecrets(header: string | string[] | undefined): Record<string, Uint8Array> {
  if (typeof header !== 'string' || header === '') return {};
  try {
    return secretBytes(stringMap(JSON.parse(Buffer.from(header, 'base64').toString('utf8')), 'X-Build-Secrets'));
  } catch (cause) {
    // not what was in it: it would be told to everybody
    throw new EngineError('invalid', 'error reading the header X-Build-Secrets', { cause });
  }
}

function secretBytes(values: Readonly<Record<string, string>>): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(values).map(([id, text]) => [id, Buffer.from(text, 'base64')]));
}
