/** A place in a config file; line and column count from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A mistake that the person can mend: a sentence, and what to do next. */
export class UserError extends Error {
  constructor(
    /** Stable, kebab-case: what tests and tools decide by. */
    readonly code: string,
    sentence: string,
    readonly nextSteps: readonly string[] = [],
    readonly location?: Location,
    options?: { cause?: unknown; exitCode?: number },
  ) {
    super(sentence, options);
    this.name = 'UserError';
    this.exitCode = options?.exitCode ?? 1;
  }

  readonly exitCode: number;
}

/** Several mistakes at once (config validation finds all of them before it gives up). */
export class UserErrors extends Error {
  constructor(readonly errors: readonly UserError[]) {
    super(errors.map((error) => error.message).join('\n'));
    this.name = 'UserErrors';
  }
}
