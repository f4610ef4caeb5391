import type { Location } from './ast.js';

/** A mistake in the Dockerfile, before it is told with an excerpt of it. */
export class DockerfileError extends Error {
  constructor(
    message: string,
    readonly location: Location | undefined,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'DockerfileError';
  }
}

/** BuildKit's words for what the parser refuses. */
export function parseError(message: string, location: Location): DockerfileError {
  return new DockerfileError(`dockerfile parse error on line ${location.line}: ${message}`, location);
}
