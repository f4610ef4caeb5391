import { DOCKER_HUB } from '../reference.js';

/** Where a registry's name is served. */
export function hostOf(registry: string): string {
  return registry === DOCKER_HUB ? 'registry-1.docker.io' : registry;
}

/**
 * Registries that may be asked over plain http or with a certificate nobody knows: this machine's own (127.0.0.0/8, ::1,
 * localhost, as in Docker) and those named in DEVENV_INSECURE_REGISTRIES (by comma: hosts, with a port or not, and networks).
 */
export function isInsecure(host: string, environment: Readonly<Record<string, string | undefined>>): boolean {
  const name = withoutPort(host);
  if (name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name)) return true;
  const named = list(environment.DEVENV_INSECURE_REGISTRIES);
  return named.some((one) => one === host || one === name || isInNetwork(name, one));
}

/** `10.1.2.3` in `10.0.0.0/8`. */
function isInNetwork(address: string, network: string): boolean {
  const [base = '', bits] = network.split('/');
  const [one, other] = [ipv4(address), ipv4(base)];
  if (bits === undefined || one === undefined || other === undefined || !/^\d+$/.test(bits)) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(one / size) === Math.floor(other / size);
}

function ipv4(text: string): number | undefined {
  const parts = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)?.slice(1).map(Number);
  return parts?.every((part) => part < 256) ? parts.reduce((sum, part) => sum * 256 + part, 0) : undefined;
}

function list(text: string | undefined): string[] {
  return (text ?? '').split(',').flatMap((one) => one.trim() || []);
}

/**
 * Base URLs that are asked before a registry itself when something is pulled from it: `DEVENV_REGISTRY_MIRRORS`, by
 * comma, each `URL` (of Docker Hub) or `REGISTRY=URL`.
 */
export function mirrorsOf(registry: string, environment: Readonly<Record<string, string | undefined>>): URL[] {
  return list(environment.DEVENV_REGISTRY_MIRRORS).flatMap((one) => {
    const [, of = DOCKER_HUB, url = ''] = /^(?:([^=/]+)=)?(.*)$/.exec(one) ?? [];
    return of === registry ? new URL(url.includes('://') ? url : `https://${url}`) : [];
  });
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
