/** The glob patterns of `${name#pattern}` and its kin: `*`, `?`, backslash escapes (POSIX shell, 2.13.1 without brackets). */

/** Removes the shortest or longest match at the front. */
export function stripPrefix(value: string, pattern: string, longest: boolean): string {
  const match = new RegExp(`^${translate(pattern, longest)}`, 's').exec(value);
  return match === null ? value : value.slice(match[0].length);
}

/** Removes the shortest or longest match at the end. */
export function stripSuffix(value: string, pattern: string, longest: boolean): string {
  const whole = new RegExp(`^${translate(pattern, true)}$`, 's');
  const starts = Array.from({ length: value.length + 1 }, (_, index) => (longest ? index : value.length - index));
  const start = starts.find((index) => whole.test(value.slice(index)));
  return start === undefined ? value : value.slice(0, start);
}

/** Replaces the first match, or all of them; the replacement is plain text. */
export function replacePattern(value: string, pattern: string, replacement: string, all: boolean): string {
  const expression = new RegExp(translate(pattern, true), all ? 'gs' : 's');
  let end = -1;
  // As Go does it: nothing is matched right behind a match.
  return value.replace(expression, (match, offset: number) => {
    if (match === '' && offset === end) return '';
    end = offset + match.length;
    return replacement;
  });
}

function translate(pattern: string, greedy: boolean): string {
  let source = '';
  for (let position = 0; position < pattern.length; position++) {
    const char = pattern[position]!;
    if (char === '*') source += greedy ? '.*' : '.*?';
    else if (char === '?') source += '.';
    else if (char === '\\' && position + 1 < pattern.length) source += escapeLiteral(pattern[++position]!);
    else source += escapeLiteral(char);
  }
  return source;
}

function escapeLiteral(char: string): string {
  return /[.*+?^${}()|[\]\\/-]/.test(char) ? `\\${char}` : char;
}
