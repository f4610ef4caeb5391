/** What the stages of one load share. */
import { dirname } from 'node:path';
import type { Lookup } from './interpolate/template.js';
import type { MergeRule } from './merge/merge-rules.js';
import { type Problems, problem } from './problems.js';
import type { Mark, Source } from './read/source.js';
import { readYaml } from './read/yaml.js';
import type { FileReader } from './reader.js';
import type { Remotes } from './remote/remote.js';
import type { Node } from './tree/node.js';
import type { Rules } from './tree/rules.js';
import type { LoadOptions } from './types.js';

export interface Loading {
  readonly reader: FileReader;
  readonly problems: Problems;
  readonly options: LoadOptions;
  readonly mergeRules: Rules<MergeRule>;
  /** `~`. */
  readonly home: string | undefined;
  /** Grows as included files are read: see `Project.includedValues`. */
  readonly includedValues: Map<string, string>;
  /** What was fetched for this load. */
  readonly remotes?: Remotes | undefined;
}

/** The variables of a config: the project's own, or an included one's. */
export interface Variables {
  readonly lookup: Lookup;
  /** All of them. */
  readonly values: Readonly<Record<string, string>>;
}

export function variablesFrom(values: Readonly<Record<string, string>>): Variables {
  return { values, lookup: (name) => (Object.hasOwn(values, name) ? values[name] : undefined) };
}

/** A file of the config. `asked` is who names it, for the complaint when it is not there. Throws UserError `no-such-file`, `unreadable-file`. */
export function readSource(loading: Loading, file: string, asked?: Mark): Source {
  try {
    return { file, text: loading.reader.read(file) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw problem('no-such-file', `There is no file ${file}.`, asked, [
        `Create it, or correct the path${asked ? '' : ' after -f'}.`,
      ]);
    }
    if (code === 'EISDIR')
      throw problem('unreadable-file', `${file} is a folder, not a file.`, asked, ['Name a file in it.']);
    if (code === undefined) throw error;
    throw problem('unreadable-file', `${file} cannot be read (${code}).`, asked, ['Check its permissions.']);
  }
}

export const readDocuments = (loading: Loading, file: string, asked?: Mark): Node[] =>
  readYaml(readSource(loading, file, asked));

export const folderOf = (file: string, standardInputFolder: string): string =>
  file === '-' ? standardInputFolder : dirname(file);
