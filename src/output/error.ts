import type { Location, UserError } from '../errors.js';
import type { Colors } from './colors.js';

/** Lines of a file, or undefined when it cannot be read. */
export type ReadLines = (file: string) => readonly string[] | undefined;

/**
 * A mistake as a person reads it: the sentence with its place, the line of the file with a marker below, what to do.
 *
 *     devenv.yml:14:7: services.db.ports.0: …
 *      14 |       - "5432:5432"
 *         |       ^
 *       Change it.
 */
export function renderUserError(
  error: UserError,
  readLines: ReadLines,
  relative: (file: string) => string,
  colors: Colors,
): string {
  const { location } = error;
  const place = location ? `${relative(location.file)}:${location.line}:${location.column}: ` : '';
  const [first, ...more] = error.message.split('\n');
  return [
    `${colors.bold(place)}${colors.red(first!)}`,
    ...more,
    ...(location ? excerpt(location, readLines, colors) : []),
    ...error.nextSteps.map((step) => `  ${colors.cyan(step)}`),
    '',
  ].join('\n');
}

function excerpt(location: Location, readLines: ReadLines, colors: Colors): string[] {
  const line = readLines(location.file)?.[location.line - 1];
  if (line === undefined) return [];
  const number = String(location.line).padStart(3);
  const before = line.slice(0, location.column - 1).replace(/[^\t]/g, ' ');
  return [
    `${colors.dim(`${number} |`)} ${line}`,
    `${colors.dim(`${' '.repeat(number.length)} |`)} ${before}${colors.red('^')}`,
  ];
}

/** A bug: what happened, and where in our code. */
export function renderBug(error: unknown, colors: Colors): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const cause =
    error instanceof Error && error.cause ? `\ncaused by ${String((error.cause as Error).stack ?? error.cause)}` : '';
  return `${colors.red('This is a bug in devenv:')}\n${text}${cause}\n`;
}
