import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { ImageHistory, ImageInspect, ImageSummary, ProgressLine, PruneAnswer } from './answers.js';
import type { EngineClient } from './client.js';
import type { Filters } from './containers.js';
import { isStatus } from './errors.js';
import { queryString } from './http.js';

const at = (name: string, rest = '') => `/images/${name.split('/').map(encodeURIComponent).join('/')}${rest}`;

export function listImages(engine: EngineClient, filters: Filters = {}, all = false): Promise<ImageSummary[]> {
  return engine.json('GET', '/images/json', { query: { all, filters } });
}

/** Undefined: the engine does not have it. */
export async function inspectImage(engine: EngineClient, name: string): Promise<ImageInspect | undefined> {
  try {
    return await engine.json<ImageInspect>('GET', at(name, '/json'));
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

/** `registry/name[:tag][@digest]` as the two parameters of ImageCreate. */
export function splitReference(reference: string): { fromImage: string; tag: string } {
  const at = reference.indexOf('@');
  if (at >= 0) return { fromImage: reference.slice(0, at), tag: reference.slice(at + 1) };
  const colon = reference.lastIndexOf(':');
  if (colon > reference.lastIndexOf('/'))
    return { fromImage: reference.slice(0, colon), tag: reference.slice(colon + 1) };
  return { fromImage: reference, tag: 'latest' };
}

/** `bootstrap`: our engine makes the image from its distribution's packages instead (a parameter that others ignore). */
export function pullImage(
  engine: EngineClient,
  reference: string,
  options: {
    readonly platform?: string;
    readonly auth?: string;
    readonly bootstrap?: boolean;
    /** Every tag of the repository. */
    readonly allTags?: boolean;
    readonly signal?: AbortSignal;
  } = {},
): AsyncGenerator<ProgressLine> {
  const name = options.allTags ? { fromImage: reference } : splitReference(reference);
  return engine.lines('POST', '/images/create', {
    query: { ...name, platform: options.platform, bootstrap: options.bootstrap },
    ...(options.auth ? { headers: { 'x-registry-auth': options.auth } } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
}

export function buildImage(
  engine: EngineClient,
  query: Readonly<Record<string, string | number | boolean | object | undefined>>,
  context: Readable,
  options: {
    readonly registryConfig?: string | undefined;
    readonly headers?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
  } = {},
): AsyncGenerator<ProgressLine> {
  return engine.lines('POST', '/build', {
    query,
    body: context,
    headers: {
      'content-type': 'application/x-tar',
      ...options.headers,
      ...(options.registryConfig ? { 'x-registry-config': options.registryConfig } : {}),
    },
    ...(options.signal ? { signal: options.signal } : {}),
  });
}

export async function tagImage(engine: EngineClient, name: string, target: string): Promise<void> {
  const { fromImage, tag } = splitReference(target);
  await engine.call('POST', at(name, '/tag'), { query: { repo: fromImage, tag } });
}

export function removeImage(
  engine: EngineClient,
  name: string,
  force = false,
  noprune = false,
): Promise<readonly { Untagged?: string; Deleted?: string }[]> {
  return engine.json('DELETE', at(name), { query: { force, ...(noprune ? { noprune } : {}) } });
}

/** Everything that the engine tells of an image. Throws EngineAnswerError 404. */
export function inspectImageFully(engine: EngineClient, name: string): Promise<Readonly<Record<string, unknown>>> {
  return engine.json('GET', at(name, '/json'));
}

/** `auth`: `X-Registry-Auth`; the header has to be there even when nobody is logged in. */
export function pushImage(
  engine: EngineClient,
  reference: string,
  options: { readonly auth?: string; readonly signal?: AbortSignal } = {},
): AsyncGenerator<ProgressLine> {
  const { fromImage, tag } = splitReference(reference);
  return engine.lines('POST', at(fromImage, '/push'), {
    query: { tag },
    headers: { 'x-registry-auth': options.auth ?? Buffer.from('{}').toString('base64url') },
    ...(options.signal ? { signal: options.signal } : {}),
  });
}

export function imageHistory(engine: EngineClient, name: string): Promise<readonly ImageHistory[]> {
  return engine.json('GET', at(name, '/history'));
}

/** A tar of images that `loadImages` takes. */
export function saveImages(
  engine: EngineClient,
  names: readonly string[],
  platform?: string,
): Promise<IncomingMessage> {
  const query = names.map((name) => `names=${encodeURIComponent(name)}`).join('&');
  return engine.stream('GET', `/images/get?${query}${platform ? `&platform=${encodeURIComponent(platform)}` : ''}`);
}

export function loadImages(engine: EngineClient, tar: Readable, quiet: boolean): AsyncGenerator<ProgressLine> {
  return engine.lines('POST', '/images/load', {
    query: { quiet },
    body: tar,
    headers: { 'content-type': 'application/x-tar' },
  });
}

/** A file system as an image; `source` `-` sends `tar`, otherwise the engine fetches the address. */
export function importImage(
  engine: EngineClient,
  request: {
    source: string;
    reference: string | undefined;
    message: string | undefined;
    changes: readonly string[];
    platform: string | undefined;
  },
  tar?: Readable,
): AsyncGenerator<ProgressLine> {
  const { source, reference, message, changes, platform } = request;
  const name = reference ? splitReference(reference) : undefined;
  const written = changes.map((change) => `&changes=${encodeURIComponent(change)}`).join('');
  const query = { fromSrc: source, repo: name?.fromImage, tag: name?.tag, message, platform };
  return engine.lines('POST', `/images/create${queryString(query)}${written}`, tar ? { body: tar } : {});
}

export function pruneImages(engine: EngineClient, filters: Filters): Promise<PruneAnswer> {
  return engine.json('POST', '/images/prune', { query: { filters } });
}

/** What the registry has under a name, without pulling it. `platforms`: `linux/arm64/v8`, as the registry says them. */
export async function inspectDistribution(
  engine: EngineClient,
  name: string,
  auth?: string,
): Promise<{ digest: string; platforms: string[] }> {
  const path = `/distribution/${name.split('/').map(encodeURIComponent).join('/')}/json`;
  const options = auth ? { headers: { 'x-registry-auth': auth } } : {};
  const { Descriptor, Platforms } = await engine.json<DistributionAnswer>('GET', path, options);
  const platforms = (Platforms ?? []).map((one) => [one.os, one.architecture, one.variant].filter(Boolean).join('/'));
  return { digest: Descriptor.digest, platforms };
}

interface DistributionAnswer {
  readonly Descriptor: { readonly digest: string };
  readonly Platforms?:
    | readonly { readonly os: string; readonly architecture: string; readonly variant?: string }[]
    | null;
}

export async function distributionDigest(engine: EngineClient, name: string, auth?: string): Promise<string> {
  return (await inspectDistribution(engine, name, auth)).digest;
}
