/** Compose's own variables (`COMPOSE_…`) out of `.env`: they stand for flags, and so count before the config is read. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseDotenv } from '../config/environment/dotenv.js';
import { UserError } from '../errors.js';

type Env = Readonly<Record<string, string | undefined>>;

interface Places {
  readonly cwd: string;
  readonly files: readonly string[];
  readonly envFiles: readonly string[];
  readonly projectDirectory?: string | undefined;
}

/** `env` with what the env files say of `COMPOSE_` variables that it does not have. A file that cannot be read says nothing here. */
export function withComposeVariables(env: Env, places: Places): Env {
  const found: Record<string, string> = {};
  for (const file of envFilesOf(env, places)) {
    const text = textOf(file);
    if (text?.includes('COMPOSE_')) Object.assign(found, composeVariablesIn({ file, text }, env));
  }
  return { ...found, ...env };
}

function envFilesOf(env: Env, { cwd, files, envFiles, projectDirectory }: Places): string[] {
  const named = envFiles.length > 0 ? envFiles : (env.COMPOSE_ENV_FILES ?? '').split(',').filter(Boolean);
  if (named.length > 0) return named.map((file) => path.resolve(cwd, file));
  const first = files[0] === undefined || files[0] === '-' ? '.' : path.dirname(files[0]);
  return [path.resolve(cwd, projectDirectory ?? first, '.env')];
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // whoever reads the config says what is wrong with it
  }
}

function composeVariablesIn(source: { file: string; text: string }, env: Env): Record<string, string> {
  try {
    const all = parseDotenv(source, { lookup: (name) => env[name] });
    return Object.fromEntries([...all].filter(([name]) => name.startsWith('COMPOSE_')));
  } catch (error) {
    if (error instanceof UserError) return {};
    throw error;
  }
}

export const isOn = (value: string | undefined): boolean =>
  ['1', 't', 'true', 'y', 'yes', 'on'].includes(value?.toLowerCase() ?? '');
