import { askHelper, eraseFromHelper, listOfHelper, tellHelper } from './credential-helper.js';
import { type DockerAuth, type DockerConfig, readDockerConfig, writeDockerConfig } from './docker-config.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** In the terms of the Engine API's AuthConfig. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  | { readonly identitytoken: string; readonly username?: string };

export const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';
const TOKEN_USER = '<token>';

/** Names under which the docker command keeps the log-in of a registry; the first is the one that is written. */
function keysOf(registry: string): string[] {
  if (registry === 'docker.io') return [DOCKER_HUB_KEY, 'docker.io', 'index.docker.io'];
  return [registry, `https://${registry}`, `http://${registry}`, `https://${registry}/v1/`, `https://${registry}/v2/`];
}

/** The name of a registry as a person types it: `https://index.docker.io/v1/` and nothing are Docker Hub. */
export function registryNamed(server: string): string {
  const host = server.replace(/^https?:\/\//, '').split('/')[0]!;
  return ['', 'docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host) ? 'docker.io' : host;
}

function helperOf(config: DockerConfig, registry: string): string | undefined {
  const named = keysOf(registry).flatMap((key) => config.credHelpers?.[key] ?? [])[0];
  return named ?? (config.credsStore || undefined);
}

/** What is kept for a registry. Throws UserError when a helper that is to be asked fails. */
export async function findCredentials(registry: string, env: Environment): Promise<Credentials | undefined> {
  const config = await readDockerConfig(env);
  const helper = helperOf(config, registry);
  if (helper) {
    for (const key of keysOf(registry).slice(0, 2)) {
      const found = await askHelper(helper, key);
      if (found) return ofSecret(found.username, found.secret);
    }
  }
  // Docker reads the file too when the store has nothing: an older log-in may still stand there.
  return keysOf(registry).flatMap((key) => ofEntry(config.auths?.[key]) ?? [])[0];
}

/** Everything that is kept, by the name under which it is: for a build, which may refer to several registries. */
export async function listCredentials(env: Environment): Promise<Record<string, Credentials>> {
  const config = await readDockerConfig(env);
  const kept = config.credsStore ? await listOfHelper(config.credsStore).catch(() => []) : [];
  const names = [...Object.keys(config.auths ?? {}), ...Object.keys(config.credHelpers ?? {}), ...kept];
  const found: Record<string, Credentials> = {};
  for (const name of new Set(names)) {
    const one = await findCredentials(registryNamed(name), env).catch(() => undefined);
    if (one) found[name] = one;
  }
  return found;
}

function ofSecret(username: string, secret: string): Credentials {
  return username === TOKEN_USER ? { identitytoken: secret } : { username, password: secret };
}

function ofEntry(entry: DockerAuth | undefined): Credentials | undefined {
  if (entry?.identitytoken) return { identitytoken: entry.identitytoken };
  if (entry?.username) return { username: entry.username, password: entry.password ?? '' };
  if (!entry?.auth) return undefined;
  const [username = '', ...password] = Buffer.from(entry.auth, 'base64').toString('utf8').split(':');
  // A NUL at the end is padding of old versions.
  return { username, password: password.join(':').replace(/\0+$/, '') };
}

/** Keeps a log-in as the docker command does; returns whether it stands readable in the file. */
export async function keepCredentials(registry: string, env: Environment, what: Credentials): Promise<boolean> {
  const config = await readDockerConfig(env);
  const helper = helperOf(config, registry);
  const key = keysOf(registry)[0]!;
  if (helper) {
    const secret = 'identitytoken' in what ? what.identitytoken : what.password;
    await tellHelper(helper, key, { username: 'identitytoken' in what ? TOKEN_USER : what.username, secret });
    await writeDockerConfig(env, { ...config, auths: { ...config.auths, [key]: {} } });
    return false;
  }
  await writeDockerConfig(env, { ...config, auths: { ...config.auths, [key]: toEntry(what) } });
  return true;
}

function toEntry(what: Credentials): DockerAuth {
  if ('identitytoken' in what) {
    return { auth: Buffer.from(`${what.username ?? ''}:`).toString('base64'), identitytoken: what.identitytoken };
  }
  return { auth: Buffer.from(`${what.username}:${what.password}`).toString('base64') };
}

/** Forgets a log-in; false: there was none. */
export async function forgetCredentials(registry: string, env: Environment): Promise<boolean> {
  const config = await readDockerConfig(env);
  const helper = helperOf(config, registry);
  const keys = keysOf(registry);
  let erased = false;
  if (helper) for (const key of keys.slice(0, 2)) erased = (await eraseFromHelper(helper, key)) || erased;
  const left = Object.entries(config.auths ?? {}).filter(([key]) => !keys.includes(key));
  const stood = left.length < Object.keys(config.auths ?? {}).length;
  if (stood) await writeDockerConfig(env, { ...config, auths: Object.fromEntries(left) });
  return erased || stood;
}
