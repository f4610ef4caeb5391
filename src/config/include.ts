/** `include`: Compose Specification, "include". Each entry is a config of its own, with its folder and its variables. */
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { readEnvFiles } from './environment/env-files.js';
import { type Loading, type Variables, variablesFrom } from './loading.js';
import { problem } from './problems.js';
import type { Mark } from './read/source.js';
import { localPath } from './remote/remote.js';
import { child, isNull, isText, type Mapping, mapping, type Node, withEntries, withoutKeys } from './tree/node.js';
import { type Plain, toPlain } from './tree/plain.js';
import { SECTIONS } from './without-mistakes.js';

export interface IncludeContext {
  readonly loading: Loading;
  readonly variables: Variables;
  /** What relative paths start from. */
  readonly folder: string;
  /** The files that led here, for circles. */
  readonly trail: readonly string[];
}

/** What an entry stands for: a config to load by itself. */
export interface IncludedConfig {
  readonly files: readonly string[];
  readonly asked: Mark;
  readonly folder: string;
  readonly variables: Variables;
  readonly trail: readonly string[];
}

/** The file's tree with what it includes taken in. `load` loads one entry. Mistakes go to the load's problems. */
export function takeIncludes(
  root: Mapping,
  context: IncludeContext,
  load: (config: IncludedConfig) => Mapping | undefined,
): Mapping {
  const include = child(root, 'include');
  if (include === undefined) return root;
  if (isNull(include)) return withoutKeys(root, ['include']);
  let result = withoutKeys(root, ['include']);
  const { problems } = context.loading;
  for (const entry of include.kind === 'sequence' ? include.items : []) {
    const config = problems.attempt(() => configOf(entry, context));
    const included = config && load(config);
    const whole = included && problems.attempt(() => takeIn(result, included));
    if (whole) result = whole;
    else problems.missing(SECTIONS);
  }
  if (include.kind !== 'sequence') return root;
  return result;
}

/** Texts of a text or of a list of them. */
const textsOf = (node: Node | undefined): (Node & { value: string })[] =>
  node === undefined ? [] : node.kind === 'sequence' ? node.items.filter(isText) : isText(node) ? [node] : [];

function configOf(entry: Node, context: IncludeContext): IncludedConfig {
  const paths = isText(entry) ? [entry] : textsOf(child(entry, 'path'));
  if (paths.length === 0) {
    throw problem('bad-include', 'An include needs the path of a file.', entry.at, [
      'Write - path/to/compose.yaml or - path: path/to/compose.yaml.',
    ]);
  }
  const files = paths.map((path) => resolve(context.folder, localPath(path.value, context.loading, path.at)));
  const main = files[0]!;
  if (context.trail.includes(main)) {
    const circle = [...context.trail, main].map((file) => file.split('/').at(-1)).join(' includes ');
    throw problem('include-cycle', `The files include each other in a circle: ${circle}.`, paths[0]!.at, [
      'Remove one of these includes.',
    ]);
  }
  const named = child(entry, 'project_directory');
  const folder = isText(named) && named.value !== '' ? resolve(context.folder, named.value) : dirname(main);
  // As in the reference, the paths in it start a level higher when there is no such folder.
  const start = context.loading.reader.kind(folder) === 'folder' ? folder : dirname(folder);
  return {
    files,
    asked: paths[0]!.at,
    folder: start,
    variables: variablesOf(entry, folder, context),
    trail: context.trail,
  };
}

/** The including config's variables come first, then the entry's own env files, or the `.env` of its folder. */
function variablesOf(entry: Node, folder: string, { loading, variables, folder: from }: IncludeContext): Variables {
  const named = textsOf(child(entry, 'env_file')).filter((file) => file.value !== '/dev/null');
  const files = named.map((file) => ({
    path: isAbsolute(file.value) ? file.value : resolve(from, file.value),
    asked: file.at,
  }));
  const own = join(folder, '.env');
  const given = child(entry, 'env_file') !== undefined;
  if (!given && loading.reader.kind(own) === 'file') files.push({ path: own, asked: entry.at });
  if (files.length === 0) return variables;
  return variablesFrom({ ...readEnvFiles(loading, files, variables.lookup), ...variables.values });
}

/** Throws UserError `include-conflict` where both define the same thing differently. */
function takeIn(root: Mapping, included: Mapping): Mapping {
  let result = root;
  for (const section of SECTIONS) {
    const theirs = child(included, section);
    if (theirs?.kind !== 'mapping') continue;
    const own = child(result, section);
    const ours = own?.kind === 'mapping' ? own : mapping(new Map(), theirs.at);
    const added: [string, Node][] = [];
    for (const [name, entry] of theirs.entries) {
      const conflict = ours.entries.get(name);
      if (conflict === undefined) added.push([name, entry.value]);
      else if (!sameValue(toPlain(conflict.value), toPlain(entry.value)))
        throw conflictOf(section, name, conflict.key, entry.key);
    }
    result = withEntries(result, [[section, withEntries(ours, added)]]);
  }
  return result;
}

const conflictOf = (section: string, name: string, ours: Mark, theirs: Mark): Error =>
  problem(
    'include-conflict',
    `${section}.${name} is defined here and, differently, in the included ${theirs.source.file}.`,
    ours,
    ['Rename one of them, or change the included one in an override file (compose.override.yaml).'],
  );

function sameValue(a: Plain, b: Plain): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => sameValue(item, b[index]!))
    );
  }
  if (a instanceof Date || b instanceof Date) return String(a) === String(b);
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && sameValue(a[key]!, b[key]!));
}
