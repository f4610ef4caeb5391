/** What a secret or a config of the project says. */
import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.js';
import type { ApplyContext } from './context.js';
import type { FileToCopy } from './request/mounts.js';
import { providedSecret } from './secret-provider.js';

/** Throws UserError `no-content`, `secret-provider`. */
export async function contentOf(file: FileToCopy, context: ApplyContext): Promise<string | Buffer> {
  const { kind, source, definition } = file;
  const { env } = context;
  const provider = kind === 'secrets' ? context.project.secretProviders?.[source] : undefined;
  if (provider) return providedSecret(source, provider, context);
  if (definition.file !== undefined) return readSource(source, definition.file);
  if (definition.content !== undefined) return definition.content;
  const value =
    definition.environment === undefined
      ? undefined
      : (env[definition.environment] ?? context.project.includedValues?.[`${kind}.${source}`]);
  if (value !== undefined) return value;
  throw new UserError(
    'no-content',
    definition.environment === undefined
      ? `"${source}" is external: this engine has no store of secrets and configs.`
      : `environment variable ${definition.environment} required by "${source}" is not set`,
    definition.environment === undefined ? ['Give it a file, or a content.'] : [`Set ${definition.environment}.`],
  );
}

async function readSource(source: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const { message } = cause as Error;
    throw new UserError('no-content', `the file of "${source}" cannot be read: ${message}`, [], undefined, { cause });
  }
}
