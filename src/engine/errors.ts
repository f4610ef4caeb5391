/** What an engine refused: its status and its own sentence. Decide by `status`, never by the text. */
export class EngineAnswerError extends Error {
  constructor(
    readonly status: number,
    sentence: string,
    readonly request: string,
  ) {
    super(sentence);
    this.name = 'EngineAnswerError';
  }
}

export function isStatus(error: unknown, status: number): boolean {
  return error instanceof EngineAnswerError && error.status === status;
}

const gone = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EACCES', 'ERR_STREAM_PREMATURE_CLOSE']);

/** The engine went away, or is not there: an errno of the socket. */
export function isConnectionError(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code !== undefined && gone.has(code);
}
