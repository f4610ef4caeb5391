/** Flags, variables and files → Project. The stages in their order; each of them is a file beside this one. */

import type { LoadedProject } from '../model/project.js';
import { assemble } from './assemble.js';
import { finalTree } from './canonical/canonical.js';
import { checkResources } from './check/resources.js';
import { chooseEnvironment } from './environments.js';
import { type Loading, readDocuments, type Variables, variablesFrom } from './loading.js';
import { placesIn } from './locate.js';
import { mergeRules } from './merge/merge-rules.js';
import { type ConfigFile, loadModel } from './model.js';
import { Problems, problem } from './problems.js';
import { profilesOf } from './profiles.js';
import { findProject, type ProjectFiles } from './project-files.js';
import { projectName } from './project-name.js';
import { locationOf } from './read/source.js';
import { diskReader, type FileReader, rememberingReader } from './reader.js';
import { withRemotes } from './remote/fetch.js';
import type { Remotes } from './remote/remote.js';
import { normalise } from './resolve/normalise.js';
import type { Tree } from './resolve/tree-access.js';
import type { Mapping } from './tree/node.js';
import { toPlain } from './tree/plain.js';
import type { LoadProject, LoadRequest } from './types.js';
import { withoutMistakes } from './without-mistakes.js';

/** The project as the request describes it, read from disk. Throws UserErrors with everything that is wrong, or UserError. */
export const loadProject: LoadProject = (request) =>
  withRemotes(request, (remotes) => loadFrom(request, diskReader, remotes));

/** As `loadProject`, reading through `reader`. */
export function loadFrom(request: LoadRequest, reader: FileReader, remotes?: Remotes): LoadedProject {
  const remembering = rememberingReader(reader);
  const merged = mergeFiles(request, remembering.reader, remotes);
  const { loading, variables, found, name } = merged;
  const model = withoutMistakes(finalTree(merged.model, loading.problems) as Mapping, loading.problems);
  const places = placesIn(model);
  const parts = assemble(toPlain(model) as Tree, {
    loading,
    variables,
    places,
    name,
    folder: found.folder,
    profiles: profilesOf(request.profiles, variables.lookup('COMPOSE_PROFILES')),
    services: request.services ?? [],
  });
  return {
    project: {
      name,
      workingDir: found.folder,
      configFiles: [...new Set(merged.files.map(({ file }) => file))],
      envFiles: found.envFiles,
      environmentName: merged.environment,
      ...parts,
    },
    warnings: loading.problems.warnings.map(({ text, at }) => (at ? { text, location: locationOf(at) } : { text })),
    locate: places.locateText,
    variables: variables.values,
    files: [...remembering.files],
  };
}

/** The merged config as `config --no-interpolate` shows it: nothing filled in, decoded or left out. Throws UserErrors, UserError. */
export function loadRaw(request: LoadRequest, reader: FileReader = diskReader, remotes?: Remotes): Tree {
  const { model, name, loading, variables } = loadMerged(
    { ...request, options: { ...request.options, noInterpolate: true } },
    reader,
    remotes,
  );
  const tree = toPlain(model) as Tree;
  checkResources({ model: tree, problems: loading.problems, locate: placesIn(model).locate });
  loading.problems.throwIfAny();
  return { ...(loading.options.noNormalize ? tree : normalise(tree, name, variables.lookup)), name };
}

export interface Merged extends ReadFiles {
  readonly loading: Loading;
  readonly found: ProjectFiles;
  readonly name: string;
  readonly variables: Variables;
  readonly model: Mapping;
}

/** The files brought together, before short forms become long and services are chosen. Throws UserErrors, UserError. */
export function loadMerged(request: LoadRequest, reader: FileReader, remotes?: Remotes): Merged {
  const merged = mergeFiles(request, reader, remotes);
  merged.loading.problems.throwIfAny();
  return merged;
}

/** As `loadMerged`; mistakes are left in the load's problems, and out of the model. */
function mergeFiles(request: LoadRequest, reader: FileReader, remotes?: Remotes): Merged {
  const problems = new Problems();
  const options = request.options ?? {};
  const loading: Loading = {
    reader,
    problems,
    options,
    mergeRules: mergeRules(options.noInterpolate),
    home: request.env.HOME,
    includedValues: new Map(),
    remotes,
  };
  const found = findProject(request, loading);
  const read = readFiles(request, found, loading);
  const documents = read.files.flatMap((file) => file.documents);
  const naming = { given: request.projectName, variables: found.variables, documents, folder: found.folder, problems };
  const name = projectName(naming);
  const variables = variablesFrom({ ...found.variables.values, COMPOSE_PROJECT_NAME: name });
  const model = loadModel({ loading, files: read.files, folder: found.folder, variables, trail: [] });
  if (model.entries.size === 0) {
    problems.throwIfAny();
    throw emptyConfig(read.files);
  }
  return { ...read, loading, found, name, variables, model };
}

export interface ReadFiles {
  readonly files: readonly ConfigFile[];
  readonly environment: string | undefined;
}

/** All files are read before any is worked on, so that broken YAML in two of them is told of at once. */
function readFiles(request: LoadRequest, found: ProjectFiles, loading: Loading): ReadFiles {
  const { problems } = loading;
  const files = found.files.map((file) => ({
    file,
    documents: problems.attempt(() => readDocuments(loading, file)) ?? [],
  }));
  problems.throwIfAny();
  const asked = request.environment ?? found.variables.lookup('DEVENV_ENV');
  const chosen = chooseEnvironment({ loading, files, asked, named: request.files.length > 0 });
  return { files: chosen.files, environment: chosen.name };
}

function emptyConfig(files: readonly ConfigFile[]): Error {
  const file = files[0]?.file ?? '-';
  return problem('empty-config', 'The config is empty.', { source: { file, text: '' }, offset: 0 }, [
    'Begin it with services: and indent the services below it.',
  ]);
}
