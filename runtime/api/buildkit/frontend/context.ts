/** The folders that a build reads. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isRepository } from '../../../engine/build-context.js';
import { type BuildPlan, ignoreLines } from '../../../engine/build-plan.js';
import type { Engine } from '../../../engine/engine.js';
import { hostPlatform, parseReference, pullImage } from '../../../engine/images.js';
import { EngineError } from '../../../errors.js';
import { baseFailure } from '../control/failure.js';
import { PullProgress } from '../control/pull-progress.js';
import type { VertexLine } from '../control/vertex.js';
import { credentialsFor } from '../session/ask.js';
import { type Loaded, loadIgnore, mirror, type Run, under } from './load.js';
import { fullName, isId } from './names.js';
import { readBelow } from './workspace.js';

/**
 * Base images first: what they do when they are built upon (ONBUILD) may read anything. Resolves with what fetches the part
 * of the context that the build reads, when it is time: the rest need not travel.
 */
export async function prepareContext(
  run: Run,
  loaded: Loaded,
  plan: BuildPlan,
  images: Readonly<Record<string, string>>,
): Promise<() => Promise<string>> {
  await loadBases(run, loaded, plan, images);
  const { ownIgnore, remoteFolder } = loaded;
  if (remoteFolder !== undefined) return async () => remoteFolder;
  const ignore = ignoreLines(ownIgnore ?? (await loadIgnore(run)));
  const names = plan.stages.flatMap(({ image }) => (image === undefined ? [] : [images[image] ?? image]));
  const folders = folderNames(run);
  return async () => {
    const paths = names.some((name) => !folders.has(name) && mayHaveTriggers(run.engine, name))
      ? undefined
      : plan.contextPaths;
    if (paths?.length === 0) return emptyFolder(run.engine);
    return under(run, '[internal] load build context', (shown) =>
      mirror(run, run.request.folders.context, paths, ignore, shown, 'context'),
    );
  };
}

/** A stage with a platform of its own is left to the builder, which knows what fits. */
async function loadBases(
  run: Run,
  loaded: Loaded,
  plan: BuildPlan,
  images: Readonly<Record<string, string>>,
): Promise<void> {
  const seen = new Set<string>();
  const folders = folderNames(run);
  const ownPlatform = new Set(plan.stages.flatMap(({ platform, line }) => (platform === undefined ? [] : [line])));
  for (const { line, name: written } of plan.images) {
    const name = images[written] ?? written;
    if (isId(name) || seen.has(name) || folders.has(name)) continue;
    seen.add(name);
    const isHere = run.engine.foundations.images.find(name) !== undefined || ownPlatform.has(line);
    await under(run, `[internal] load metadata for ${fullName(name)}`, async (shown) => {
      if (!isHere) await pullBase(run, loaded, { name, line }, shown);
    });
  }
}

async function pullBase(
  { engine, session, signal, request }: Run,
  { dockerfile }: Loaded,
  { name, line: at }: { readonly name: string; readonly line: number },
  shown: VertexLine,
): Promise<void> {
  const reference = parseReference(name);
  const { platform } = request.options;
  const auth = await credentialsFor(session, reference.registry, signal);
  const progress = new PullProgress(shown);
  try {
    await pullImage(engine, reference, {
      ...(platform ? { platform } : {}),
      ...(auth ? { auth } : {}),
      onProgress: (event) => progress.take(event),
      signal,
    });
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    throw baseFailure(
      { image: name, name: fullName(name) },
      { dockerfile, location: { line: at, endLine: at } },
      cause,
    );
  }
}

/** An image's ONBUILD instructions may copy anything; one that is not here yet may have some. */
function mayHaveTriggers(engine: Engine, name: string): boolean {
  const image = engine.foundations.images.find(name);
  return image === undefined || (image.config.OnBuild ?? []).some((text) => /^(copy|add|run)\b/i.test(text));
}

function folderNames({ request }: Run): ReadonlySet<string> {
  const folders = request.namedContexts.filter(({ kind }) => kind === 'local' || kind === 'remote');
  return new Set(folders.map(({ name }) => name));
}

/** Folders that stages stand on (`FROM`), as images of one layer; they go with the build. */
export async function folderImages(
  { engine, job, request }: Run,
  folders: Readonly<Record<string, string>>,
  bases: ReadonlySet<string | undefined>,
): Promise<Record<string, string>> {
  const { images, launcher } = engine.foundations;
  const made: Record<string, string> = {};
  for (const [name, path] of Object.entries(folders)) {
    if (!bases.has(name)) continue;
    const tar = launcher.pack({ root: { kind: 'directory', path }, path: '/', mode: 'plain' });
    const platform = request.options.platform ?? hostPlatform(process.arch);
    const created = new Date().toISOString();
    const image = await images.importRoot(tar, { config: {}, platform, comment: `from the folder ${name}`, created });
    job.images.add(image.id);
    made[name] = image.id;
  }
  return made;
}

async function emptyFolder(engine: Engine): Promise<string> {
  const folder = join(engine.foundations.paths.home, 'build', 'empty');
  await mkdir(folder, { recursive: true });
  return folder;
}

/** The client's other folders, and those that are fetched, by the names that the Dockerfile uses. */
export async function namedFolders(run: Run): Promise<Record<string, string>> {
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
      const title = isRepository(url) ? `[internal] load git source ${url}` : `[context ${name}] ${url}`;
      folders[name] = await under(run, title, () => run.workspace.fetch(url, run.session));
    }
  }
  return folders;
}
