/** What the engine fetches for its clients from anywhere. */
import { STATUS_CODES } from 'node:http';
import { EngineError, type EngineErrorKind } from '../errors.js';
import type { HttpAnswer } from '../images/registry/transport.js';

/** A GET, whatever status comes. Rejects with why nobody answered. */
export type Download = (url: string, signal?: AbortSignal) => Promise<HttpAnswer>;

const refusals: Readonly<Record<number, EngineErrorKind>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
};

/** An answer that is no success, in Docker's words. */
export async function refused(answer: HttpAnswer): Promise<EngineError> {
  const { status, url } = answer;
  const why = await answer.text().catch(() => 'error reading body');
  const said = `failed to GET ${url} with status ${status} ${STATUS_CODES[status] ?? ''}: ${why.trim()}`;
  return new EngineError(refusals[status] ?? 'system', said);
}
