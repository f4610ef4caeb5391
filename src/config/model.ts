/** The files of one config, the project's or an included one's, brought together into one tree in its long form. */
import { canonicalTree } from './canonical/canonical.js';
import { followExtends } from './extends.js';
import { type IncludedConfig, takeIncludes } from './include.js';
import { interpolateTree } from './interpolate/interpolate.js';
import type { Loading, Variables } from './loading.js';
import { readDocuments } from './loading.js';
import { dropRepeats, mergeMappings } from './merge/merge.js';
import { applyResets, rememberReplaced, takeTags } from './merge/tags.js';
import { problem } from './problems.js';
import type { Mark } from './read/source.js';
import { fillDefaults } from './resolve/defaults.js';
import { fillVariables } from './resolve/null-variables.js';
import { resolvePaths } from './resolve/paths.js';
import { child, isText, type Mapping, mapping, type Node, withoutKeys } from './tree/node.js';
import { validateTree } from './validate/validate.js';
import { SECTIONS, withoutMistakes } from './without-mistakes.js';

export interface ConfigFile {
  readonly file: string;
  readonly documents: readonly Node[];
}

export interface ModelRequest {
  readonly loading: Loading;
  readonly files: readonly ConfigFile[];
  /** What relative paths start from. */
  readonly folder: string;
  readonly variables: Variables;
  /** The files that included this one, outermost first. */
  readonly trail: readonly string[];
}

/** Mistakes go to the load's problems; what comes back is then without the parts that are wrong. */
export function loadModel(request: ModelRequest): Mapping {
  const { loading, folder, variables } = request;
  const start: Mark = { source: { file: request.files[0]?.file ?? '-', text: '' }, offset: 0 };
  let model = mapping(new Map(), start);
  for (const file of request.files) {
    for (const document of file.documents) {
      const whole = loading.problems.attempt(() => addDocument(model, document, file.file, request));
      if (whole) model = whole;
      else loading.problems.missing(SECTIONS);
    }
  }
  if (request.trail.length > 0) rememberValues(model, request);
  const complete = fillDefaults(model);
  const resolved = loading.options.noPathResolution ? complete : resolvePaths(complete, { folder, home: loading.home });
  return (loading.options.noInterpolate ? resolved : fillVariables(resolved, variables.lookup)) as Mapping;
}

/** What an included file's secrets and configs take from variables, while its own variables are known. */
function rememberValues(model: Mapping, { loading, variables }: ModelRequest): void {
  for (const section of ['secrets', 'configs']) {
    for (const name of namesIn(model, section)) {
      const variable = child(child(child(model, section), name), 'environment');
      const value = isText(variable) ? variables.lookup(variable.value) : undefined;
      if (value !== undefined) loading.includedValues.set(`${section}.${name}`, value);
    }
  }
}

function addDocument(model: Mapping, document: Node, file: string, request: ModelRequest): Mapping {
  const { loading, variables, folder } = request;
  const { problems } = loading;
  const { tree, resets } = takeTags(document);
  const root = topLevel(tree, document);
  const filled = loading.options.noInterpolate ? root : interpolateTree(root, { lookup: variables.lookup, problems });
  const extended = followExtends(filled, { loading, variables, file, folder, resets });
  const trail = [...request.trail, file];
  const whole = takeIncludes(extended as Mapping, { loading, variables, folder, trail }, (config) =>
    loadIncluded(config, loading),
  );
  const below = applyResets(model, resets) as Mapping;
  const merged = rememberReplaced(mergeMappings(below, whole, loading.mergeRules, []), model, resets);
  const unique = dropRepeats(merged, loading.mergeRules) as Mapping;
  validateTree(unique, problems);
  const long = canonicalTree(withoutMistakes(withoutKeys(unique, ['version']), problems), {
    problems,
    lenient: loading.options.noInterpolate === true,
  });
  return withoutMistakes(dropRepeats(long, loading.mergeRules) as Mapping, problems);
}

function topLevel(tree: Node | undefined, document: Node): Mapping {
  if (tree?.kind === 'mapping') return tree;
  throw problem('not-a-mapping', 'A config is a mapping with keys such as "services" at its top.', document.at, [
    'Begin the file with services: and indent the services below it.',
  ]);
}

function loadIncluded(config: IncludedConfig, loading: Loading): Mapping | undefined {
  const files = loading.problems.attempt(() =>
    config.files.map((file) => ({ file, documents: readDocuments(loading, file, config.asked) })),
  );
  if (files === undefined) return undefined;
  const { folder, variables, trail } = config;
  return loadModel({ loading, files, folder, variables, trail });
}

/** The names in a section, as `services` of the tree. */
export const namesIn = (root: Node, section: string): string[] => {
  const node = child(root, section);
  return node?.kind === 'mapping' ? [...node.entries.keys()] : [];
};
