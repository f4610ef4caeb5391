/** The service `moby.buildkit.v1.Control`: builds, their progress, their cache, their history. */
import type { Engine } from '../../../engine/engine.js';
import { engineId } from '../../../engine/identity.js';
import { imageUsers } from '../../../engine/images.js';
import type { SyncedFolders } from '../../../engine/synced-folders.js';
import { runDockerfile } from '../frontend/dockerfile.js';
import { type Methods, type ServerCall, streaming, unary } from '../grpc/server.js';
import { codes, GrpcError, statusOf } from '../grpc/status.js';
import type { Codec } from '../proto/codec.js';
import type { Exporter, SolveRequest, StringMap } from '../proto/messages.js';
import type { Sessions } from '../session/sessions.js';
import type { Uploads } from '../session/upload.js';
import { diskUsage, pruneCache } from './cache.js';
import { worker } from './capabilities.js';
import { definedResult } from './definition.js';
import { checkExporter, exportImage, keepsImage } from './exporters.js';
import { failureOf } from './failure.js';
import { listenHistory, updateHistory } from './history.js';
import { type Built, exportersOf, type Job, type Jobs } from './jobs.js';

export interface ControlParts {
  readonly engine: Engine;
  readonly codec: Codec;
  readonly sessions: Sessions;
  readonly folders: SyncedFolders;
  readonly jobs: Jobs;
  readonly uploads: Uploads;
  /** Of the engine, where clients look for BuildKit's. */
  readonly version: string;
}

const service = '/moby.buildkit.v1.Control';

export function controlMethods(parts: ControlParts): Methods {
  const { jobs } = parts;
  return {
    [`${service}/Solve`]: unary('SolveRequest', 'SolveResponse', async (request, call) => ({
      ExporterResponse: await solve(parts, request, call),
    })),
    [`${service}/Status`]: streaming('StatusRequest', 'StatusResponse', async ({ Ref }, send, { signal }) => {
      for await (const part of jobs.get(Ref).log.read(signal)) await send(part);
    }),
    [`${service}/ListWorkers`]: unary('Empty', 'ListWorkersResponse', () => ({ record: [workerOf(parts)] })),
    [`${service}/Info`]: unary('Empty', 'InfoResponse', () => ({ buildkitVersion: workerOf(parts).BuildkitVersion })),
    [`${service}/DiskUsage`]: unary('DiskUsageRequest', 'DiskUsageResponse', async ({ filter }) => ({
      record: await diskUsage(parts, filter),
    })),
    [`${service}/Prune`]: streaming('PruneRequest', 'UsageRecord', async (request, send) => {
      for (const record of await pruneCache(parts, request)) await send(record);
    }),
    [`${service}/ListenBuildHistory`]: streaming(
      'BuildHistoryRequest',
      'BuildHistoryEvent',
      (request, send, { signal }) => listenHistory(jobs, request, send, signal),
    ),
    [`${service}/UpdateBuildHistory`]: unary('UpdateBuildHistoryRequest', 'Empty', (request) =>
      updateHistory(jobs, request),
    ),
  };
}

export const cacheLimitBytes = 20e9;

export function workerOf({ engine, version }: Pick<ControlParts, 'engine' | 'version'>) {
  const hostGateway = engine.foundations.networks.hostGateway();
  return worker({ id: engineId(engine), version, cacheLimitBytes, hostGateway });
}

/** Resolves with what the exporters answer. Throws what clients can show. */
export async function solve(
  parts: ControlParts,
  request: SolveRequest,
  call: Pick<ServerCall, 'signal'>,
): Promise<StringMap> {
  const job = parts.jobs.get(request.Ref);
  if (job.request) throw new GrpcError(codes.alreadyExists, `job ID ${request.Ref} exists`);
  const exporters = exportersOf(request);
  job.begin(request);
  call.signal.addEventListener('abort', () => job.abort.abort(), { once: true });
  const { images } = parts.engine.foundations;
  const before = new Set(images.list().map(({ id }) => id));
  const release = images.keepNew();
  try {
    for (const exporter of exporters) checkExporter(exporter);
    const built = await resultOf(parts, job, request);
    job.response = await exportAll(parts, job, built, exporters);
    return job.response;
  } catch (error) {
    job.error = statusOf(failureOf(error));
    throw failureOf(error);
  } finally {
    await job.settled();
    if (!exporters.some(({ Type }) => keepsImage(Type))) await dropImages(parts, job, before);
    parts.jobs.ended(job);
    release();
  }
}

/** A build for files leaves no image behind: its steps are in the cache. */
async function dropImages({ engine }: ControlParts, job: Job, before: ReadonlySet<string>): Promise<void> {
  const { images } = engine.foundations;
  for (const image of job.images) {
    if (before.has(image) || images.find(image)?.tags.length !== 0) continue;
    await images.remove(image, { force: false, noPrune: true, inUse: imageUsers(engine) }).catch(() => undefined);
  }
}

/** Undefined: nothing to export. */
async function resultOf(parts: ControlParts, job: Job, request: SolveRequest): Promise<Built | undefined> {
  const { signal } = job.abort;
  if (request.Frontend === 'dockerfile.v0') {
    job.attributes = request.FrontendAttrs;
    const input = inputsOf(parts, request.FrontendInputs);
    return job.track(runDockerfile(parts, { job, attributes: request.FrontendAttrs, input, signal }));
  }
  if (request.Frontend !== '')
    throw new GrpcError(
      codes.unimplemented,
      `frontend ${request.Frontend} is not supported: this engine builds Dockerfiles (dockerfile.v0)`,
    );
  if (request.Definition && request.Definition.def.length > 0)
    throw new GrpcError(
      codes.unimplemented,
      'definitions (LLB) are not supported: this engine builds Dockerfiles (dockerfile.v0)',
    );
  const returned = await untilAborted(job.returned, signal);
  if ('error' in returned) throw new GrpcError(returned.error.code, returned.error.message, returned.error.details);
  const id = returned.result.ref?.id;
  return id === undefined || id === '' ? undefined : job.built.get(id);
}

/** The images behind the inputs of a request: other builds make them, or have made them. */
export function inputsOf({ codec, jobs }: ControlParts, inputs: SolveRequest['FrontendInputs']) {
  return async (name: string): Promise<string> => {
    const definition = inputs[name];
    const id = definition && definedResult(codec, definition);
    const image = id === undefined ? undefined : await jobs.result(id)?.evaluate();
    if (image === undefined)
      throw new GrpcError(codes.unknown, `invalid input ${name}: no such result of another build`);
    return image;
  };
}

/** Rejects with the signal's reason: the client has gone, and will not return anything any more. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) return leave();
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

async function exportAll(
  { engine, sessions }: ControlParts,
  job: Job,
  built: Built | undefined,
  exporters: readonly Exporter[],
): Promise<StringMap> {
  const id = await built?.evaluate();
  if (id === undefined) return {};
  const image = engine.foundations.images.get(id);
  const { signal } = job.abort;
  const session = () => sessions.find(job.request!.Session, signal);
  const responses: StringMap[] = [];
  for (const [place, exporter] of exporters.entries())
    responses.push(await exportImage({ engine, job, image, exporter, place, session, signal }));
  return Object.assign({}, ...responses) as StringMap;
}
