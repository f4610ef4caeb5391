/**
 * `.dockerignore`: one pattern a line, `#` comments, `!` exceptions, the last match wins; `**` crosses folders; a
 * match of a folder covers all below it (Dockerfile reference, ".dockerignore file").
 */
export interface IgnorePatterns {
  /** Whether the path (relative, `/` between its parts) is left out. */
  readonly ignores: (path: string) => boolean;
  /** Whether a folder that is ignored may be skipped whole: no exception can match below it. */
  readonly mayPrune: (folder: string) => boolean;
}

interface Pattern {
  readonly test: RegExp;
  readonly negative: boolean;
  /** The part before the first wildcard. */
  readonly fixed: string;
}

export function parseIgnorePatterns(text: string): IgnorePatterns {
  const patterns = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((line) => parsePattern(line) ?? []);
  const exceptions = patterns.filter((pattern) => pattern.negative);
  return {
    ignores: (path) => {
      let ignored = false;
      for (const pattern of patterns)
        if (pattern.negative === ignored && pattern.test.test(path)) ignored = !pattern.negative;
      return ignored;
    },
    mayPrune: (folder) =>
      !exceptions.some(({ fixed }) => fixed.startsWith(`${folder}/`) || folder.startsWith(fixed) || fixed === ''),
  };
}

function parsePattern(line: string): Pattern | undefined {
  if (line.startsWith('#')) return undefined;
  let written = line.trim();
  const negative = written.startsWith('!');
  if (negative) written = written.slice(1).trim();
  const clean = cleanPath(written);
  if (clean === '' || clean === '.') return undefined;
  return { test: toRegExp(clean), negative, fixed: /^[^*?[\\]*/.exec(clean)?.[0] ?? '' };
}

/** Go's filepath.Clean without a leading slash. */
function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

function toRegExp(pattern: string): RegExp {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at]!;
    if (char === '*' && pattern[at + 1] === '*') {
      at += 1;
      if (pattern[at + 1] === '/') at += 1;
      source += at + 1 >= pattern.length ? '.*' : '(?:.*/)?';
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const end = pattern.indexOf(']', at + 2);
      source += end < 0 ? '\\[' : pattern.slice(at, end + 1).replace(/^\[!/, '[^');
      if (end >= 0) at = end;
    } else if (char === '\\' && at + 1 < pattern.length) {
      at += 1;
      source += quoted(pattern[at]!);
    } else source += quoted(char);
  }
  return new RegExp(`^${source}(?:/.*)?$`, 's');
}

const quoted = (char: string) => char.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
