/** What `config` prints for its flags. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LoadOptions } from '../config/types.js';
import {
  type ConfigList,
  configHashes,
  listConfig,
  listVariables,
  lockedImages,
  printConfig,
  schemaText,
} from './config.js';
import { explainConfig } from './explain.js';
import type { Session } from './session.js';

const lists = ['services', 'volumes', 'networks', 'models', 'images', 'profiles', 'environment'] as const;

/** The flags by their names. */
export type ConfigOutput = { readonly [K in ConfigList]?: boolean } & {
  readonly variables?: boolean;
  readonly explain?: string;
  readonly reveal?: boolean;
  readonly 'show-secrets'?: boolean;
  readonly schema?: boolean;
  readonly format?: 'yaml' | 'json';
  readonly hash?: string;
  readonly output?: string;
  readonly 'resolve-image-digests'?: boolean;
  readonly 'lock-image-digests'?: boolean;
  readonly 'no-interpolate'?: boolean;
  readonly 'no-normalize'?: boolean;
  readonly 'no-path-resolution'?: boolean;
  readonly 'no-consistency'?: boolean;
  readonly 'no-env-resolution'?: boolean;
  readonly 'all-resources'?: boolean;
};

const lines = (words: readonly string[]): string => words.map((word) => `${word}\n`).join('');

export async function configOutput(
  session: Session,
  services: readonly string[],
  flags: ConfigOutput,
): Promise<string> {
  const { format = 'yaml' } = flags;
  const load = loadOptionsOf(flags);
  if (flags.schema) return schemaText();
  if (flags.explain !== undefined)
    return explainConfig(session, { path: flags.explain, format, reveal: flags.reveal ?? false });
  if (flags.variables) return listVariables(session, flags.format);
  if (flags.hash !== undefined) return lines(await configHashes(session, flags.hash, load));
  if (flags['lock-image-digests']) return lockedImages(session, services, format);
  const list = lists.find((name) => flags[name]);
  if (list !== undefined) return lines(await listConfig(session, list, services, load));
  return printConfig(session, {
    services,
    format,
    load,
    resolveDigests: flags['resolve-image-digests'] ?? false,
    showSecrets: flags['show-secrets'] ?? false,
    hideByName: session.world.stdout.isTTY === true && flags.output === undefined,
  });
}

const loadOptionsOf = (flags: ConfigOutput): LoadOptions => ({
  noInterpolate: flags['no-interpolate'] ?? false,
  noNormalize: flags['no-normalize'] ?? false,
  noPathResolution: flags['no-path-resolution'] ?? false,
  noConsistency: flags['no-consistency'] ?? false,
  noEnvResolution: flags['no-env-resolution'] ?? false,
  allResources: flags['all-resources'] ?? false,
});

/** To standard output, or to the file that `--output` names. */
export async function writeOutput(
  { world, terminal }: Session,
  text: string,
  { quiet, output }: { quiet?: boolean; output?: string | undefined },
): Promise<void> {
  if (quiet) return;
  if (output) writeFileSync(path.resolve(world.cwd, output), text);
  else await terminal.data(text);
}
