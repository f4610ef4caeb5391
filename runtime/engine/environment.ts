/** The environment of a container's main process. Pure. */

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Later entries replace earlier ones of the same name in place; a name without `=` removes it. */
export function mergeEnv(...lists: readonly (readonly string[])[]): string[] {
  const byName = new Map<string, string>();
  for (const entry of lists.flat()) {
    const at = entry.indexOf('=');
    if (at < 0) byName.delete(entry);
    else byName.set(entry.slice(0, at), entry);
  }
  return [...byName.values()];
}

/** As Docker: PATH, HOSTNAME, TERM, those of links, then the configuration's; HOME from the account when it is missing. */
export function processEnv(given: {
  readonly hostname: string;
  readonly tty: boolean;
  readonly links: readonly string[];
  readonly config: readonly string[];
  readonly home: string;
}): string[] {
  const first = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${given.hostname}`, ...(given.tty ? ['TERM=xterm'] : [])];
  const merged = mergeEnv(first, given.links, given.config);
  return withHome(merged, given.home);
}

/** runc's: a HOME that is missing or empty is the account's. */
export function withHome(env: readonly string[], home: string): string[] {
  const said = env.filter((entry) => entry !== 'HOME=');
  return said.some((entry) => entry.startsWith('HOME=')) ? said : [...said, `HOME=${home}`];
}

/** What a linked container says of itself (Docker's legacy links): its ports, name and environment under the alias. */
export function linkEnv(link: {
  readonly alias: string;
  readonly parentName: string;
  readonly ip: string;
  /** `80/tcp` */
  readonly ports: readonly string[];
  readonly env: readonly string[];
}): string[] {
  const prefix = link.alias.replace(/-/g, '_').toUpperCase();
  const ports = [...link.ports].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  const lines: string[] = [];
  for (const [index, spec] of ports.entries()) {
    const [port, protocol] = spec.split('/') as [string, string];
    const url = `${protocol}://${link.ip}:${port}`;
    const base = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    if (index === 0) lines.push(`${prefix}_PORT=${url}`);
    lines.push(`${base}=${url}`, `${base}_ADDR=${link.ip}`, `${base}_PORT=${port}`, `${base}_PROTO=${protocol}`);
  }
  lines.push(`${prefix}_NAME=/${link.parentName}/${link.alias}`);
  for (const entry of link.env) if (!/^(HOME|PATH)=/.test(entry)) lines.push(`${prefix}_ENV_${entry}`);
  return lines;
}
