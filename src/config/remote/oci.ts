/** `oci://registry/name:tag`: a project that `docker compose publish` put into a registry, kept by its digest. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

const PROJECT = 'application/vnd.docker.compose.project';
const COMPOSE_FILE = 'application/vnd.docker.compose.file+yaml';
const ENV_FILE = 'application/vnd.docker.compose.envfile';

interface Layer {
  readonly mediaType: string;
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly layers?: readonly Layer[];
}

interface Repository {
  readonly base: string;
  readonly registry: string;
  readonly path: string;
  readonly reference: string;
  readonly env: Env;
}

export function parseArtifact(address: string): { registry: string; path: string; reference: string } {
  const text = address.slice('oci://'.length);
  const [host = '', ...rest] = text.split('/');
  const named = rest.length > 0 && (/[.:]/.test(host) || host === 'localhost');
  const registry = named ? host : 'registry-1.docker.io';
  const name = named ? rest.join('/') : rest.length ? text : `library/${text}`;
  const at = name.indexOf('@');
  if (at >= 0) return { registry, path: name.slice(0, at), reference: name.slice(at + 1) };
  const colon = name.lastIndexOf(':');
  return colon < 0
    ? { registry, path: name, reference: 'latest' }
    : { registry, path: name.slice(0, colon), reference: name.slice(colon + 1) };
}

/** The merged compose file of the artifact. Throws Error with what is wrong. */
export async function fetchArtifact(address: string, cache: string, env: Env): Promise<string> {
  const parsed = parseArtifact(address);
  const local = /^(?:localhost|127\.|\[::1\])/.test(parsed.registry);
  const repository = { ...parsed, base: `${local ? 'http' : 'https'}://${parsed.registry}/v2/${parsed.path}`, env };
  const { text, digest } = await readManifest(repository);
  const folder = join(cache, 'oci', digest.replace(':', '-'), basename(parsed.path));
  const file = join(folder, 'compose.yaml');
  if (existsSync(file)) return file;
  const manifest = JSON.parse(text) as Manifest;
  if (manifest.artifactType !== PROJECT)
    throw new Error(`it is no Compose project, but ${manifest.artifactType ?? 'an image'}`);
  mkdirSync(resolve(folder, '..'), { recursive: true });
  const work = mkdtempSync(`${folder}.`);
  try {
    await writeLayers(repository, manifest.layers ?? [], work);
    if (!existsSync(folder)) renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return file;
}

async function readManifest(repository: Repository): Promise<{ text: string; digest: string }> {
  const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json';
  const text = await get(repository, `/manifests/${repository.reference}`, accept);
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  if (repository.reference.startsWith('sha256:') && repository.reference !== digest)
    throw new Error('its content is not what its digest says');
  return { text, digest };
}

/** Several compose files are documents of one, as Compose takes them; extended files and env files lie beside it. */
async function writeLayers(repository: Repository, layers: readonly Layer[], folder: string): Promise<void> {
  const documents: string[] = [];
  for (const { mediaType, digest, annotations = {} } of layers) {
    if (mediaType !== COMPOSE_FILE && mediaType !== ENV_FILE) continue;
    const text = await get(repository, `/blobs/${digest}`, '*/*');
    if (`sha256:${createHash('sha256').update(text).digest('hex')}` !== digest) throw new Error(`${digest} is damaged`);
    const extended = annotations['com.docker.compose.extends'] === 'true';
    if (mediaType === COMPOSE_FILE && !extended) documents.push(text);
    else
      writeFileSync(
        safePath(
          folder,
          annotations[mediaType === ENV_FILE ? 'com.docker.compose.envfile' : 'com.docker.compose.file'] ?? '',
        ),
        text,
      );
  }
  if (documents.length === 0) throw new Error('it holds no compose file');
  writeFileSync(join(folder, 'compose.yaml'), documents.join('\n---\n'));
}

function safePath(folder: string, name: string): string {
  if (!/^[\w][\w.-]*$/.test(name)) throw new Error(`it holds a file with the name ${JSON.stringify(name)}`);
  return join(folder, name);
}

/** With the token that the registry asks for (distribution token specification), or the log-in of the docker command. */
async function get(repository: Repository, path: string, accept: string): Promise<string> {
  const { base, registry, env } = repository;
  const login = loginOf(registry, env);
  const headers = (authorization?: string) => ({ accept, ...(authorization ? { authorization } : {}) });
  let response = await fetch(base + path, { headers: headers(login && `Basic ${login}`) });
  if (response.status === 401) {
    const token = await tokenFor(response.headers.get('www-authenticate') ?? '', login);
    response = await fetch(base + path, { headers: headers(`Bearer ${token}`) });
  }
  if (response.status === 404) throw new Error('its registry does not have it');
  if (!response.ok) throw new Error(`its registry answers ${response.status} ${response.statusText}`);
  return response.text();
}

async function tokenFor(challenge: string, login: string | undefined): Promise<string> {
  const part = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1];
  const realm = part('realm');
  if (!/^bearer/i.test(challenge) || !realm) throw new Error('its registry wants a log-in (devenv login)');
  const query = new URLSearchParams({ service: part('service') ?? '', scope: part('scope') ?? '' });
  const response = await fetch(`${realm}?${query}`, login ? { headers: { authorization: `Basic ${login}` } } : {});
  if (!response.ok) throw new Error('its registry wants a log-in (devenv login)');
  const { token, access_token } = (await response.json()) as { token?: string; access_token?: string };
  return token ?? access_token ?? '';
}

function loginOf(registry: string, env: Env): string | undefined {
  const file = join(env.DOCKER_CONFIG ?? join(env.HOME ?? '/', '.docker'), 'config.json');
  if (!existsSync(file)) return undefined;
  const { auths = {} } = JSON.parse(readFileSync(file, 'utf8')) as { auths?: Record<string, { auth?: string }> };
  const names =
    registry === 'registry-1.docker.io'
      ? ['https://index.docker.io/v1/', 'docker.io']
      : [registry, `https://${registry}`];
  return names.map((name) => auths[name]?.auth).find((auth) => auth);
}
