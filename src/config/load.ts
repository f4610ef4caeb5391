/** Flags, variables and files → Project. The stages in their order; each of them is a file beside this one. */

import type { LoadedProject } from '../model/project.js';
import { assemble } from './assemble.js';
import { chooseEnvironment } from './environments.js';
import { type Loading, readDocuments, variablesFrom } from './loading.js';
import { placesIn } from './locate.js';
import { mergeRules } from './merge/merge-rules.js';
import { type ConfigFile, loadModel } from './model.js';
import { Problems, problem } from './problems.js';
import { profilesOf } from './profiles.js';
import { findProject, type ProjectFiles } from './project-files.js';
import { projectName } from './project-name.js';
import { locationOf } from './read/source.js';
import { diskReader, type FileReader } from './reader.js';
import type { Tree } from './resolve/tree-access.js';
import { toPlain } from './tree/plain.js';
import type { LoadProject, LoadRequest } from './types.js';

/** The project as the request describes it, read from disk. Throws UserErrors with everything that is wrong, or UserError. */
export const loadProject: LoadProject = async (request) => loadFrom(request, diskReader);

/** As `loadProject`, reading through `reader`. */
export function loadFrom(request: LoadRequest, reader: FileReader): LoadedProject {
  const problems = new Problems();
  const loading: Loading = {
    reader,
    problems,
    options: request.options ?? {},
    mergeRules: mergeRules(),
    home: request.env.HOME,
  };
  const found = findProject(request, loading);
  const { files, environment } = readFiles(request, found, loading);
  const documents = files.flatMap((file) => file.documents);
  const name = projectName({
    given: request.projectName,
    variables: found.variables,
    documents,
    folder: found.folder,
    problems,
  });
  const variables = variablesFrom({ ...found.variables.values, COMPOSE_PROJECT_NAME: name });
  const model = loadModel({ loading, files, folder: found.folder, variables, trail: [] });
  problems.throwIfAny();
  if (model.entries.size === 0) throw emptyConfig(files);
  const places = placesIn(model);
  const profiles = profilesOf(request.profiles, variables.lookup('COMPOSE_PROFILES'));
  const parts = assemble(toPlain(model) as Tree, {
    loading,
    variables,
    places,
    name,
    profiles,
    services: request.services ?? [],
  });
  return {
    project: {
      name,
      workingDir: found.folder,
      configFiles: [...new Set(files.map(({ file }) => file))],
      envFiles: found.envFiles,
      environmentName: environment,
      ...parts,
    },
    warnings: problems.warnings.map(({ text, at }) => (at ? { text, location: locationOf(at) } : { text })),
    locate: places.locateText,
    variables: variables.values,
  };
}

interface ReadFiles {
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
