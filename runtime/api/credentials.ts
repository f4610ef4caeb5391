/** Registry credentials as clients send them in headers. */
import type { RegistryAuth } from '../engine/images.js';
import type { Call } from './routes.js';

interface WireAuth {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly serveraddress?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

function readHeader(call: Call, name: string): unknown {
  const header = call.request.headers[name];
  if (typeof header !== 'string' || header === '') return undefined;
  try {
    // Buffer reads base64 and base64url alike
    return JSON.parse(Buffer.from(header, 'base64').toString('utf8'));
  } catch {
    // as Docker does: what cannot be read is no credentials
    return undefined;
  }
}

function decodeAuth(value: unknown): RegistryAuth | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  const wire = value as WireAuth;
  const pair = wire.auth ? Buffer.from(wire.auth, 'base64').toString('utf8') : '';
  const at = pair.indexOf(':');
  const username = wire.username || (at > 0 ? pair.slice(0, at) : '');
  const password = wire.password || (at > 0 ? pair.slice(at + 1) : '');
  if (!username && !wire.identitytoken && !wire.registrytoken) return undefined;
  return {
    ...(username ? { username, password } : {}),
    ...(wire.identitytoken ? { identityToken: wire.identitytoken } : {}),
    ...(wire.registrytoken ? { registryToken: wire.registrytoken } : {}),
  };
}

/** `X-Registry-Auth`: for the one registry of the call. */
export function registryAuth(call: Call): RegistryAuth | undefined {
  return decodeAuth(readHeader(call, 'x-registry-auth'));
}

/** `https://index.docker.io/v1/` and `docker.io` are the same registry to clients. */
function registryName(address: string): string {
  const host = address.replace(/^https?:\/\//, '').split('/')[0]!;
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}

/** `X-Registry-Config`: by registry name, for a build that may refer to several. */
export function registryConfig(call: Call): Record<string, RegistryAuth> {
  const auths: Record<string, RegistryAuth> = {};
  const value = readHeader(call, 'x-registry-config');
  if (value === null || typeof value !== 'object') return auths;
  for (const [address, entry] of Object.entries(value as object)) {
    const auth = decodeAuth(entry);
    if (auth) auths[registryName(address)] = auth;
  }
  return auths;
}
