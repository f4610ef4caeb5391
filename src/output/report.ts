import { readFileSync } from 'node:fs';
import path from 'node:path';
import { UserError, UserErrors } from '../errors.js';
import { createColors } from './colors.js';
import { renderBug, renderUserError } from './error.js';

export interface ReportPlace {
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** Fields by which an engine's refusal and oclif's own errors are known without importing their rooms. */
interface KnownError extends Error {
  readonly oclif?: { exit?: number };
  readonly status?: number;
  readonly request?: string;
  readonly code?: string;
}

/** oclif's code for words that it cannot parse, where Compose ends with 1. */
const usageExit = 2;

const lost = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE']);

/** Says what went wrong on standard error and gives the exit code. */
export async function reportError(thrown: unknown, place: ReportPlace): Promise<number> {
  const colors = createColors(place.stderr.isTTY === true && !place.env.NO_COLOR);
  const say = (text: string) => place.stderr.write(text);
  const relative = (file: string) => {
    const from = path.relative(place.cwd, file);
    return from.startsWith('../..') ? file : from;
  };
  if (thrown instanceof UserErrors) {
    for (const error of thrown.errors) say(renderUserError(error, readLines, relative, colors));
    return Math.max(1, ...thrown.errors.map((error) => error.exitCode));
  }
  if (thrown instanceof UserError) {
    if (thrown.code !== 'cancelled') say(renderUserError(thrown, readLines, relative, colors));
    return thrown.exitCode;
  }
  const error = thrown as KnownError;
  if (error?.oclif) {
    if (error.name !== 'ExitError' && error.message) say(`${error.message}\n`);
    return error.oclif.exit === usageExit ? 1 : (error.oclif.exit ?? 1);
  }
  if (error?.name === 'EngineAnswerError') {
    say(`${colors.red(`The engine refused (${error.status}): ${error.message}`)}\n`);
    return 1;
  }
  if (lost.has(error?.code ?? '')) {
    say(`${colors.red('The engine went away in the middle of it.')}\n  Run the command again.\n`);
    return 1;
  }
  say(renderBug(thrown, colors));
  return 1;
}

function readLines(file: string): readonly string[] | undefined {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/);
  } catch {
    return undefined; // standard input, or gone by now
  }
}
