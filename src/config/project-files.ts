/** The variables and files of a project, found in the order in which Compose asks for them. */
import { isAbsolute, join, resolve } from 'node:path';
import { readEnvFiles } from './environment/env-files.js';
import { findConfigFiles } from './find.js';
import { folderOf, type Loading, readDocuments, type Variables, variablesFrom } from './loading.js';
import { problem } from './problems.js';
import { isRemote } from './remote/remote.js';
import { child } from './tree/node.js';
import type { LoadRequest } from './types.js';

export interface ProjectFiles {
  readonly files: readonly string[];
  /** Absolute. */
  readonly folder: string;
  readonly variables: Variables;
  readonly envFiles: readonly string[];
}

/**
 * `.env` is read twice: beside the file that `-f` names or in the working directory first, because it may hold COMPOSE_FILE, then in the
 * project's folder; what came first wins, and the shell wins over both. Throws UserError.
 */
export function findProject(request: LoadRequest, loading: Loading): ProjectFiles {
  const shell = definedOnly(request.env);
  const given = request.projectDirectory === undefined ? undefined : resolve(request.cwd, request.projectDirectory);
  const firstFile = request.files[0];
  const beside =
    firstFile === undefined || firstFile === '-' || isRemote(firstFile)
      ? request.cwd
      : folderOf(resolve(request.cwd, firstFile), request.cwd);
  const first = withEnvFiles(request, given ?? beside, shell, loading);
  const files = findConfigFiles({
    reader: loading.reader,
    problems: loading.problems,
    remotes: loading.remotes,
    cwd: request.cwd,
    named: request.files.length > 0 ? request.files : filesOfVariable(first.values),
    projectDirectory: given,
    isForeign: (file) => isForeign(file, loading),
  });
  const folder = given ?? folderOf(files[0]!, request.cwd);
  const second = withEnvFiles(request, folder, first.values, loading);
  return {
    files,
    folder,
    variables: variablesFrom(second.values),
    envFiles: [...new Set([...first.files, ...second.files])],
  };
}

const definedOnly = (env: LoadRequest['env']): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));

function filesOfVariable(values: Readonly<Record<string, string>>): string[] {
  const separator = values.COMPOSE_PATH_SEPARATOR || ':';
  return (values.COMPOSE_FILE ?? '').split(separator).filter((file) => file !== '');
}

interface EnvLayer {
  readonly values: Record<string, string>;
  readonly files: readonly string[];
}

function withEnvFiles(
  request: LoadRequest,
  folder: string,
  values: Record<string, string>,
  loading: Loading,
): EnvLayer {
  const files = envFilesOf(request, folder, values, loading);
  const lookup = variablesFrom(values).lookup;
  const read = readEnvFiles(
    loading,
    files.map((path) => ({ path })),
    lookup,
  );
  return { values: { ...read, ...values }, files };
}

function envFilesOf(request: LoadRequest, folder: string, values: Record<string, string>, loading: Loading): string[] {
  const named =
    request.envFiles.length > 0
      ? request.envFiles
      : (values.COMPOSE_ENV_FILES ?? '').split(',').filter((file) => file !== '');
  if (named.length > 0) {
    const files = named.map((file) => (isAbsolute(file) ? file : resolve(request.cwd, file)));
    for (const file of files) {
      if (loading.reader.kind(file) === undefined) {
        throw problem('no-such-file', `There is no env file ${file}.`, undefined, [
          'Create it, or correct --env-file.',
        ]);
      }
    }
    return files;
  }
  if (isTrue(values.COMPOSE_DISABLE_ENV_FILE)) return [];
  const own = join(folder, '.env');
  return loading.reader.kind(own) === 'file' ? [own] : [];
}

const isTrue = (text: string | undefined): boolean => /^(?:1|t|true|y|yes)$/i.test(text ?? '');

/** A `devenv.yaml` with the other program's keys and none of ours. */
function isForeign(file: string, loading: Loading): boolean {
  try {
    const root = readDocuments(loading, file)[0];
    if (child(root, 'services') || child(root, 'include')) return false;
    return ['inputs', 'languages', 'packages', 'imports', 'processes'].some((key) => child(root, key) !== undefined);
  } catch {
    // Not readable as YAML: whoever it belongs to, reading it for real will say what is wrong.
    return false;
  }
}
