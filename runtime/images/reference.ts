import { EngineError } from '../errors.js';
import type { Digest, Reference } from './types.js';

/** The grammar is that of the distribution project's reference package, which every Docker client follows. */
const component = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domain = `(?:${component}(?:\\.${component})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const pathPart = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryPath = new RegExp(`^${pathPart}(?:/${pathPart})*$`);
const domainPattern = new RegExp(`^${domain}$`);
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^sha256:[a-f0-9]{64}$/;

export const DOCKER_HUB = 'docker.io';
const OFFICIAL = 'library/';
const NAME_BYTES_MAX = 255;

/**
 * `busybox` → docker.io, library/busybox, tag latest. A tag beside a digest is kept, as Docker does.
 * Throws `invalid` in Docker's words.
 */
export function parseReference(text: string): Reference {
  const { name, tag, digest } = splitReference(text);
  const { registry, repository } = splitDomain(name);
  checkName(registry, repository, text);
  return {
    registry,
    repository,
    tag: tag ?? (digest === undefined ? 'latest' : undefined),
    digest,
  };
}

export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

export function isDigest(text: string): text is Digest {
  return digestPattern.test(text);
}

function splitReference(text: string): { name: string; tag: string | undefined; digest: Digest | undefined } {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) throw invalid();
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !tagPattern.test(tag)) throw invalid();
  return { name: colon < 0 ? named : named.slice(0, colon), tag, digest };
}

function splitDomain(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isRegistry = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first);
  const registry = isRegistry ? first : DOCKER_HUB;
  const rest = isRegistry ? name.slice(slash + 1) : name;
  if (registry !== DOCKER_HUB && registry !== `index.${DOCKER_HUB}`) return { registry, repository: rest };
  return { registry: DOCKER_HUB, repository: rest.includes('/') ? rest : OFFICIAL + rest };
}

function checkName(registry: string, repository: string, text: string): void {
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw new EngineError('invalid', `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  if (repository !== repository.toLowerCase()) {
    throw invalid(`repository name (${repository}) must be lowercase`);
  }
  if (!domainPattern.test(registry) || !repositoryPath.test(repository)) throw invalid();
  if (`${registry}/${repository}`.length > NAME_BYTES_MAX) {
    throw new EngineError('invalid', `repository name must not be longer than ${NAME_BYTES_MAX} characters`);
  }
}

function invalid(why?: string): EngineError {
  return new EngineError('invalid', `invalid reference format${why ? `: ${why}` : ''}`);
}

/** `docker.io/library/busybox`. */
export function canonicalName(reference: Reference): string {
  return `${reference.registry}/${reference.repository}`;
}

/** `busybox`, `bitnami/redis`, `localhost:5000/a`. */
export function familiarName(reference: Reference): string {
  if (reference.registry !== DOCKER_HUB) return canonicalName(reference);
  const { repository } = reference;
  const short = repository.slice(OFFICIAL.length);
  return repository.startsWith(OFFICIAL) && !short.includes('/') ? short : repository;
}

/** `busybox:latest`, `busybox@sha256:…`, `busybox:1@sha256:…`. */
export function familiarReference(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${familiarName(reference)}${tag}${digest}`;
}
