import { DOCKER_HUB } from '../reference.js';

/** Where a registry's name is served. */
export function hostOf(registry: string): string {
  return registry === DOCKER_HUB ? 'registry-1.docker.io' : registry;
}

/**
 * Registries that may be asked over plain http or with a certificate nobody knows: this machine's own (127.0.0.0/8, ::1,
 * localhost, as in Docker) and those named in DEVENV_INSECURE_REGISTRIES (by comma).
 */
export function isInsecure(host: string, environment: Readonly<Record<string, string | undefined>>): boolean {
  const name = withoutPort(host);
  if (name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name)) return true;
  const named = (environment.DEVENV_INSECURE_REGISTRIES ?? '').split(',').map((one) => one.trim());
  return named.includes(host) || named.includes(name);
}

/** The proxy for a URL by curl's and Go's rules (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, small letters too). */
export function proxyFor(url: URL, environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const read = (name: string) => environment[name] || environment[name.toLowerCase()] || undefined;
  const proxy = read(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY') ?? read('ALL_PROXY');
  if (!proxy || isInsecure(url.host, {})) return undefined;
  const excluded = (read('NO_PROXY') ?? '').split(',').map((one) => one.trim().toLowerCase());
  if (excluded.some((one) => one !== '' && isExcluded(url, one))) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

function isExcluded(url: URL, pattern: string): boolean {
  if (pattern === '*') return true;
  const [name = '', port] = pattern.replace(/^\*?\./, '').split(':');
  if (port !== undefined && port !== url.port) return false;
  return url.hostname === name || url.hostname.endsWith(`.${name}`);
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '');
}
