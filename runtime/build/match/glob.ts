/** Go's filepath.Match on whole paths, with `**` for any number of folders where a caller asks for it. */

/** Whether a path holds any of the characters that make it a pattern. */
export function hasWildcards(path: string): boolean {
  for (let position = 0; position < path.length; position++) {
    if (path[position] === '\\') position++;
    else if ('*?['.includes(path[position]!)) return true;
  }
  return false;
}

/** `*` and `?` never match a slash; `[^a-z]` negates; a backslash takes the next character as it is. Throws for `[a`. */
export function globToRegExp(pattern: string): RegExp {
  let source = '';
  for (let position = 0; position < pattern.length; position++) {
    const char = pattern[position]!;
    if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const end = endOfClass(pattern, position);
      source += characterClass(pattern.slice(position + 1, end));
      position = end;
    } else if (char === '\\' && position + 1 < pattern.length) source += literal(pattern[++position]!);
    else source += literal(char);
  }
  return new RegExp(`^${source}$`, 'su');
}

export function literal(char: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}

function endOfClass(pattern: string, start: number): number {
  for (let position = start + 1; position < pattern.length; position++) {
    if (pattern[position] === '\\') position++;
    else if (pattern[position] === ']' && position > start + 1) return position;
  }
  throw new Error(`syntax error in pattern: ${pattern}`);
}

function characterClass(inner: string): string {
  const negated = inner.startsWith('^');
  const body = (negated ? inner.slice(1) : inner).replace(/\\(.)|([[\]^{}()|/.*+?$&~])/gu, (_, escaped, special) =>
    literalInClass(escaped ?? special),
  );
  return negated ? `[^/${body}]` : `[${body}]`;
}

function literalInClass(char: string): string {
  return /[\\\]^[\-/.*+?(){}|$]/.test(char) ? `\\${char}` : char;
}
