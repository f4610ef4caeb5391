import type { Location } from './ast.js';

/** Lines shown before and after the ones that are meant. */
const NEIGHBOURS = 3;
const RULE = '--------------------';

/**
 * The lines of a location with their neighbours, as BuildKit shows them:
 *
 *     Dockerfile:2
 *     --------------------
 *        1 |     FROM busybox
 *        2 | >>> RUN false
 *     --------------------
 */
export function excerpt(fileName: string, text: string, location: Location): string {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  const from = Math.max(1, location.line - NEIGHBOURS);
  const to = Math.min(lines.length, location.endLine + NEIGHBOURS);
  const shown: string[] = [];
  for (let number = from; number <= to; number++) {
    const meant = number >= location.line && number <= location.endLine;
    shown.push(`${String(number).padStart(4)} | ${meant ? '>>>' : '   '} ${lines[number - 1]}`.trimEnd());
  }
  return [`${fileName}:${location.line}`, RULE, ...shown, RULE].join('\n');
}
