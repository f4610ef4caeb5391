import { EngineError } from '../../errors.js';

/** Nobody answered: not the same as an answer that one does not like. Only this lets a pull fall back to another source. */
export class Unreachable extends EngineError {
  constructor(host: string, cause: unknown) {
    super('unavailable', `cannot reach registry ${host}: ${causeText(cause)}`, { cause });
    this.name = 'Unreachable';
  }
}

/** An answer of a registry that is no success: status, and the first error of its body (distribution spec, "Error Codes"). */
export class RegistryAnswer extends Error {
  constructor(
    readonly status: number,
    /** `MANIFEST_UNKNOWN`, `DENIED`… */
    readonly code: string,
    readonly detail: string,
    readonly url: string,
    readonly retryAfterMs: number | undefined,
  ) {
    super(`${code.toLowerCase().replaceAll('_', ' ')}: ${detail}`);
    this.name = 'RegistryAnswer';
  }
}

const codesByStatus: Readonly<Record<number, string>> = {
  401: 'UNAUTHORIZED',
  403: 'DENIED',
  404: 'NOT_FOUND',
  429: 'TOOMANYREQUESTS',
};

export function readAnswer(answer: {
  readonly status: number;
  readonly body: string;
  readonly url: string;
  readonly retryAfter: string | undefined;
}): RegistryAnswer {
  const { code, message } = firstError(answer.body);
  const fallback = codesByStatus[answer.status] ?? 'UNEXPECTED';
  const detail = message ?? `unexpected status ${answer.status} from ${answer.url}`;
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
  if (error.status === 404) {
    const said = error.code === 'MANIFEST_UNKNOWN' ? error.message : 'manifest unknown: manifest unknown';
    return new EngineError('not-found', `manifest for ${name.reference} not found: ${said}`, cause);
  }
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

/** The innermost cause with something to say: `getaddrinfo ENOTFOUND registry-1.docker.io`. */
function causeText(error: unknown): string {
  let said = error instanceof Error ? error.message : String(error);
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (at.message) said = at.message;
  return said;
}
