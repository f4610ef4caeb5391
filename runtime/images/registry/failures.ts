import { STATUS_CODES } from 'node:http';
import { EngineError } from '../../errors.js';

/** Nobody answered: not the same as an answer that one does not like. Only this lets a pull fall back to another source. */
export class Unreachable extends EngineError {
  /** `url`: what was asked for. */
  constructor(url: string, cause: unknown) {
    super('system', `Get "${url}": ${networkSentence(cause)}`, { cause });
    this.name = 'Unreachable';
  }
}

/** An answer of a registry that is no success: status, and the first error of its body (distribution spec, "Error Codes"). */
export class RegistryAnswer extends Error {
  constructor(
    readonly status: number,
    /** `MANIFEST_UNKNOWN`, `DENIED`…; empty: it gave no reason. */
    readonly code: string,
    readonly detail: string,
    readonly url: string,
    readonly retryAfterMs: number | undefined,
  ) {
    super(code === '' ? detail : `${code.toLowerCase().replaceAll('_', ' ')}: ${detail}`);
    this.name = 'RegistryAnswer';
  }
}

const codesByStatus: Readonly<Record<number, string>> = {
  401: 'UNAUTHORIZED',
  403: 'DENIED',
  404: 'NOT_FOUND',
  429: 'TOOMANYREQUESTS',
};

/** What registries say where there is room for it; the answer to a HEAD has none. */
const sentences: Readonly<Record<number, string>> = {
  401: 'authentication required',
  403: 'requested access to the resource is denied',
};

export function readAnswer(answer: {
  readonly status: number;
  readonly body: string;
  readonly url: string;
  readonly retryAfter: string | undefined;
  /** WWW-Authenticate: a token that does not reach far enough is refused there (RFC 6750, 3.1). */
  readonly challenge?: string | undefined;
}): RegistryAnswer {
  if (answer.status === 401 && /\berror\s*=\s*"?insufficient_scope\b/i.test(answer.challenge ?? ''))
    return new RegistryAnswer(401, 'DENIED', sentences[403]!, answer.url, undefined);
  const { code, message } = firstError(answer.body);
  if (message === undefined && answer.status >= 500) {
    const detail = `received unexpected HTTP status: ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trimEnd();
    return new RegistryAnswer(answer.status, '', detail, answer.url, retryAfterMs(answer.retryAfter));
  }
  const fallback = codesByStatus[answer.status] ?? 'UNEXPECTED';
  const detail = message ?? sentences[answer.status] ?? `unexpected status ${answer.status} from ${answer.url}`;
  return new RegistryAnswer(answer.status, code ?? fallback, detail, answer.url, retryAfterMs(answer.retryAfter));
}

function firstError(body: string): { code?: string; message?: string } {
  try {
    const value = JSON.parse(body) as { errors?: { code?: string; message?: string }[]; details?: string };
    const first = value.errors?.[0];
    if (first) return first;
    return value.details === undefined ? {} : { message: value.details };
  } catch {
    return {};
  }
}

/** Seconds, or a date (RFC 9110, 10.2.3); never more than a minute. */
function retryAfterMs(text: string | undefined): number | undefined {
  if (!text) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 60_000) : undefined;
}

/** Docker's sentences for what a registry refused. `name`: the familiar reference, or the repository. */
export function pullFailure(error: unknown, name: { reference: string; repository: string }): unknown {
  if (!(error instanceof RegistryAnswer)) return error;
  const cause = { cause: error };
  if (error.status === 429) return new EngineError('unavailable', error.message, cause);
  if (error.status === 404 && error.code === 'NAME_UNKNOWN') {
    return new EngineError('not-found', `repository ${name.repository} not found: ${error.message}`, cause);
  }
  if (error.status === 404 && error.url.includes('/blobs/')) return new EngineError('not-found', 'unknown blob', cause);
  if (error.status === 404) {
    const said = error.code === 'MANIFEST_UNKNOWN' ? error.message : 'manifest unknown: manifest unknown';
    return new EngineError('not-found', `manifest for ${name.reference} not found: ${said}`, cause);
  }
  if (error.status === 401 && error.code === 'UNAUTHORIZED')
    return new EngineError('unauthorized', error.message, cause);
  if (error.status === 401 || error.status === 403) {
    const why = `repository does not exist or may require 'docker login'`;
    return new EngineError('not-found', `pull access denied for ${name.repository}, ${why}: ${error.message}`, cause);
  }
  return new EngineError(error.status >= 500 ? 'unavailable' : 'system', error.message, cause);
}

export function pushFailure(error: unknown): unknown {
  if (!(error instanceof RegistryAnswer)) return error;
  const kind = error.status === 401 ? 'unauthorized' : error.status === 403 ? 'forbidden' : 'system';
  return new EngineError(kind, error.message, { cause: error });
}

/**
 * Why nobody answered, in the words of Go's net package, which clients of Docker show: `dial tcp 127.0.0.1:5000: connect:
 * connection refused`, `dial tcp: lookup registry-1.docker.io: no such host`.
 */
export function networkSentence(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause ?? (at as AggregateError).errors?.[0]) {
    const { code, address, port, hostname } = at as NodeJS.ErrnoException &
      Record<'address' | 'port' | 'hostname', string>;
    if (code === 'ENOTFOUND') return `dial tcp: lookup ${hostname}: no such host`;
    if (code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname}: Temporary failure in name resolution`;
    const why = code === undefined ? undefined : connectFailures[code];
    if (why !== undefined && address)
      return `dial tcp ${address.includes(':') ? `[${address}]` : address}:${port}: ${why}`;
  }
  return causeText(error);
}

const connectFailures: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

/** The innermost cause with something to say. */
function causeText(error: unknown): string {
  let said = error instanceof Error ? error.message : String(error);
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (at.message) said = at.message;
  return said;
}
