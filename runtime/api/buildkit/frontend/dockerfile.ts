/** The frontend `dockerfile.v0`: reads a Dockerfile, answers questions about it, or says what its build will be. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { BuildEvent, BuildOptions } from '../../../engine/build-context.js';
import { BuildFailure, type BuildPlan, planBuild } from '../../../engine/build-plan.js';
import { EngineError } from '../../../errors.js';
import { baseFailure, failureSentence } from '../control/failure.js';
import { type Built, exportersOf } from '../control/jobs.js';
import { BuildProgress } from '../control/progress.js';
import { askSession } from '../session/ask.js';
import { noSession } from '../session/sessions.js';
import { annotationWords } from './annotations.js';
import { readAttributes } from './attributes.js';
import { readCaches } from './caches.js';
import { folderImages, namedFolders, prepareContext } from './context.js';
import { type Frontend, type FrontendCall, type Loaded, load, type Run } from './load.js';
import { fullName, isId } from './names.js';
import { answerQuestion } from './questions.js';
import { provenanceSaid } from './said.js';
import { tellWarnings } from './warnings.js';
import { Workspace } from './workspace.js';

type Images = Readonly<Record<string, string>>;

interface Planned {
  readonly loaded: Loaded;
  readonly plan: BuildPlan;
  readonly contextImages: Images;
}

/** Resolves before anything is built: that is up to whoever wants the result. Throws BuildFailure with its place, or GrpcError. */
export async function runDockerfile(frontend: Frontend, call: FrontendCall): Promise<Built> {
  const { job } = call;
  const request = readAttributes(call.attributes);
  const main = (await job.begun()).Session;
  const session = main === '' ? noSession(frontend.codec) : await frontend.sessions.find(main, call.signal);
  const workspace = new Workspace(frontend, job.abort.signal);
  job.atEnd(() => workspace.close());
  return runIn({ ...frontend, ...call, request, session, workspace });
}

async function runIn(run: Run): Promise<Built> {
  const { request } = run;
  const loaded = await load(run);
  const contextImages = await givenImages(run);
  const { text, name } = loaded.dockerfile;
  const { images } = run.engine.foundations;
  const basePlatform = (image: string) => images.find(image)?.platform;
  const baseEnv = (image: string) => images.find(image)?.config.Env;
  const read = () => planBuild(text, name, { ...request.options, contextImages, basePlatform, baseEnv });
  const plan = read();
  const counts = { cached: 0, total: 0, warnings: plan.warnings.length };
  const id = randomUUID();
  if (request.question !== undefined) {
    const metadata = answerQuestion(request.question, plan, loaded.dockerfile);
    return { id, metadata, counts, evaluate: async () => undefined };
  }
  const context = await prepareContext(run, loaded, plan, contextImages);
  // base images have come by now, and there is more to say about them
  const known = { ...plan, warnings: read().warnings };
  let evaluated: Promise<string> | undefined;
  const evaluate = () => {
    evaluated ??= run.job.track(evaluateOnce(run, { loaded, plan: known, contextImages }, { context, counts }));
    return evaluated;
  };
  return { id, metadata: {}, counts, evaluate };
}

/**
 * Images by the names of contexts. One that is a folder stands for itself until something is built upon it, as
 * all do for a question about the Dockerfile, which builds nothing.
 */
async function givenImages({ request, input }: Run): Promise<Images> {
  const images: Record<string, string> = {};
  for (const context of request.namedContexts) {
    if (context.kind === 'image') images[context.name] = context.image;
    else if (context.kind === 'input' && request.question === undefined)
      images[context.name] = await input(context.input);
    else images[context.name] = context.name;
  }
  return images;
}

async function evaluateOnce(
  run: Run,
  { loaded, plan, contextImages }: Planned,
  { context, counts }: { readonly context: () => Promise<string>; readonly counts: Built['counts'] },
): Promise<string> {
  try {
    const contextDirectory = await context();
    const contextTree = run.workspace.treeOf(contextDirectory);
    const contexts = await namedFolders(run);
    const bases = await folderImages(run, contexts, new Set(plan.stages.map(({ image }) => image)));
    const options = {
      ...run.request.options,
      ...readCaches(run),
      // the client's word on the whole build, however it has its parts solved
      entitlements: run.job.request?.Entitlements ?? [],
      annotations: annotationWords(run.job.request ? exportersOf(run.job.request) : []),
      contextDirectory,
      ...(contextTree ? { contextTree } : {}),
      contextFiltered: loaded.remoteFolder === undefined,
      dockerfile: loaded.dockerfile,
      contexts,
      contextImages: { ...contextImages, ...bases },
      tags: [],
      auths: run.job.auths,
    };
    return await build(run, plan, options, counts);
  } finally {
    // Last: clients show a warning in the middle of a line that is still there, and all of them at the end.
    tellWarnings(loaded.line, plan.warnings, loaded.dockerfile);
  }
}

async function build(
  { engine, job, session }: Run,
  plan: BuildPlan,
  options: Omit<BuildOptions, 'ask'>,
  counts: Built['counts'],
): Promise<string> {
  const { signal } = job.abort;
  const asking = askSession(session, join(engine.foundations.paths.runtime, 'b'), signal);
  const nameOf = (image: string) => {
    const given = options.contextImages?.[image] ?? image;
    return isId(given) ? undefined : fullName(given);
  };
  const progress = new BuildProgress(job.log, job.ref, plan, nameOf);
  const onEvent = (event: BuildEvent) => progress.take(event);
  try {
    const builder = await engine.foundations.builder();
    const image = await builder.build({ ...options, ask: asking.ask }, onEvent, signal);
    progress.end();
    job.images.add(image.id);
    job.said = [provenanceSaid(engine, job, { plan, options, image })];
    return image.id;
  } catch (cause) {
    const error = aboutBase(cause, plan, nameOf);
    const { place, ofStep } = error instanceof BuildFailure ? error : { place: undefined, ofStep: true };
    progress.end({ place, ofStep, sentence: failureSentence(error) });
    throw error;
  } finally {
    counts.cached = progress.cachedSteps;
    counts.total = progress.steps;
    await asking.close();
  }
}

/** A base image that cannot be had is named, as BuildKit does. */
function aboutBase(error: unknown, { images }: BuildPlan, nameOf: (image: string) => string | undefined): unknown {
  if (!(error instanceof BuildFailure) || !(error.cause instanceof EngineError)) return error;
  const { place, cause } = error;
  const image = images.find(({ line }) => line === place.location?.line)?.name;
  const name = image === undefined ? undefined : nameOf(image);
  return image === undefined || name === undefined ? error : baseFailure({ image, name }, place, cause);
}
