/** All that the loader reads from disk goes through here, so that its stages can be run on files that exist nowhere. */
import { readFileSync, statSync } from 'node:fs';

/**
 * Reading is synchronous on purpose: a load reads a handful of small files one after the other and nothing else runs meanwhile;
 * it costs a tenth of what promises do.
 */
export interface FileReader {
  /** UTF-8 text; throws with `code` ENOENT, EISDIR, EACCES as `node:fs` does. `-` is standard input. */
  readonly read: (path: string) => string;
  readonly kind: (path: string) => 'file' | 'folder' | undefined;
}

export const diskReader: FileReader = {
  read: (path) => readFileSync(path === '-' ? 0 : path, 'utf8'),
  kind: (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat === undefined ? undefined : stat.isDirectory() ? 'folder' : 'file';
  },
};

/** As `reader`; `files` grows by every path that was read through it, whether there was something or not. */
export function rememberingReader(reader: FileReader): { readonly reader: FileReader; readonly files: Set<string> } {
  const files = new Set<string>();
  const read = (path: string) => {
    files.add(path);
    return reader.read(path);
  };
  return { reader: { read, kind: reader.kind }, files };
}
