/** How a build fails, and how that is told. */
import { randomBytes, randomUUID } from 'node:crypto';
import { EngineError, type EngineErrorKind } from '../../errors.js';
import type { Location } from '../parse/ast.js';
import { DockerfileError, StepError } from '../parse/errors.js';
import { excerpt } from '../parse/excerpt.js';

/** A RUN that ended with something else than 0. */
export class RunFailed extends Error {
  constructor(
    readonly args: readonly string[],
    readonly exitCode: number,
    readonly lastLines: readonly string[],
  ) {
    super(`The command '${args.join(' ')}' returned a non-zero code: ${exitCode}`);
    this.name = 'RunFailed';
  }
}

/** A build that failed, in one text for those who only show text, and in its parts. */
export class BuildFailure extends EngineError {
  constructor(
    kind: EngineErrorKind,
    text: string,
    /** Where in which Dockerfile. */
    readonly place: { readonly dockerfile: DockerfileText; readonly location: Location | undefined },
    override readonly cause: Error,
  ) {
    super(kind, text, { cause });
  }

  /** False for a mistake in the Dockerfile that was found before any step of it was done. */
  get ofStep(): boolean {
    return !(this.cause instanceof DockerfileError) || this.cause instanceof StepError;
  }

  /** What a COPY or ADD found nowhere. */
  get missing(): MissingSource['source'] | undefined {
    return this.cause instanceof MissingSource ? this.cause.source : undefined;
  }

  /** Of the command, when a RUN failed. */
  get run(): { readonly args: readonly string[]; readonly exitCode: number } | undefined {
    return this.cause instanceof RunFailed ? this.cause : undefined;
  }
}

/** A COPY or ADD of what is not there. */
export class MissingSource extends StepError {
  constructor(
    sentence: string,
    step: Location,
    /** Below the context or the stage's root; `inContext` tells which. */
    readonly source: { readonly instruction: string; readonly path: string; readonly inContext: boolean },
  ) {
    super(missingSource(sentence, step).message, step);
  }
}

/** With the place that BuildKit looked in: an id of the moment, which its clients' users know to skip. */
export function missingSource(sentence: string, step: Location): StepError {
  const ref = `${randomUUID()}::${randomBytes(16).toString('hex').slice(0, 25)}`;
  return new StepError(`failed to compute cache key: failed to calculate checksum of ref ${ref}: ${sentence}`, step);
}

/** Any failure, with the instruction that it came from. */
export class StepFailure extends Error {
  constructor(
    readonly location: Location,
    override readonly cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'StepFailure';
  }
}

export interface DockerfileText {
  readonly name: string;
  readonly text: string;
}

/** What the client is told: the place in the Dockerfile, the last output, the sentence. A bug stays what it is. */
export function tellFailure(error: unknown, dockerfile: DockerfileText): unknown {
  if (error instanceof StepFailure) return tellAt(error.cause, error.location, dockerfile);
  if (error instanceof DockerfileError) return tellAt(error, error.location, dockerfile);
  return error;
}

function tellAt(cause: unknown, location: Location | undefined, { name, text }: DockerfileText): unknown {
  const known = cause instanceof EngineError || cause instanceof RunFailed || cause instanceof DockerfileError;
  if (!known) return cause;
  const kind = cause instanceof EngineError ? cause.kind : 'invalid';
  const place = location === undefined ? [] : [excerpt(name, text, location)];
  const output = cause instanceof RunFailed && cause.lastLines.length > 0 ? [...cause.lastLines, RULE] : [];
  return new BuildFailure(
    kind,
    [...place, ...output, cause.message].join('\n'),
    { dockerfile: { name, text }, location },
    cause,
  );
}

const RULE = '--------------------';
