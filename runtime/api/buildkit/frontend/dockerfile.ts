/** The frontend `dockerfile.v0`: fetches what a build needs from its client, builds, and answers questions about Dockerfiles. */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildEvent, BuildOptions } from '../../../engine/build-context.js';
import { BuildFailure, type BuildPlan, ignoreLines, planBuild } from '../../../engine/build-plan.js';
import type { Engine } from '../../../engine/engine.js';
import type { Image } from '../../../engine/images.js';
import { parseReference } from '../../../engine/images.js';
import type { SyncedFolders } from '../../../engine/synced-folders.js';
import { failureSentence } from '../control/failure.js';
import type { Built, Job } from '../control/jobs.js';
import { BuildProgress } from '../control/progress.js';
import { VertexLine } from '../control/vertex.js';
import { codes, GrpcError } from '../grpc/status.js';
import type { StringMap } from '../proto/messages.js';
import { askSession } from '../session/ask.js';
import type { Session, Sessions } from '../session/sessions.js';
import { type FrontendRequest, readAttributes } from './attributes.js';
import { answerQuestion } from './questions.js';
import { tellWarnings } from './warnings.js';
import { readBelow, Workspace } from './workspace.js';

export interface Frontend {
  readonly engine: Engine;
  readonly sessions: Sessions;
  readonly folders: SyncedFolders;
}

export interface FrontendCall {
  readonly job: Job;
  readonly attributes: StringMap;
  /** Images by the names of inputs: what other builds of the client made. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** All that one run of the frontend knows. */
interface Run extends Frontend, FrontendCall {
  readonly request: FrontendRequest;
  readonly session: Session;
  readonly workspace: Workspace;
}

interface Loaded {
  readonly dockerfile: { readonly name: string; readonly text: string };
  readonly line: VertexLine;
  /** Folder of a context that is not the client's. */
  readonly remoteFolder: string | undefined;
  /** Text of an ignore file that belongs to this very Dockerfile. */
  readonly ownIgnore: string | undefined;
}

/** Throws BuildFailure with its place, GrpcError, or the reason of the signal. */
export async function runDockerfile(frontend: Frontend, call: FrontendCall): Promise<Built> {
  const request = readAttributes(call.attributes);
  const main = (await call.job.begun()).Session;
  const session = await frontend.sessions.find(main, call.signal);
  const workspace = new Workspace(frontend.engine, frontend.folders, call.signal);
  const run: Run = { ...frontend, ...call, request, session, workspace };
  try {
    return await runIn(run);
  } finally {
    await workspace.close();
  }
}

async function runIn(run: Run): Promise<Built> {
  const { request } = run;
  const loaded = await load(run);
  const contextImages = Object.fromEntries(
    request.namedContexts.flatMap((one) => {
      if (one.kind === 'image') return [[one.name, one.image]];
      if (one.kind === 'input') return [[one.name, inputImage(run, one.input)]];
      return [];
    }),
  );
  const plan = planBuild(loaded.dockerfile.text, loaded.dockerfile.name, { ...request.options, contextImages });
  const ask = request.question;
  if (ask !== undefined) {
    const metadata = answerQuestion(ask, plan, loaded.dockerfile);
    return built(undefined, metadata, { cached: 0, total: 0, warnings: plan.warnings.length });
  }
  try {
    return await buildPlan(run, loaded, { plan, contextImages });
  } finally {
    // Last, as clients show what comes with a line that is still there in the middle of it, and all of them at the end.
    tellWarnings(loaded.line, plan.warnings, loaded.dockerfile);
  }
}

async function buildPlan(
  run: Run,
  loaded: Loaded,
  { plan, contextImages }: { readonly plan: BuildPlan; readonly contextImages: Readonly<Record<string, string>> },
): Promise<Built> {
  const { request } = run;
  const contextDirectory = loaded.remoteFolder ?? (await contextFolder(run, loaded, plan, contextImages));
  const contexts = await namedFolders(run);
  const options: Omit<BuildOptions, 'ask'> = {
    ...request.options,
    contextDirectory,
    contextFiltered: loaded.remoteFolder === undefined,
    dockerfile: loaded.dockerfile,
    contexts,
    contextImages,
    tags: [],
    auths: {},
  };
  return await build(run, plan, options);
}

function built(
  image: Image | undefined,
  metadata: Readonly<Record<string, Uint8Array>>,
  counts: Built['counts'],
): Built {
  return { id: randomUUID(), image: image?.id, metadata, counts };
}

function inputImage({ inputs }: Run, name: string): string {
  const image = inputs[name];
  if (image === undefined) throw new GrpcError(codes.unknown, `invalid input ${name}: no such result of another build`);
  return image;
}

async function build(run: Run, plan: BuildPlan, options: Omit<BuildOptions, 'ask'>): Promise<Built> {
  const { engine, job, session, signal } = run;
  const asking = askSession(session, join(engine.foundations.paths.runtime, 'b'), signal);
  const progress = new BuildProgress(job.log, job.ref, plan, (image) =>
    fullName(options.contextImages?.[image] ?? image),
  );
  const onEvent = (event: BuildEvent) => progress.take(event);
  try {
    const builder = await engine.foundations.builder();
    const image = await builder.build({ ...options, ask: asking.ask }, onEvent, signal);
    progress.end();
    const counts = { cached: progress.cachedSteps, total: progress.steps, warnings: plan.warnings.length };
    return built(image, {}, counts);
  } catch (error) {
    progress.end({
      line: error instanceof BuildFailure ? error.place.location?.line : undefined,
      sentence: failureSentence(error),
    });
    throw error;
  } finally {
    await asking.close();
  }
}

const isId = (image: string) => /^sha256:[0-9a-f]{64}$/.test(image);

/** `docker.io/library/busybox:latest`. */
export function fullName(image: string): string {
  if (isId(image)) return image;
  const { registry, repository, tag, digest } = parseReference(image);
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

function line({ job }: Pick<Run, 'job'>, name: string): VertexLine {
  return new VertexLine(job.log, { build: job.ref, id: name, name }).start();
}

/** Runs work under a line of progress. */
async function under<T>(run: Run, name: string, work: (line: VertexLine) => Promise<T>): Promise<T> {
  const shown = line(run, name);
  try {
    const result = await work(shown);
    shown.done();
    return result;
  } catch (error) {
    shown.done({ error: failureSentence(error) });
    throw error;
  }
}

async function load(run: Run): Promise<Loaded> {
  const { request, workspace, session } = run;
  const { remote, dockerfile: name } = request;
  const remoteFolder =
    remote === undefined
      ? undefined
      : await under(run, `[internal] load remote build context`, () => workspace.fetch(remote, session));
  const shown = line(run, `[internal] load build definition from ${name}`);
  const fromClient = remoteFolder === undefined || request.ownDockerfile;
  try {
    const paths = [name, `${name}.dockerignore`, ...(name === 'Dockerfile' ? ['dockerfile'] : [])];
    const folder = fromClient
      ? await mirror(run, request.folders.dockerfile, paths, [], shown, 'dockerfile')
      : remoteFolder!;
    const text = (await readBelow(folder, name)) ?? (await lowerCase(folder, name));
    if (text === undefined)
      throw new GrpcError(codes.unknown, `failed to read dockerfile: open ${name}: no such file or directory`);
    const ownIgnore = await readBelow(folder, `${name}.dockerignore`);
    shown.done();
    return { dockerfile: { name, text }, line: shown, remoteFolder, ownIgnore };
  } catch (error) {
    shown.done({ error: failureSentence(error) });
    throw error;
  }
}

/** A `dockerfile` will do where nobody asked for another name. */
async function lowerCase(folder: string, name: string): Promise<string | undefined> {
  return name === 'Dockerfile' ? readBelow(folder, 'dockerfile') : undefined;
}

function loadIgnore(run: Run): Promise<string> {
  return under(run, '[internal] load .dockerignore', async (shown) => {
    const folder = await mirror(run, run.request.folders.context, ['.dockerignore'], [], shown, 'context');
    return (await readBelow(folder, '.dockerignore')) ?? '';
  });
}

async function mirror(
  run: Run,
  name: string,
  followPaths: readonly string[] | undefined,
  excludePatterns: readonly string[],
  shown: VertexLine,
  called: string,
): Promise<string> {
  const { request, sessions, signal } = run;
  const own = request.sessionOf(name);
  const session = own === undefined ? run.session : await sessions.find(own, signal);
  const wanted = { session, name, hint: request.hintOf(name), followPaths, excludePatterns };
  return run.workspace.mirror(wanted, shown, called);
}

/** The part of the context that the build reads: the rest need not travel. */
async function contextFolder(
  run: Run,
  { ownIgnore }: Loaded,
  plan: BuildPlan,
  images: Readonly<Record<string, string>>,
): Promise<string> {
  const names = plan.stages.flatMap(({ image }) => (image === undefined ? [] : [images[image] ?? image]));
  const named = names.filter((name) => !isId(name));
  for (const name of new Set(named)) line(run, `[internal] load metadata for ${fullName(name)}`).done();
  const ignore = ignoreLines(ownIgnore ?? (await loadIgnore(run)));
  const paths = names.some((name) => mayHaveTriggers(run.engine, name)) ? undefined : plan.contextPaths;
  if (paths?.length === 0) return emptyFolder(run.engine);
  return under(run, '[internal] load build context', (shown) =>
    mirror(run, run.request.folders.context, paths, ignore, shown, 'context'),
  );
}

/** An image's ONBUILD instructions may copy anything; one that is not here yet may have some. */
function mayHaveTriggers(engine: Engine, name: string): boolean {
  const image = engine.foundations.images.find(name);
  return image === undefined || (image.config.OnBuild ?? []).some((text) => /^(copy|add|run)\b/i.test(text));
}

async function emptyFolder(engine: Engine): Promise<string> {
  const folder = join(engine.foundations.paths.home, 'build', 'empty');
  await mkdir(folder, { recursive: true });
  return folder;
}

async function namedFolders(run: Run): Promise<Record<string, string>> {
  const folders: Record<string, string> = {};
  for (const context of run.request.namedContexts) {
    const { name } = context;
    if (context.kind === 'local') {
      folders[name] = await under(run, `[context ${name}] load from client`, async (shown) => {
        const ignoreFolder = await mirror(run, context.folder, ['.dockerignore'], [], shown, `${name} ignore file`);
        const ignore = await readBelow(ignoreFolder, '.dockerignore');
        return mirror(run, context.folder, undefined, ignoreLines(ignore ?? ''), shown, name);
      });
    } else if (context.kind === 'remote') {
      const { url } = context;
      folders[name] = await under(run, `[context ${name}] ${url}`, () => run.workspace.fetch(url, run.session));
    }
  }
  return folders;
}
