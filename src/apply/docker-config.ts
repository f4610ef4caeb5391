import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../errors.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What is of use here of the docker command's `config.json`; the rest is kept as it is. */
export interface DockerConfig {
  readonly auths?: Readonly<Record<string, DockerAuth>>;
  /** Name of the helper (`docker-credential-NAME`) that keeps all log-ins. */
  readonly credsStore?: string;
  /** Helpers of single registries. */
  readonly credHelpers?: Readonly<Record<string, string>>;
}

export interface DockerAuth {
  /** `USER:PASSWORD` in base64. */
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly username?: string;
  readonly password?: string;
}

/** `$DOCKER_CONFIG/config.json`, `~/.docker/config.json`. */
export function dockerConfigFile(env: Environment): string {
  return path.join(env.DOCKER_CONFIG || path.join(env.HOME ?? '/', '.docker'), 'config.json');
}

/** Empty where there is none. Throws UserError `docker-config` for one that is no JSON. */
export async function readDockerConfig(env: Environment): Promise<DockerConfig> {
  const file = dockerConfigFile(env);
  const text = await readFile(file, 'utf8').catch(() => '');
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text) as DockerConfig;
  } catch (cause) {
    const steps = [`Correct ${file}, or remove it and log in again.`];
    throw new UserError('docker-config', `${file} is no JSON: ${(cause as Error).message}`, steps, undefined, {
      cause,
    });
  }
}

/** Whole or not at all, for its owner only. */
export async function writeDockerConfig(env: Environment, config: DockerConfig): Promise<void> {
  const file = dockerConfigFile(env);
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(config, null, '\t')}\n`, { mode: 0o600 });
  await rename(draft, file);
}
