/** Env files of the project: `.env`, `--env-file`, and those of an include. */
import type { Lookup } from '../interpolate/template.js';
import { type Loading, readSource } from '../loading.js';
import { problem } from '../problems.js';
import type { Mark } from '../read/source.js';
import { parseDotenv } from './dotenv.js';

export interface EnvFile {
  readonly path: string;
  /** Who names it. */
  readonly asked?: Mark;
}

/** All variables of the files, a later file winning. References see `lookup` first, then earlier lines, then earlier files. Throws UserError. */
export function readEnvFiles(loading: Loading, files: readonly EnvFile[], lookup: Lookup): Record<string, string> {
  const values: Record<string, string> = {};
  for (const file of files) {
    if (loading.reader.kind(file.path) === 'folder') {
      throw problem('unreadable-file', `The env file ${file.path} is a folder.`, file.asked, ['Name a file.']);
    }
    const source = readSource(loading, file.path, file.asked);
    const earlier: Lookup = (name) => (Object.hasOwn(values, name) ? values[name] : undefined);
    const missing = (name: string, at: Mark) =>
      loading.problems.warn(`The "${name}" variable is not set. Defaulting to a blank string.`, at);
    for (const [name, value] of parseDotenv(source, { lookup, earlier, missing })) values[name] = value;
  }
  return values;
}
