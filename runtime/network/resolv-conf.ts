import { isLoopback, RESOLVER_ADDRESS, type ResolverConfig, renderResolvConf } from './resolvers.js';

/** How names come into a container: by the engine's resolver, or by the machine's own. */
export interface ResolvConfWish {
  /** On a network with names. */
  readonly named: boolean;
  readonly hostNetwork: boolean;
  /** Whether 127.0.0.11 is wired; else the engine's resolver is asked at `gateway`. */
  readonly hasIPv4: boolean;
  readonly gateway: string | undefined;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly host: ResolverConfig;
}

/**
 * The container's resolv.conf by Docker's rules: on a network with names the engine's resolver alone (what `dns` names
 * is asked by it); else `dns`, or the machine's resolvers. One on the machine's loopback cannot be reached from inside, so the
 * engine's, which forwards to it, takes its place. A search of `.` means none.
 */
export function composeResolvConf(wish: ResolvConfWish): string {
  const { host } = wish;
  const search = wish.dnsSearch.length > 0 ? wish.dnsSearch.filter((domain) => domain !== '.') : host.search;
  const options = wish.dnsOptions.length > 0 ? wish.dnsOptions : host.options;
  if (!wish.named) return renderResolvConf({ nameservers: plainServers(wish), search, options });
  const ndots = options.some((option) => option.startsWith('ndots:')) ? [] : ['ndots:0'];
  return renderResolvConf({ nameservers: [engineResolver(wish)], search, options: [...options, ...ndots] });
}

function plainServers(wish: ResolvConfWish): readonly string[] {
  if (wish.dns.length > 0) return wish.dns;
  if (wish.hostNetwork) return wish.host.nameservers;
  const reachable = wish.host.nameservers.filter((address) => !isLoopback(address));
  if (reachable.length > 0 || wish.gateway === undefined) return reachable;
  return [wish.gateway];
}

function engineResolver({ hasIPv4, gateway }: ResolvConfWish): string {
  return hasIPv4 ? RESOLVER_ADDRESS : (gateway ?? RESOLVER_ADDRESS);
}
