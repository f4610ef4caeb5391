import type { Directives } from './ast.js';
import { DockerfileError, parseError } from './errors.js';

const DIRECTIVE = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const KNOWN = new Set(['escape', 'syntax', 'check']);

/** Reads `# escape=`, `# syntax=` and `# check=` at the very top (Dockerfile reference, "Parser directives"). */
export function parseDirectives(lines: readonly string[]): Directives {
  const found = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    const match = DIRECTIVE.exec(line);
    const name = match?.[1]?.toLowerCase();
    if (match === null || name === undefined || !KNOWN.has(name)) break;
    const location = { line: index + 1, endLine: index + 1 };
    if (found.has(name)) throw parseError(`only one ${name} parser directive can be used`, location);
    const value = match[2]!;
    if (name === 'escape' && value !== '\\' && value !== '`') {
      throw new DockerfileError(`invalid escape token '${value}' does not match \` or \\`, undefined);
    }
    found.set(name, value);
  }
  return {
    escapeToken: found.get('escape') === '`' ? '`' : '\\',
    ...(found.has('syntax') ? { syntax: found.get('syntax')! } : {}),
    ...(found.has('check') ? { check: found.get('check')! } : {}),
  };
}
