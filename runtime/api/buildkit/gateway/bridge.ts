/** The service `moby.buildkit.v1.frontend.LLBBridge`: what a client that drives its build itself asks for while it does. */
import type { Image } from '../../../engine/images.js';
import { parseReference } from '../../../engine/images.js';
import { definitionCapabilities, frontendCapabilities } from '../control/capabilities.js';
import { type ControlParts, inputsOf, workerOf } from '../control/control.js';
import { definedResult, resultDefinition } from '../control/definition.js';
import { failureOf } from '../control/failure.js';
import type { Built, Job } from '../control/jobs.js';
import { runDockerfile } from '../frontend/dockerfile.js';
import { fullName } from '../frontend/names.js';
import { type Methods, type ServerCall, unary } from '../grpc/server.js';
import { codes, GrpcError } from '../grpc/status.js';
import type { BridgeSolveRequest, Result } from '../proto/messages.js';
import { readResultFile, readResultFolder, statResultFile } from './files.js';
import { imageConfiguration } from './image-configuration.js';

const service = '/moby.buildkit.v1.frontend.LLBBridge';

export function bridgeMethods(parts: ControlParts): Methods {
  return {
    [`${service}/Ping`]: unary('Empty', 'PongResponse', async (_, call) => {
      await jobOf(parts, call);
      return {
        FrontendAPICaps: frontendCapabilities,
        LLBCaps: definitionCapabilities,
        Workers: [workerOf(parts)],
      };
    }),
    [`${service}/Solve`]: unary('BridgeSolveRequest', 'BridgeSolveResponse', async (request, call) => ({
      result: await solve(parts, await jobOf(parts, call), request, call),
    })),
    [`${service}/Return`]: unary('ReturnRequest', 'Empty', async ({ result, error }, call) => {
      const job = await jobOf(parts, call);
      job.return(error ? { error } : { result: result ?? { metadata: {} } });
      return {};
    }),
    [`${service}/Evaluate`]: unary('EvaluateRequest', 'Empty', async ({ Ref }, call) => {
      const job = await jobOf(parts, call);
      await job.built
        .get(Ref)
        ?.evaluate()
        .catch((error) => {
          throw failureOf(error);
        });
      return {};
    }),
    [`${service}/ReadFile`]: unary('ReadFileRequest', 'ReadFileResponse', async (request, call) =>
      readResultFile({ engine: parts.engine, job: await jobOf(parts, call) }, request),
    ),
    [`${service}/ReadDir`]: unary('ReadDirRequest', 'ReadDirResponse', async (request, call) =>
      readResultFolder({ engine: parts.engine, job: await jobOf(parts, call) }, request),
    ),
    [`${service}/StatFile`]: unary('StatFileRequest', 'StatFileResponse', async (request, call) =>
      statResultFile({ engine: parts.engine, job: await jobOf(parts, call) }, request),
    ),
    [`${service}/Inputs`]: unary('Empty', 'InputsResponse', async (_, call) => {
      const job = await jobOf(parts, call);
      return { Definitions: job.request?.FrontendInputs ?? {} };
    }),
    [`${service}/Warn`]: unary('WarnRequest', 'Empty', async (warning, call) => {
      const job = await jobOf(parts, call);
      const { digest, level, short, detail, url, info, ranges } = warning;
      job.log.add({ warnings: [{ vertex: digest, level, short, detail, url, ranges, ...(info ? { info } : {}) }] });
      return {};
    }),
    [`${service}/ResolveImageConfig`]: unary(
      'ResolveImageConfigRequest',
      'ResolveImageConfigResponse',
      (request, call) => resolveImage(parts, request, call),
    ),
  };
}

/** Clients name the build in a header, and may do so before they have asked for it. */
async function jobOf({ jobs }: ControlParts, { metadata, signal }: ServerCall): Promise<Job> {
  const ref = metadata['buildkit-controlapi-buildid'];
  if (typeof ref !== 'string' || ref === '') throw new GrpcError(codes.invalidArgument, 'no build id in the metadata');
  const job = jobs.get(ref);
  await Promise.race([job.begun(), gone(signal)]);
  if (job.completedMs !== undefined) throw new GrpcError(codes.notFound, `no such job ${ref}`);
  return job;
}

function gone(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

async function solve(parts: ControlParts, job: Job, request: BridgeSolveRequest, call: ServerCall): Promise<Result> {
  const signal = AbortSignal.any([call.signal, job.abort.signal]);
  if (request.Frontend === 'dockerfile.v0') {
    job.attributes = request.FrontendOpt;
    const input = inputsOf(parts, request.FrontendInputs);
    const work = runDockerfile(parts, { job, attributes: request.FrontendOpt, input, signal });
    try {
      return keep(parts, job, await job.track(work));
    } catch (error) {
      throw failureOf(error);
    }
  }
  if (request.Frontend !== '')
    throw new GrpcError(
      codes.unimplemented,
      `frontend ${request.Frontend} is not supported: this engine builds Dockerfiles (dockerfile.v0)`,
    );
  const { Definition: definition } = request;
  if (!definition || definition.def.length === 0) return { ref: { id: '' }, metadata: {} };
  const id = definedResult(parts.codec, definition);
  const known = id === undefined ? undefined : parts.jobs.result(id);
  if (!known)
    throw new GrpcError(
      codes.unimplemented,
      'definitions (LLB) are not supported: this engine builds Dockerfiles (dockerfile.v0)',
    );
  return keep(parts, job, known);
}

/** The client gets a name for the result, and what it may hand to another build. */
function keep({ codec }: ControlParts, job: Job, built: Built): Result {
  const { id, metadata } = built;
  job.built.set(id, built);
  return { ref: { id, def: resultDefinition(codec, id) }, metadata };
}

async function resolveImage(
  { engine }: ControlParts,
  { Ref, ResolveMode }: { readonly Ref: string; readonly ResolveMode: string },
  { signal }: ServerCall,
) {
  const { images } = engine.foundations;
  const known = ResolveMode === 'pull' ? undefined : images.find(Ref);
  const image: Image = known ?? (await images.pull(parseReference(Ref), { signal }));
  const Config = Buffer.from(JSON.stringify(imageConfiguration(image)));
  return { Digest: image.manifestDigest, Config, Ref: fullName(Ref) };
}
