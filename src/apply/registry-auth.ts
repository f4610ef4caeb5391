import { readFile } from 'node:fs/promises';
import path from 'node:path';

interface DockerConfig {
  readonly auths?: Readonly<Record<string, { auth?: string; identitytoken?: string }>>;
}

/** The registry of a reference; the same rule as everywhere: its first part names a host when it looks like one. */
export function registryOf(reference: string): string {
  const [first, ...rest] = reference.split('/');
  const isHost = rest.length > 0 && (first!.includes('.') || first!.includes(':') || first === 'localhost');
  return isHost ? first! : 'docker.io';
}

/** Names under which the docker command keeps the log-in of a registry. */
function keysOf(registry: string): string[] {
  if (registry === 'docker.io') return ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io'];
  return [registry, `https://${registry}`, `http://${registry}`, `https://${registry}/v1/`, `https://${registry}/v2/`];
}

/** `X-Registry-Auth` for an image, from `~/.docker/config.json`; undefined: nobody logged in there. */
export async function registryAuth(
  reference: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const folder = env.DOCKER_CONFIG ?? path.join(env.HOME ?? '/', '.docker');
  const config = await readConfig(path.join(folder, 'config.json'));
  const registry = registryOf(reference);
  const entry = keysOf(registry).flatMap((key) => config.auths?.[key] ?? [])[0];
  if (!entry) return undefined;
  const [username, ...password] = Buffer.from(entry.auth ?? '', 'base64')
    .toString('utf8')
    .split(':');
  const auth = entry.identitytoken
    ? { identitytoken: entry.identitytoken, serveraddress: registry }
    : { username, password: password.join(':'), serveraddress: registry };
  return Buffer.from(JSON.stringify(auth)).toString('base64url');
}

async function readConfig(file: string): Promise<DockerConfig> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as DockerConfig;
  } catch {
    return {}; // none, or not readable: then the registry itself says what is missing
  }
}
