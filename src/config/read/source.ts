/** Where text came from, and how an offset in it becomes a place that a person can open. */
import type { Location } from '../../errors.js';

export interface Source {
  /** Absolute path, or `-` for standard input. */
  readonly file: string;
  readonly text: string;
}

/** A character offset in a source; cheap to keep for every node, turned into line and column only when shown. */
export interface Mark {
  readonly source: Source;
  readonly offset: number;
}

/** Line and column count from 1; a column counts UTF-16 units, as editors do. */
export function locationOf(mark: Mark): Location {
  const { file, text } = mark.source;
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < mark.offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  return { file, line, column: mark.offset - lineStart + 1 };
}
