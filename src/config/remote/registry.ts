/** A repository of a registry: OCI Distribution Specification, with the log-in of the docker command. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/** The registry answered, and with no. */
export class RegistryAnswerError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'RegistryAnswerError';
  }
}

export interface ArtifactName {
  readonly registry: string;
  readonly path: string;
  /** A tag or a digest. */
  readonly reference: string;
}

/** `oci://registry/name:tag`, with or without the scheme. */
export function parseArtifact(address: string): ArtifactName {
  const text = address.replace(/^oci:\/\//, '');
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

export const sha256 = (content: string | Uint8Array): string =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`;

export class Repository {
  readonly #base: string;
  readonly #login: string | undefined;
  #authorization: string | undefined;

  /** `login`: base64 of `user:password`; undefined: what the docker command's config file has. */
  constructor(name: ArtifactName, env: Env, login?: string) {
    const local = /^(?:localhost|127\.|\[::1\])/.test(name.registry);
    this.#base = `${local ? 'http' : 'https'}://${name.registry}/v2/${name.path}`;
    this.#login = login ?? loginOf(name.registry, env);
    this.#authorization = this.#login && `Basic ${this.#login}`;
  }

  /** Throws Error with what the registry says. */
  async text(path: string, accept: string): Promise<string> {
    const response = await this.#ask(this.#base + path, { headers: { accept } });
    return (await expectOk(response)).text();
  }

  /** Nothing is sent that the registry has. Throws RegistryAnswerError. */
  async putBlob(content: Buffer): Promise<void> {
    const digest = sha256(content);
    const known = await this.#ask(`${this.#base}/blobs/${digest}`, { method: 'HEAD' });
    if (known.ok) return;
    const begun = await expectOk(await this.#ask(`${this.#base}/blobs/uploads/`, { method: 'POST' }));
    const place = new URL(begun.headers.get('location') ?? '', this.#base);
    place.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream' };
    await expectOk(await this.#ask(place.href, { method: 'PUT', headers, body: new Uint8Array(content) }));
  }

  /** Throws RegistryAnswerError. */
  async putManifest(reference: string, type: string, text: string): Promise<void> {
    const headers = { 'content-type': type };
    await expectOk(await this.#ask(`${this.#base}/manifests/${reference}`, { method: 'PUT', headers, body: text }));
  }

  /** With the token that the registry asks for (distribution token specification); it is kept for what comes next. */
  async #ask(address: string, init: RequestInit & { readonly headers?: Readonly<Record<string, string>> }) {
    const send = () =>
      fetch(address, {
        ...init,
        headers: { ...init.headers, ...(this.#authorization ? { authorization: this.#authorization } : {}) },
      });
    const response = await send();
    if (response.status !== 401) return response;
    this.#authorization = `Bearer ${await tokenFor(response.headers.get('www-authenticate') ?? '', this.#login)}`;
    return send();
  }
}

async function expectOk(response: Response): Promise<Response> {
  if (response.ok) return response;
  if (response.status === 404) throw new RegistryAnswerError(404, 'its registry does not have it');
  throw new RegistryAnswerError(response.status, `its registry answers ${response.status} ${response.statusText}`);
}

const wantsLogin = () => new RegistryAnswerError(401, 'its registry wants a log-in (devenv login)');

async function tokenFor(challenge: string, login: string | undefined): Promise<string> {
  const part = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1];
  const realm = part('realm');
  if (!/^bearer/i.test(challenge) || !realm) throw wantsLogin();
  const query = new URLSearchParams({ service: part('service') ?? '', scope: part('scope') ?? '' });
  const response = await fetch(`${realm}?${query}`, login ? { headers: { authorization: `Basic ${login}` } } : {});
  if (!response.ok) throw wantsLogin();
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
