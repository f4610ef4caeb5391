/** The service `moby.buildkit.v1.frontend.LLBBridge`: what a client that drives its build itself asks for while it does. */
import type { Image } from '../../../engine/images.js';
import { parseReference } from '../../../engine/images.js';
import { definitionCapabilities, frontendCapabilities } from '../control/capabilities.js';
import { type ControlParts, inputImages, workerOf } from '../control/control.js';
import { definedImage, imageDefinition } from '../control/definition.js';
import { failureOf } from '../control/failure.js';
import type { Built, Job } from '../control/jobs.js';
import { fullName, runDockerfile } from '../frontend/dockerfile.js';
import { type Methods, type ServerCall, unary } from '../grpc/server.js';
import { codes, GrpcError } from '../grpc/status.js';
import type { BridgeSolveRequest, Result } from '../proto/messages.js';
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
    // What is returned is built already.
    [`${service}/Evaluate`]: unary('Empty', 'Empty', () => ({})),
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
    const inputs = inputImages(parts.codec, request.FrontendInputs);
    try {
      return keep(parts, job, await runDockerfile(parts, { job, attributes: request.FrontendOpt, inputs, signal }));
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
  const image = definedImage(parts.codec, definition);
  if (image === undefined)
    throw new GrpcError(
      codes.unimplemented,
      'definitions (LLB) are not supported: this engine builds Dockerfiles (dockerfile.v0)',
    );
  return keep(parts, job, { id: image, image, metadata: {}, counts: { cached: 0, total: 0, warnings: 0 } });
}

/** The client gets a name for what was built, and what it may hand to another build. */
function keep({ codec, engine }: ControlParts, job: Job, built: Built): Result {
  const { id, image: imageId, metadata } = built;
  if (imageId === undefined) return { ref: { id: '' }, metadata };
  job.built.set(id, built);
  const image = engine.foundations.images.get(imageId);
  const config = Buffer.from(JSON.stringify(imageConfiguration(image)));
  return {
    ref: { id, def: imageDefinition(codec, imageId) },
    metadata: { ...metadata, 'containerimage.config': config },
  };
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
