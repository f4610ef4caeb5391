/** The project's name: Compose Specification, "Version and name top-level elements", and the order in which Compose asks. */
import { basename } from 'node:path';
import { substitute, TemplateError } from './interpolate/template.js';
import type { Variables } from './loading.js';
import { type Problems, problem } from './problems.js';
import { child, isText, type Node } from './tree/node.js';

export interface NameRequest {
  /** `--project-name`. */
  readonly given: string | undefined;
  readonly variables: Variables;
  readonly documents: readonly Node[];
  readonly folder: string;
  readonly problems: Problems;
}

/** `-p` and COMPOSE_PROJECT_NAME have to be right; the last `name:` and the folder's name are made right. Throws UserError `bad-project-name`. */
export function projectName({ given, variables, documents, folder, problems }: NameRequest): string {
  const explicit = given || variables.lookup('COMPOSE_PROJECT_NAME');
  if (explicit) return checked(explicit, given ? '--project-name' : 'COMPOSE_PROJECT_NAME');
  const named = documents
    .map((document) => child(document, 'name'))
    .filter((name) => isText(name) && name.value !== '');
  const last = named.at(-1);
  if (isText(last)) {
    const name = normalisedName(problems.attempt(() => filled(last, variables)) ?? 'unnamed');
    if (name !== '') return name;
    throw problem(
      'bad-project-name',
      `name: ${JSON.stringify(last.value)} leaves nothing that a project can be named by.`,
      last.at,
      ['Set the variables in it, or write a name of letters and digits.'],
    );
  }
  const name = normalisedName(basename(folder));
  if (name !== '') return name;
  throw problem(
    'bad-project-name',
    `The folder's name ${JSON.stringify(basename(folder))} holds nothing that a project can be named by.`,
    undefined,
    ['Add name: NAME at the top of the config, or give --project-name.'],
  );
}

function filled(node: Node & { value: string }, variables: Variables): string {
  try {
    return substitute(node.value, { lookup: variables.lookup });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const code = error.reason === 'required' ? 'required-variable' : 'bad-interpolation';
    throw problem(
      code,
      `name ${error.reason === 'required' ? 'needs' : 'has'} ${error.message}.`,
      node.at,
      error.variable ? [`Set it in the shell or in .env: ${error.variable}=value`] : [],
    );
  }
}

/** Lower case, without what a name cannot hold. */
const normalisedName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^-_a-z0-9]/g, '')
    .replace(/^[_-]+/, '');

function checked(name: string, origin: string): string {
  if (name === normalisedName(name)) return name;
  const better = normalisedName(name);
  throw problem(
    'bad-project-name',
    `${origin} is ${JSON.stringify(name)}, which cannot name a project: it takes lower-case letters, digits, "-" and "_", beginning with a letter or digit.`,
    undefined,
    [better === '' ? 'Choose another name.' : `Use "${better}".`],
  );
}
