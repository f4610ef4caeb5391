import { findCredentials, listCredentials } from './credentials.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The registry of a reference; the same rule as everywhere: its first part names a host when it looks like one. */
export function registryOf(reference: string): string {
  const [first, ...rest] = reference.split('/');
  const isHost = rest.length > 0 && (first!.includes('.') || first!.includes(':') || first === 'localhost');
  return isHost ? first! : 'docker.io';
}

/** `X-Registry-Auth` for an image, from `~/.docker/config.json` and its helpers; undefined: nobody logged in there. */
export async function registryAuth(reference: string, env: Environment): Promise<string | undefined> {
  const registry = registryOf(reference);
  const found = await findCredentials(registry, env);
  return found && encode({ ...found, serveraddress: registry });
}

/** `X-Registry-Config` for a build: all log-ins, since its stages may come from anywhere. */
export async function registryConfig(env: Environment): Promise<string | undefined> {
  const all = await listCredentials(env);
  return Object.keys(all).length === 0 ? undefined : encode(all);
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
