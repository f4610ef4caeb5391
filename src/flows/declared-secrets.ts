/** What the secrets of a project say, as far as it can be read without running a program. */
import { readFile, stat } from 'node:fs/promises';
import type { LoadedProject, ProjectFile } from '../model/project.js';

/** A larger file is a key store or the like, and in no variable. */
const LARGEST_BYTES = 64 << 10;

/** Without the line break at the end of a file. */
export async function declaredSecrets({ project, variables }: LoadedProject): Promise<string[]> {
  const read = Object.entries(project.secrets).map(([name, secret]) => {
    const provider = project.secretProviders?.[name];
    if (provider) return 'dotenv' in provider ? keyOf(provider.dotenv, provider.key) : undefined;
    return contentOf(secret, variables);
  });
  return (await Promise.all(read)).filter((value): value is string => value !== undefined && value !== '');
}

async function contentOf(
  { environment, file }: ProjectFile,
  variables: LoadedProject['variables'],
): Promise<string | undefined> {
  if (environment !== undefined) return variables[environment];
  return file === undefined ? undefined : (await textOf(file))?.replace(/\r?\n$/, '');
}

async function keyOf(file: string, key: string): Promise<string | undefined> {
  const { parse } = await import('dotenv');
  const text = await textOf(file);
  return text === undefined ? undefined : parse(text)[key];
}

/** Undefined: it is not there, and whoever needs it is told so. */
async function textOf(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile() || found.size > LARGEST_BYTES) return undefined;
  return readFile(file, 'utf8').catch(() => undefined);
}
