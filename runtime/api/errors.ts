/** The one place where a failure becomes a status and a body. */
import { isInterruption, machineSentence } from '../engine/launch-failure.js';
import { EngineError, type EngineErrorKind } from '../errors.js';
import type { Answer } from './routes.js';
import { VersionError } from './versions/negotiation.js';

const statusOf: Readonly<Record<EngineErrorKind, number>> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'not-modified': 304,
  'not-implemented': 501,
  unavailable: 503,
  system: 500,
};

export function messageOf(error: unknown): string {
  return machineSentence(error) ?? (error instanceof Error ? error.message : String(error));
}

/** Errors that nobody put into a sentence are bugs, or the launcher's: their stack belongs into the engine's log. */
export function isUnexpected(error: unknown): boolean {
  return !(error instanceof EngineError);
}

/** For the engine's log. */
export function traceOf(error: unknown): string {
  if (isInterruption(error)) return messageOf(error);
  return error instanceof Error ? `${error.stack}` : String(error);
}

/** `{"message": …}` for every status but 304, which has no body. */
export function errorAnswer(error: unknown): Answer {
  const status = error instanceof EngineError ? statusOf[error.kind] : 500;
  if (status === 304) return { status };
  if (error instanceof VersionError && error.plainText) return { status, text: `${error.message}\n` };
  return { status, json: { message: messageOf(error) } };
}

/** Gorilla's words, which clients take for "this engine does not know that call". */
export const pageNotFound: Answer = { status: 404, json: { message: 'page not found' } };
