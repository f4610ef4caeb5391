import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { RegistryAuth } from '../types.js';
import { RegistryAnswer, readAnswer, Unreachable } from './failures.js';
import { hostOf, isInsecure, mirrorsOf } from './hosts.js';
import { type Challenge, openTokens, parseChallenge, type Tokens } from './tokens.js';
import { type HttpAnswer, type HttpRequest, openTransport, sharesTrust, type Transport } from './transport.js';

export interface RegistriesOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** First pause before trying again; doubles each time. Default 500. */
  readonly retryMs?: number;
}

/** What is asked of a repository: the path below `/v2/`, or a whole URL that the registry itself gave. */
export type RepositoryRequest = Omit<HttpRequest, 'url'> & {
  readonly path: string;
  /** Not asked again: who asks begins further back (`repeat`). */
  readonly once?: boolean;
};

/** One repository as one user sees it. Answers that are no success are thrown as RegistryAnswer. */
export interface Connection {
  readonly host: string;
  send(request: RepositoryRequest): Promise<HttpAnswer>;
  /** Does several steps again from the first after what may pass: 429, 5xx, a broken connection. */
  repeat<T>(steps: () => Promise<T>): Promise<T>;
}

export interface ConnectOptions {
  readonly registry: string;
  readonly repository: string;
  readonly actions: 'pull' | 'pull,push';
  /** Another repository to read from in the same registry (cross-repository mounts). */
  readonly alsoFrom?: string;
  readonly auth: RegistryAuth | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface Registries {
  connect(options: ConnectOptions): Connection;
  close(): Promise<void>;
}

interface Endpoint {
  readonly base: string;
  readonly challenge: Challenge;
}

const TRIES = 5;
const PAUSE_MAX_MS = 8000;

export function openRegistries({ environment, retryMs = 500 }: RegistriesOptions): Registries {
  const transport = openTransport(environment);
  const tokens = openTokens(transport);
  const endpoints = new Map<string, Promise<Endpoint>>();

  function endpointOf(host: string, origin?: string): Promise<Endpoint> {
    const key = keyOf(host, origin);
    const known = endpoints.get(key);
    if (known) return known;
    const bases = origin ? [origin] : basesOf(host, isInsecure(host, environment));
    const found = findEndpoint(transport, bases);
    endpoints.set(key, found);
    found.catch(() => endpoints.delete(key));
    return found;
  }

  /** Asks one place: the registry itself, or a mirror, which gets no credentials and one try. */
  function asker(host: string, options: ConnectOptions, mirror?: URL): Connection['send'] {
    const scope = scopeOf(options);
    const auth = mirror ? undefined : options.auth;
    const find = () => unlessAborted(endpointOf(host, mirror?.origin), options.signal);
    const send = (endpoint: Endpoint, request: RepositoryRequest) =>
      sendAuthorized({ transport, tokens, endpoint, scope, ...options, auth }, request).catch((error) => {
        throw asFailure(error, endpoint.base);
      });
    const tryOnce = async (request: RepositoryRequest) => {
      const endpoint = await find();
      try {
        return await send(endpoint, request);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!mayHaveChanged(error, endpoint)) throw error;
        endpoints.delete(keyOf(host, mirror?.origin));
        if (!canRepeat(request)) throw error;
        const anew = await find();
        if (isDeepStrictEqual(anew, endpoint)) throw error;
        return send(anew, request);
      }
    };
    const retry = { host, retryMs, signal: options.signal };
    return (request) => retrying(retry, !mirror && !request.once && canRepeat(request), () => tryOnce(request));
  }

  return {
    connect(options) {
      const host = hostOf(options.registry);
      const mirrors = options.actions === 'pull' ? mirrorsOf(options.registry, environment) : [];
      const own = asker(host, options);
      const others = mirrors.map((mirror) => asker(mirror.host, options, mirror));
      return {
        host,
        send: others.length === 0 ? own : firstThatAnswers(others, own, options.signal),
        repeat: (steps) => retrying({ host, retryMs, signal: options.signal }, true, steps),
      };
    },
    close: () => transport.close(),
  };
}

/** Mirrors in their order, then the registry; one that cannot be reached is not asked again for this image. */
function firstThatAnswers(
  mirrors: readonly Connection['send'][],
  own: Connection['send'],
  signal: AbortSignal | undefined,
): Connection['send'] {
  const silent = new Set<Connection['send']>();
  return async (request) => {
    const isElsewhere = /^https?:\/\//.test(request.path);
    for (const ask of isElsewhere ? [] : mirrors) {
      if (silent.has(ask)) continue;
      try {
        return await ask(request);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof Unreachable) silent.add(ask);
      }
    }
    return own(request);
  };
}

/** What several wait for goes on when one of them has gone. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function scopeOf({ repository, actions, alsoFrom }: ConnectOptions): string {
  const scopes = [`repository:${repository}:${actions}`];
  if (alsoFrom !== undefined && alsoFrom !== repository) scopes.push(`repository:${alsoFrom}:pull`);
  return scopes.join(' ');
}

/** https first, http where that is allowed. */
function basesOf(host: string, insecure: boolean): string[] {
  return insecure ? [`https://${host}`, `http://${host}`] : [`https://${host}`];
}

/** The first base that speaks; the answer to `/v2/` tells how to authorise. */
async function findEndpoint(transport: Transport, bases: readonly string[]): Promise<Endpoint> {
  let failure: unknown;
  for (const base of bases) {
    try {
      const answer = await transport.send({ method: 'GET', url: `${base}/v2/` });
      await answer.discard();
      const challenge =
        answer.status === 401 ? parseChallenge(answer.header('www-authenticate')) : parseChallenge(undefined);
      return { base, challenge };
    } catch (error) {
      failure = error;
    }
  }
  throw new Unreachable(`${bases.at(-1)}/v2/`, failure);
}

interface Authorized {
  readonly transport: Transport;
  readonly tokens: Tokens;
  readonly endpoint: Endpoint;
  readonly scope: string;
  readonly auth: RegistryAuth | undefined;
  readonly signal: AbortSignal | undefined;
}

async function sendAuthorized(context: Authorized, request: RepositoryRequest): Promise<HttpAnswer> {
  const { transport, tokens, endpoint, scope, auth, signal } = context;
  const { path, once: _, ...rest } = request;
  const url = /^https?:\/\//.test(path) ? path : `${endpoint.base}${path.startsWith('/v2/') ? '' : '/v2/'}${path}`;
  for (let again = false; ; again = true) {
    const wanted = { challenge: endpoint.challenge, scope, auth, signal };
    const isOurs = sharesTrust(new URL(endpoint.base), new URL(url));
    const authorization = isOurs ? await tokens.authorization(wanted) : undefined;
    const headers = authorization ? { ...request.headers, authorization } : { ...request.headers };
    const answer = await transport.send({ ...rest, headers, url, signal: request.signal ?? signal });
    if (answer.status < 400) return answer;
    // What it says of its refusal may break off; the refusal stands.
    const body = await answer.text().catch(() => '');
    if (answer.status === 401 && !again && endpoint.challenge.scheme === 'bearer' && canRepeat(request)) {
      tokens.forget(wanted);
      continue;
    }
    const said = { retryAfter: answer.header('retry-after'), challenge: answer.header('www-authenticate') };
    throw readAnswer({ status: answer.status, body, url, ...said });
  }
}

/** A stream that was half sent cannot be sent again. */
function canRepeat(request: RepositoryRequest): boolean {
  return request.body === undefined || typeof request.body === 'string' || request.body instanceof Uint8Array;
}

interface Retry {
  readonly host: string;
  readonly retryMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Goes on after 429, 5xx and broken connections, a few times; who cannot be found or refuses is not asked again. */
async function retrying<T>(retry: Retry, repeat: boolean, work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      retry.signal?.throwIfAborted();
      const waitMs = repeat && tried < TRIES ? pauseAfter(error, retry.retryMs * 2 ** (tried - 1)) : undefined;
      if (waitMs === undefined) throw asFailure(error, `https://${retry.host}`);
      await pause(waitMs, undefined, { signal: retry.signal });
    }
  }
}

/** How long to wait before trying again after this; undefined: never. */
export function pauseAfter(error: unknown, usualMs: number): number | undefined {
  const waitMs = Math.min(usualMs, PAUSE_MAX_MS);
  if (error instanceof RegistryAnswer) {
    return error.status === 429 || error.status >= 500 ? (error.retryAfterMs ?? waitMs) : undefined;
  }
  return isBroken(error) ? waitMs : undefined;
}

const brokenCodes = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

/** A connection that was there and broke. */
function isBroken(error: unknown): boolean {
  const broken = error instanceof Unreachable ? error.cause : error;
  return broken instanceof Error && brokenCodes.has((broken as NodeJS.ErrnoException).code ?? '');
}

const keyOf = (host: string, origin: string | undefined) => origin ?? host;

/** A registry may come back with TLS, or with users, where it had none: what was learnt of it is looked at again. */
function mayHaveChanged(error: unknown, { base }: Endpoint): boolean {
  if (!(error instanceof RegistryAnswer)) return error instanceof Unreachable;
  return (error.status === 401 && error.code !== 'DENIED') || (error.status === 400 && base.startsWith('http:'));
}

/** `base`: scheme and host. */
function asFailure(error: unknown, base: string): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  const isNetwork = typeof code === 'string' && /^(E[A-Z]+|UND_ERR_\w+|CERT_\w+|\w+_CERT\w*|ERR_TLS\w*)$/.test(code);
  return isNetwork && !(error instanceof RegistryAnswer) ? new Unreachable(`${base}/v2/`, error) : error;
}
