/** Builds of this engine's life, for `docker buildx history`. */
import { codes, GrpcError } from '../grpc/status.js';
import type { BuildHistoryRecord, BuildHistoryRequest, Descriptor, Messages } from '../proto/messages.js';
import type { Job, Jobs, Said } from './jobs.js';
import { timestamp } from './time.js';

const eventTypes = { started: 0, complete: 1 } as const;

export async function listenHistory(
  jobs: Jobs,
  { Ref, ActiveOnly, EarlyExit, Limit }: BuildHistoryRequest,
  send: (event: Partial<Messages['BuildHistoryEvent']>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const wanted = jobs.history().filter((job) => (Ref === '' || job.ref === Ref) && !(ActiveOnly && job.completedMs));
  const newest = wanted.sort((a, b) => b.createdMs - a.createdMs).slice(0, Limit > 0 ? Limit : undefined);
  for (const job of newest)
    await send({ type: job.completedMs ? eventTypes.complete : eventTypes.started, record: record(job) });
  if (EarlyExit || signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function record(job: Job): Partial<BuildHistoryRecord> {
  const { request, completedMs, error } = job;
  const counts = [...job.built.values()].map((one) => one.counts).at(-1) ?? { cached: 0, total: 0, warnings: 0 };
  return {
    Ref: job.ref,
    Frontend: request?.Frontend || 'dockerfile.v0',
    FrontendAttrs: { ...request?.FrontendAttrs, ...job.attributes },
    Exporters: request?.Exporters ?? [],
    ...(error ? { error } : {}),
    CreatedAt: timestamp(job.createdMs),
    ...(completedMs === undefined ? {} : { CompletedAt: timestamp(completedMs) }),
    ExporterResponse: job.response,
    ...(job.said.length > 0 ? { Result: { Attestations: job.said.map(descriptor) } } : {}),
    Generation: 1,
    pinned: job.pinned,
    numCachedSteps: counts.cached,
    numTotalSteps: counts.total,
    numCompletedSteps: error ? 0 : counts.total,
    numWarnings: counts.warnings,
  };
}

function descriptor({ digest, bytes, predicateType }: Said): Descriptor {
  const annotations = { 'in-toto.io/predicate-type': predicateType };
  return { media_type: 'application/vnd.in-toto+json', digest, size: bytes.length, annotations };
}

/** Throws `NotFound`. */
export function updateHistory(
  jobs: Jobs,
  { Ref, Pinned, Delete }: Messages['UpdateBuildHistoryRequest'],
): Record<string, never> {
  const job = jobs.find(Ref);
  if (!job) throw new GrpcError(codes.notFound, `no such build: ${Ref}`);
  if (Delete) jobs.delete(Ref);
  else job.pinned = Pinned;
  return {};
}
