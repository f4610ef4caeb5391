/** The folders that a build reads. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildPlan, ignoreLines } from '../../../engine/build-plan.js';
import type { Engine } from '../../../engine/engine.js';
import { type Loaded, line, loadIgnore, mirror, type Run, under } from './load.js';
import { fullName, isId } from './names.js';
import { readBelow } from './workspace.js';

/** Resolves with what fetches the part of the context that the build reads, when it is time: the rest need not travel. */
export async function prepareContext(
  run: Run,
  { ownIgnore, remoteFolder }: Loaded,
  plan: BuildPlan,
  images: Readonly<Record<string, string>>,
): Promise<() => Promise<string>> {
  const names = plan.stages.flatMap(({ image }) => (image === undefined ? [] : [images[image] ?? image]));
  const named = names.filter((name) => !isId(name));
  for (const name of new Set(named)) line(run, `[internal] load metadata for ${fullName(name)}`).done();
  if (remoteFolder !== undefined) return async () => remoteFolder;
  const ignore = ignoreLines(ownIgnore ?? (await loadIgnore(run)));
  return async () => {
    const paths = names.some((name) => mayHaveTriggers(run.engine, name)) ? undefined : plan.contextPaths;
    if (paths?.length === 0) return emptyFolder(run.engine);
    return under(run, '[internal] load build context', (shown) =>
      mirror(run, run.request.folders.context, paths, ignore, shown, 'context'),
    );
  };
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
      folders[name] = await under(run, `[context ${name}] ${url}`, () => run.workspace.fetch(url, run.session));
    }
  }
  return folders;
}
