/** A failed build as BuildKit's clients show it: the sentence, and the lines of the Dockerfile that it is about. */
import { baseSentence } from '../../../engine/base-sentence.js';
import { BuildFailure } from '../../../engine/build-plan.js';
import { EngineError } from '../../../errors.js';
import { codes, GrpcError, statusOf } from '../grpc/status.js';
import type { Any } from '../proto/messages.js';

/** Details are JSON under these names. */
const typeUrl = (name: string) => `github.com/moby/buildkit/${name}+json`;

const detail = (name: string, value: unknown): Any => ({
  type_url: typeUrl(name),
  value: Buffer.from(JSON.stringify(value)),
});

export function failureSentence(error: unknown): string {
  if (!(error instanceof BuildFailure)) return statusOf(error).message;
  const { run } = error;
  if (run)
    return `process ${JSON.stringify(run.args.join(' '))} did not complete successfully: exit code: ${run.exitCode}`;
  return error.cause.message;
}

/** A base image that cannot be had, named as it is written and in full, as BuildKit does. */
export function baseFailure(
  { image, name }: { readonly image: string; readonly name: string },
  place: BuildFailure['place'],
  cause: EngineError,
): BuildFailure {
  const sentence = `${image}: failed to resolve source metadata for ${name}: ${baseSentence(cause, name)}`;
  return new BuildFailure(cause.kind, sentence, place, new EngineError(cause.kind, sentence, { cause }));
}

export function failureOf(error: unknown): unknown {
  // Clients show every code but this one in front of the sentence.
  if (error instanceof EngineError && !(error instanceof BuildFailure))
    return new GrpcError(codes.unknown, error.message, [], { cause: error });
  if (!(error instanceof BuildFailure)) return error;
  const { run, place } = error;
  const source = place.location && detail('errdefs.Source', sourceDetail(place.dockerfile, place.location));
  const exit = run && detail('gatewayapi.ExitMessage', { Code: run.exitCode });
  const details = [source, exit].filter((one) => one !== undefined);
  return new GrpcError(codes.unknown, failureSentence(error), details, { cause: error });
}

export function sourceDetail(
  { name, text }: { readonly name: string; readonly text: string },
  { line, endLine }: { readonly line: number; readonly endLine: number },
) {
  return {
    info: { filename: name, data: Buffer.from(text).toString('base64'), language: 'Dockerfile' },
    ranges: [{ start: { line }, end: { line: endLine } }],
  };
}
