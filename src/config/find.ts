/** Where a project's config is: named by flags or variables, or looked for from the working directory upwards. */
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { type Problems, problem } from './problems.js';
import type { FileReader } from './reader.js';
import { localPath, type Remotes } from './remote/remote.js';

const OWN_NAMES = ['devenv.yml', 'devenv.yaml'] as const;
const COMPOSE_NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'] as const;
const OWN_OVERRIDES = ['devenv.override.yml', 'devenv.override.yaml'] as const;
const COMPOSE_OVERRIDES = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
] as const;

/** A config file of ours and not of Compose: it may have `environments:`. */
export const isOwnFile = (file: string): boolean => /(?:^|\/)devenv(?:\.[\w-]+)?\.ya?ml$/.test(file);

export interface FindRequest {
  readonly reader: FileReader;
  readonly problems: Problems;
  readonly remotes?: Remotes | undefined;
  readonly cwd: string;
  /** `-f`, or else COMPOSE_FILE's; relative to cwd. */
  readonly named: readonly string[];
  /** Where the search starts, when it is not cwd. */
  readonly projectDirectory: string | undefined;
  /** Says that a file found is another program's, by reading it. */
  readonly isForeign: (file: string) => boolean;
}

/** Absolute paths, the main file first; `-` is standard input. Throws UserError `no-config`, `remote-config`, `foreign-config`. */
export function findConfigFiles(request: FindRequest): string[] {
  if (request.named.length > 0) {
    const named = request.named.map((file) => localPath(file, request));
    return named.map((file) => (file === '-' || isAbsolute(file) ? file : resolve(request.cwd, file)));
  }
  const start = request.projectDirectory ?? request.cwd;
  for (let folder = start; ; folder = dirname(folder)) {
    const found = filesIn(folder, request);
    if (found.length > 0) return found;
    if (dirname(folder) === folder) throw noConfig(start);
  }
}

function filesIn(folder: string, request: FindRequest): string[] {
  const { reader } = request;
  const present = (names: readonly string[]) =>
    names.map((name) => join(folder, name)).filter((file) => reader.kind(file) === 'file');
  const own = present(OWN_NAMES).filter((file) => !request.isForeign(file));
  const compose = present(COMPOSE_NAMES);
  const main = own[0] ?? compose[0];
  if (main === undefined) {
    const foreign = present(OWN_NAMES)[0];
    if (foreign) throw foreignConfig(foreign);
    return [];
  }
  warnOfSeveral(own.length > 0 ? own : compose, main, request.problems);
  const override = present(own.length > 0 ? OWN_OVERRIDES : COMPOSE_OVERRIDES);
  warnOfSeveral(override, override[0] ?? '', request.problems);
  return override[0] === undefined ? [main] : [main, override[0]];
}

function warnOfSeveral(files: readonly string[], used: string, problems: Problems): void {
  if (files.length < 2) return;
  problems.warn(`Found multiple config files with supported names: ${files.join(', ')}. Using ${used}`);
}

const noConfig = (start: string): Error =>
  problem('no-config', `There is no config in ${start} or in a folder above it.`, undefined, [
    'Run devenv init to write a devenv.yml, or name a file with -f.',
    `Looked for ${[...OWN_NAMES, ...COMPOSE_NAMES].join(', ')}.`,
  ]);

const foreignConfig = (file: string): Error =>
  problem(
    'foreign-config',
    `${file} belongs to another program of the same name (it has inputs, languages or packages).`,
    { source: { file, text: '' }, offset: 0 },
    ["Put this project's services in devenv.yml or compose.yaml beside it; devenv leaves the other file alone."],
  );
