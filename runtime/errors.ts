/** What kind of mistake it is; `api` maps each kind to one HTTP status in one place. */
export type EngineErrorKind =
  | 'invalid' // 400: the request is wrong
  | 'unauthorized' // 401
  | 'forbidden' // 403
  | 'not-found' // 404
  | 'conflict' // 409: it is right, but not in this state
  | 'not-modified' // 304: there is nothing to do
  | 'not-implemented' // 501: Docker has it, this kernel or this version cannot
  | 'unavailable' // 503: not now (a registry that is down, swarm switched off)
  | 'system'; // 500: the machine refused (disk full, a busy port, an errno of the launcher)

/** A failure that a client is told in a sentence. Anything else that is thrown is a bug and keeps its stack. */
export class EngineError extends Error {
  constructor(
    readonly kind: EngineErrorKind,
    sentence: string,
    options?: { cause?: unknown },
  ) {
    super(sentence, options);
    this.name = 'EngineError';
  }
}
