/** The corpus of Compose projects beside the repository: its cases, run through the loader in this process. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { loadFrom, loadRaw } from '../../../src/config/load.js';
import { projectJson, rawJson } from '../../../src/config/print/json.js';
import type { FileReader } from '../../../src/config/reader.js';
import type { LoadOptions, LoadRequest } from '../../../src/config/types.js';

export interface CorpusCase {
  readonly name: string;
  readonly args: readonly string[];
  readonly configArgs?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly expect: { readonly exit: number; readonly stderr: readonly string[] };
}

/** Undefined when the corpus is not on this machine. */
export function corpusFolder(): string | undefined {
  const folder = process.env.DEVENV_CORPUS ?? new URL('../../../../../shared/corpus/compose', import.meta.url).pathname;
  return existsSync(folder) ? folder : undefined;
}

export function corpusCases(folder: string): CorpusCase[] {
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'case.json')))
    .sort()
    .map((name) => ({ name, ...JSON.parse(readFileSync(join(folder, name, 'case.json'), 'utf8')) }));
}

/** Folders of its own above each case, so that `..` in a path stays recognisable in what is printed. */
const ABOVE = '/corpus-root/up5/up4/up3/up2/up1';

/** The case's folder under a made-up path; what belongs to the corpus and not to the project is not there. */
function caseReader(folder: string, dir: string): FileReader {
  const real = (path: string): string | undefined => {
    const inside = relative(dir, path);
    if (inside.startsWith('..')) return undefined;
    return inside === 'case.json' || inside === 'golden.json' ? undefined : join(folder, inside);
  };
  return {
    read: (path) => readFileSync(real(path) ?? '/nonexistent', 'utf8'),
    kind: (path) => {
      const file = real(path);
      const stat = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? undefined : stat.isDirectory() ? 'folder' : 'file';
    },
  };
}

/** What the command would print, with the case's folder written as the corpus writes it. Throws what the loader throws. */
export function runCase(corpus: string, one: CorpusCase): string {
  const dir = join(ABOVE, one.name);
  const request = requestOf(one, dir);
  const reader = caseReader(join(corpus, one.name), dir);
  const text = request.options?.noInterpolate
    ? rawJson(loadRaw(request, reader))
    : projectJson(loadFrom(request, reader).project);
  return placeless(text, dir);
}

export const golden = (corpus: string, one: CorpusCase): string =>
  readFileSync(join(corpus, one.name, 'golden.json'), 'utf8');

function requestOf(one: CorpusCase, dir: string): LoadRequest {
  const inPlace = (text: string) => text.replaceAll('@DIR@', dir);
  const cwd = join(dir, one.cwd ?? '');
  const env: Record<string, string> = { PATH: '@PATH@', HOME: '/home/corpus', PWD: cwd };
  for (const [name, value] of Object.entries(one.env)) env[name] = inPlace(value);
  const given = new Map<string, string[]>();
  const args = one.args.map(inPlace);
  while (args.length > 0) {
    const flag = args.shift()!;
    const value = flag === '--compatibility' || flag === '--all-resources' ? '' : args.shift()!;
    given.set(flag, [...(given.get(flag) ?? []), value]);
  }
  const configArgs = one.configArgs ?? [];
  const has = (flag: string) => configArgs.includes(flag);
  const options: LoadOptions = {
    noInterpolate: has('--no-interpolate'),
    // The reference leaves this stage out for --compatibility, too.
    noNormalize: has('--no-normalize') || given.has('--compatibility'),
    noPathResolution: has('--no-path-resolution'),
    noEnvResolution: has('--no-env-resolution'),
    noConsistency: has('--no-consistency'),
    allResources: given.has('--all-resources'),
  };
  const last = (flag: string) => given.get(flag)?.at(-1);
  return {
    cwd,
    files: [...(given.get('-f') ?? []), ...(given.get('--file') ?? [])],
    envFiles: given.get('--env-file') ?? [],
    profiles: given.get('--profile') ?? [],
    env,
    services: configArgs.filter((arg) => !arg.startsWith('--')),
    options,
    ...(last('-p') === undefined ? {} : { projectName: last('-p')! }),
    ...(last('--project-directory') === undefined ? {} : { projectDirectory: last('--project-directory')! }),
  };
}

function placeless(text: string, dir: string): string {
  let result = text;
  let folder = dir;
  for (let token = '@DIR@'; folder !== '/'; token += '/..') {
    result = result.replaceAll(folder, token);
    folder = join(folder, '..');
  }
  return result;
}
