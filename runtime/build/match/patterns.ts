/**
 * `.dockerignore` and `--exclude`: ordered patterns, `!` takes back, `**` any number of folders, and a path below
 * a matched folder is matched too (the rules of moby's patternmatcher). Paths are relative with `/`.
 */
import { posix } from 'node:path';
import { literal } from './glob.js';

interface Pattern {
  readonly expression: RegExp;
  readonly exception: boolean;
  /** Leading part without wildcards, for telling whether anything below a folder could match. */
  readonly prefix: string;
}

export class PatternSet {
  private readonly patterns: readonly Pattern[];
  private readonly exceptions: readonly Pattern[];

  /** Throws a sentence for a lone `!` or a broken `[`. */
  constructor(lines: readonly string[]) {
    this.patterns = lines
      .map(clean)
      .filter((line) => line !== '')
      .map(compile);
    this.exceptions = this.patterns.filter((pattern) => pattern.exception);
  }

  get empty(): boolean {
    return this.patterns.length === 0;
  }

  /** Whether the path, or a folder above it, is matched and not taken back by a later `!`. */
  matches(path: string): boolean {
    const paths = selfAndParents(path);
    let matched = false;
    for (const pattern of this.patterns) {
      if (pattern.exception === matched && paths.some((one) => pattern.expression.test(one)))
        matched = !pattern.exception;
    }
    return matched;
  }

  /** Whether a matched folder may still hold something that a `!` takes back. */
  mayHoldExceptions(folder: string): boolean {
    return this.exceptions.some(
      ({ prefix }) => prefix === '' || prefix.startsWith(`${folder}/`) || `${folder}/`.startsWith(prefix),
    );
  }
}

/** Lines of a `.dockerignore`: comments start in the first column, blanks around a pattern do not count. */
export function ignoreLines(text: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(normaliseIgnoreLine);
}

function normaliseIgnoreLine(line: string): string {
  const exception = line.startsWith('!');
  const bare = exception ? line.slice(1).trim() : line;
  if (bare === '') return line;
  const cleaned = posix.normalize(bare).replace(/(?<=.)\/$/, '');
  return (exception ? '!' : '') + (cleaned.length > 1 ? cleaned.replace(/^\//, '') : cleaned);
}

function clean(line: string): string {
  const trimmed = line.trim();
  if (trimmed === '!') throw new Error('illegal exclusion pattern: "!"');
  const exception = trimmed.startsWith('!');
  const bare = exception ? trimmed.slice(1) : trimmed;
  if (bare === '') return '';
  const normal = posix.normalize(bare).replace(/(?<=.)\/$/, '');
  return exception ? `!${normal}` : normal;
}

function selfAndParents(path: string): string[] {
  const paths = [path];
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) paths.push(path.slice(0, at));
  return paths;
}

function compile(line: string): Pattern {
  const exception = line.startsWith('!');
  const text = exception ? line.slice(1) : line;
  const firstWildcard = text.search(/[*?[\\]/);
  const prefix = firstWildcard < 0 ? text : text.slice(0, text.lastIndexOf('/', firstWildcard) + 1);
  return { expression: translate(text), exception, prefix };
}

function translate(pattern: string): RegExp {
  let source = '';
  for (let position = 0; position < pattern.length; position++) {
    const char = pattern[position]!;
    if (char === '*' && pattern[position + 1] === '*') {
      position++;
      if (pattern[position + 1] === '/') position++;
      source += position + 1 >= pattern.length ? '.*' : '(.*\\/)?';
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '\\' && position + 1 < pattern.length) source += literal(pattern[++position]!);
    else source += char === '[' || char === ']' || char === '^' ? char : literal(char);
  }
  try {
    return new RegExp(`^${source}$`, 's');
  } catch (cause) {
    throw new Error(`syntax error in pattern: ${pattern}`, { cause });
  }
}
