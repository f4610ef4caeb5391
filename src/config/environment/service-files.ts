/** `env_file` and `label_file` of a service, read into its environment and labels. */
import { resolve } from 'node:path';
import type { Lookup } from '../interpolate/template.js';
import { type Loading, readSource, type Variables } from '../loading.js';
import { problem } from '../problems.js';
import type { Mark, Source } from '../read/source.js';
import { isTree, listAt, type Tree, textAt, treeAt } from '../resolve/tree-access.js';
import { emptyObject, scalarText } from '../tree/plain.js';
import { parseDotenv } from './dotenv.js';
import { parseRaw } from './raw.js';

export interface ServiceFiles {
  readonly loading: Loading;
  readonly variables: Variables;
  readonly locate: (path: readonly string[]) => Mark | undefined;
  /** What a path starts from that nobody has made absolute. */
  readonly folder: string;
}

/** A new service. Mistakes go to the load's problems. */
export function readServiceFiles(service: Tree, name: string, context: ServiceFiles): Tree {
  const result: Tree = { ...service };
  const environment = fromFiles(service, name, context);
  if (environment.size > 0) result.environment = over(environment, treeAt(service, 'environment'));
  const labels = labelsFromFiles(service, name, context);
  if (labels.size > 0) result.labels = over(labels, treeAt(service, 'labels'));
  return result;
}

function over(read: ReadonlyMap<string, string>, own: Tree): Tree {
  const result = emptyObject();
  for (const [key, value] of read) result[key] = value;
  return Object.assign(result, own);
}

/** References see the service's own environment first, then the project's variables, then earlier files. */
function fromFiles(service: Tree, name: string, context: ServiceFiles): Map<string, string> {
  const own = treeAt(service, 'environment');
  const values = new Map<string, string>();
  const lookup: Lookup = (key) => {
    const written = Object.hasOwn(own, key) ? own[key] : undefined;
    if (written !== undefined && written !== null && !isTree(written) && !Array.isArray(written))
      return scalarText(written);
    return context.variables.lookup(key);
  };
  for (const [index, file] of listAt(service, 'env_file').entries()) {
    if (!isTree(file)) continue;
    const at = context.locate(['services', name, 'env_file', String(index)]);
    const read = context.loading.problems.attempt(() =>
      readEnvFile(file, { at, lookup, earlier: (key) => values.get(key) }, context),
    );
    for (const [key, value] of read ?? []) values.set(key, value);
  }
  return values;
}

interface FileContext {
  readonly at: Mark | undefined;
  readonly lookup: Lookup;
  readonly earlier: Lookup;
}

function readEnvFile(file: Tree, { at, lookup, earlier }: FileContext, context: ServiceFiles): Map<string, string> {
  const path = resolve(context.folder, textAt(file, 'path') ?? '');
  const source = sourceOf(path, file.required !== false, at, context);
  if (source === undefined) return new Map();
  const format = textAt(file, 'format');
  if (format === undefined) {
    const missing = (name: string, where: Mark) =>
      context.loading.problems.warn(`The "${name}" variable is not set. Defaulting to a blank string.`, where);
    return parseDotenv(source, { lookup, earlier, missing });
  }
  if (format === 'raw') return parseRaw(source, lookup);
  throw problem('bad-format', `The env file format "${format}" is not known.`, at, [
    'Write format: raw, or leave it out.',
  ]);
}

function sourceOf(
  path: string,
  required: boolean,
  at: Mark | undefined,
  { loading }: ServiceFiles,
): Source | undefined {
  if (!required && loading.reader.kind(path) === undefined) return undefined;
  if (loading.reader.kind(path) === undefined) {
    throw problem('no-such-file', `The env file ${path} is not there.`, at, [
      'Create it, or write {path: …, required: false} when it may be missing.',
    ]);
  }
  return readSource(loading, path, at);
}

function labelsFromFiles(
  service: Tree,
  name: string,
  { loading, locate, variables, folder }: ServiceFiles,
): Map<string, string> {
  const labels = new Map<string, string>();
  for (const [index, path] of listAt(service, 'label_file').entries()) {
    const at = locate(['services', name, 'label_file', String(index)]);
    const read = loading.problems.attempt(() =>
      parseDotenv(readSource(loading, resolve(folder, String(path)), at), {
        lookup: variables.lookup,
        earlier: (key) => labels.get(key),
      }),
    );
    for (const [key, value] of read ?? []) labels.set(key, value);
  }
  return labels;
}
