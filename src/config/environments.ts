/**
 * Named environments of a project, each an overlay that is merged as an override file would be: `environments:` in devenv.yml, and
 * `compose.<env>.yaml` beside the main file.
 */
import { dirname, extname, join } from 'node:path';
import { isOwnFile } from './find.js';
import { type Loading, readDocuments } from './loading.js';
import { takeTags } from './merge/tags.js';
import type { ConfigFile } from './model.js';
import { Problems, problem } from './problems.js';
import { child, isNull, type Mapping, type Node, withoutKeys } from './tree/node.js';
import { nearest } from './validate/suggest.js';
import { validateTree } from './validate/validate.js';

export interface EnvironmentRequest {
  readonly loading: Loading;
  readonly files: readonly ConfigFile[];
  /** `--env` or DEVENV_ENV; undefined: `dev`, when there is one. */
  readonly asked: string | undefined;
  /** Files were named with -f: then none is looked for beside them. */
  readonly named: boolean;
}

export interface EnvironmentChoice {
  /** The files without `environments:`, with the overlay after them. */
  readonly files: readonly ConfigFile[];
  readonly name: string | undefined;
}

/** Throws UserError `unknown-environment`, `not-a-mapping`. */
export function chooseEnvironment(request: EnvironmentRequest): EnvironmentChoice {
  const wanted = request.asked ?? 'dev';
  const main = request.files[0]?.file ?? '-';
  // A Compose project means what it means to Compose: there no overlay is taken that nobody asked for.
  const look = request.asked !== undefined || (!request.named && isOwnFile(main));
  const beside = look ? fileBeside(request, wanted) : undefined;
  const known = new Set<string>(beside ? [wanted] : []);
  const overlays: ConfigFile[] = [];
  const files = request.files.map((file) => {
    if (!isOwnFile(file.file)) return file;
    const taken = file.documents.map((document) => takeEnvironments(document, wanted, known, request.loading.problems));
    const documents = taken.flatMap(({ overlay }) => (overlay ? [overlay] : []));
    if (documents.length > 0) overlays.push({ file: file.file, documents });
    return { file: file.file, documents: taken.map(({ document }) => document) };
  });
  if (beside) overlays.push({ file: beside, documents: readDocuments(request.loading, beside) });
  if (overlays.length > 0) return { files: [...files, ...overlays], name: wanted };
  if (request.asked !== undefined && !known.has(wanted)) throw unknown(wanted, known, request);
  return { files, name: known.has(wanted) ? wanted : undefined };
}

function takeEnvironments(
  document: Node,
  wanted: string,
  known: Set<string>,
  problems: Problems,
): { document: Node; overlay: Mapping | undefined } {
  const environments = child(document, 'environments');
  if (document.kind !== 'mapping' || environments === undefined) return { document, overlay: undefined };
  if (environments.kind !== 'mapping') {
    throw problem('not-a-mapping', 'environments is a mapping from names to what differs in them.', environments.at, [
      'Write environments: {dev: {services: …}}.',
    ]);
  }
  for (const [name, { value }] of environments.entries) {
    known.add(name);
    if (name !== wanted) checkKeys(value, problems);
  }
  const overlay = environments.entries.get(wanted)?.value;
  const rest = withoutKeys(document, ['environments']);
  if (overlay === undefined || isNull(overlay)) return { document: rest, overlay: undefined };
  if (overlay.kind === 'mapping') return { document: rest, overlay };
  throw problem('not-a-mapping', `environments.${wanted} is a mapping with keys such as "services".`, overlay.at, [
    'Write what differs below it.',
  ]);
}

/**
 * A misspelt key of an environment that is not taken now would be found on the day when it is. Values are left: variables
 * may stand in them that only its own machine has.
 */
function checkKeys(overlay: Node, problems: Problems): void {
  const { tree } = takeTags(overlay);
  if (tree === undefined || isNull(tree)) return;
  const found = new Problems();
  validateTree(tree, found);
  for (const error of found.errors) if (error.code === 'unknown-key') problems.addError(error);
}

/** `compose.<env>.yaml` beside `compose.yaml`, `devenv.<env>.yml` beside `devenv.yml`, with either ending. */
function fileBeside({ loading, files }: EnvironmentRequest, name: string): string | undefined {
  const main = files[0]?.file;
  if (main === undefined || main === '-' || !/^[\w-]+$/.test(name) || name === 'override') return undefined;
  const stem = main.slice(dirname(main).length + 1).replace(extname(main), '');
  const endings = extname(main) === '.yml' ? ['.yml', '.yaml'] : ['.yaml', '.yml'];
  return endings
    .map((ending) => join(dirname(main), `${stem}.${name}${ending}`))
    .find((file) => loading.reader.kind(file) === 'file');
}

function unknown(name: string, known: ReadonlySet<string>, { files }: EnvironmentRequest): Error {
  const near = nearest(name, known);
  const names = [...known].join(', ');
  return problem(
    'unknown-environment',
    `There is no environment "${name}"${names ? '' : ' in this project'}.`,
    undefined,
    [
      near
        ? `Did you mean "${near}"?`
        : names
          ? `Environments: ${names}.`
          : `Add environments: {${name}: …} to ${files[0]?.file ?? 'devenv.yml'}.`,
    ],
  );
}
