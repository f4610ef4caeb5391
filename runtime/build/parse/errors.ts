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

/** What cannot be taken apart into words: told without the line in front, as BuildKit's lexer does. */
export class SyntaxMistake extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SyntaxMistake';
  }
}

/** A step that could not be done: it has a line of progress of its own, where other mistakes are the Dockerfile's. */
export class StepError extends DockerfileError {}

/** BuildKit's words for what the parser refuses. */
export function parseError(message: string, location: Location): DockerfileError {
  return new DockerfileError(`dockerfile parse error on line ${location.line}: ${message}`, location);
}
