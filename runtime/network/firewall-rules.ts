/** The packet filter of one engine as text for `nft -f -`. Pure: the same state gives the same text. */

import { parsePrefix } from './address.js';

/** One bridge that is up. */
export interface FirewallNetwork {
  readonly bridge: string;
  /** The subnets with their gateways, IPv4 or IPv6. */
  readonly pools: readonly { readonly subnet: string; readonly gateway?: string }[];
  readonly internal: boolean;
  /** Families whose addresses are translated on their way out. */
  readonly masquerade: readonly (4 | 6)[];
  /** To these of this machine's addresses; undefined: to the one that the route out has. */
  readonly hostAddress?: Readonly<Record<4 | 6, string | undefined>>;
  /** Where this bridge's resolver really answers; undefined when it has none. */
  readonly resolver?: { readonly address: string; readonly port: number };
}

/** A published port that the kernel forwards by itself. */
export interface FirewallPort {
  readonly protocol: 'tcp' | 'udp';
  readonly hostIp: string;
  readonly hostPort: number;
  readonly containerIp: string;
  readonly containerPort: number;
}

/** Where the bridges are in a network namespace of their own. */
export interface Outside {
  /** Ports where it ends: connections go on from there, to where they wanted to go or to this machine, by a process outside. */
  readonly outboundPort: number;
  readonly machinePort: number;
  /** A link leads out of it, for what is no connection. */
  readonly hasLink: boolean;
  /** An IPv4 address by which this machine is reached through that link. */
  readonly machineAddress?: string;
}

type MapName = 'at' | 'any' | 'at6' | 'any6';

/** Replaces everything that this engine ever said, in one transaction. */
export function renderRuleset(
  table: string,
  networks: readonly FirewallNetwork[],
  ports: readonly FirewallPort[],
  outside?: Outside,
): string {
  const head = `table inet ${table}\ndelete table inet ${table}\n`;
  if (networks.length === 0) return head;
  return `${head}table inet ${table} {
${renderSets(networks, ports)}
${[chain('guard', 'type filter hook prerouting priority raw', guardRules(networks)), ...clientChains(outside)].join('\n')}
${chain('prerouting', 'type nat hook prerouting priority dstnat', [...resolverRules(networks), ...publishRules('iifname != @bridges '), ...outsideRules(networks, outside)])}
${chain('output', 'type nat hook output priority -100', publishRules(''))}
${chain('postrouting', 'type nat hook postrouting priority srcnat', masqueradeRules(networks))}
${chain('forward', 'type filter hook forward priority filter', forwardRules(networks))}
}
`;
}

function chain(name: string, hook: string, rules: readonly string[]): string {
  return `  chain ${name} {\n    ${hook}; policy accept;\n${rules.map((rule) => `    ${rule}\n`).join('')}  }`;
}

function renderSets(networks: readonly FirewallNetwork[], ports: readonly FirewallPort[]): string {
  const bridges = networks.map(({ bridge }) => `"${bridge}"`).join(', ');
  const maps = Object.entries(MAP_TYPES).map(([name, type]) => {
    const elements = ports.filter((port) => mapOf(port) === name).map(renderElement);
    const filled = elements.length === 0 ? '' : `\n    elements = { ${elements.join(', ')} }`;
    return `  map ${name} {\n    type ${type}${filled}\n  }`;
  });
  return [`  set bridges {\n    type ifname\n    elements = { ${bridges} }\n  }`, ...maps].join('\n');
}

const MAP_TYPES: Readonly<Record<MapName, string>> = {
  at: 'ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service',
  any: 'inet_proto . inet_service : ipv4_addr . inet_service',
  at6: 'ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service',
  any6: 'inet_proto . inet_service : ipv6_addr . inet_service',
};

/** `undefined`: the kernel cannot translate between the families, so the proxy does it alone. */
function mapOf(port: FirewallPort): MapName | undefined {
  const six = port.hostIp.includes(':');
  if (six !== port.containerIp.includes(':')) return undefined;
  if (six) return port.hostIp === '::' ? 'any6' : port.hostIp === '::1' ? undefined : 'at6';
  return port.hostIp === '0.0.0.0' ? 'any' : 'at';
}

function renderKey(port: FirewallPort): string {
  const wild = port.hostIp === '0.0.0.0' || port.hostIp === '::';
  return `${wild ? '' : `${port.hostIp} . `}${port.protocol} . ${port.hostPort}`;
}

function renderElement(port: FirewallPort): string {
  return `${renderKey(port)} : ${port.containerIp} . ${port.containerPort}`;
}

/** Only what changed, for a table that is there. Empty when there is nothing that the kernel could do. */
export function renderPortChange(
  table: string,
  added: readonly FirewallPort[],
  removed: readonly FirewallPort[],
): string {
  const line = (verb: 'add' | 'delete', port: FirewallPort) => {
    const map = mapOf(port);
    if (map === undefined) return '';
    const element = verb === 'add' ? renderElement(port) : renderKey(port);
    return `${verb} element inet ${table} ${map} { ${element} }\n`;
  };
  return [...removed.map((port) => line('delete', port)), ...added.map((port) => line('add', port))].join('');
}

/**
 * Before anything is translated: no container reaches this machine's loopback, though `route_localnet` is on for its
 * bridge (CVE-2020-8558), nor does anybody reach a container by its own address from outside its bridge.
 */
function guardRules(networks: readonly FirewallNetwork[]): string[] {
  const direct = networks.flatMap(({ bridge, pools }) =>
    pools.map(({ subnet, gateway }) => {
      const ip = keyword(subnet);
      const butGateway = gateway === undefined ? '' : ` ${ip} daddr != ${gateway}`;
      return `iifname != "${bridge}" ${ip} daddr ${subnet}${butGateway} drop`;
    }),
  );
  return [
    'iifname "lo" accept',
    'iifname @bridges ip daddr 127.0.0.11 meta l4proto { tcp, udp } th dport 53 accept',
    // Only where this engine opened the door: another engine's bridges have a resolver at 127.0.0.11 too.
    'iifname @bridges ip daddr 127.0.0.0/8 drop',
    ...direct,
  ];
}

/** Docker's resolver address, and the gateway's port 53 where that could not be bound. */
function resolverRules(networks: readonly FirewallNetwork[]): string[] {
  return networks.flatMap(({ bridge, resolver }) => {
    if (resolver === undefined || resolver.address.includes(':')) return [];
    const { address, port } = resolver;
    const asked = port === 53 ? '127.0.0.11' : `{ 127.0.0.11, ${address} }`;
    return [
      `iifname "${bridge}" ip daddr ${asked} meta l4proto { tcp, udp } th dport 53 dnat ip to ${address}:${port}`,
    ];
  });
}

/** `CLIENT_MARK` and `RETURN_MARK` of the launcher's net_proxy.h, where what becomes of marked packets is said. */
const MARKS = { client: '0x64760001', returning: '0x64760002' };

/** What answers a proxy that asked in its client's name is the proxy's. */
function clientChains(outside: Outside | undefined): string[] {
  if (outside === undefined) return [];
  const { client, returning } = MARKS;
  return [
    chain('asking', 'type filter hook output priority mangle', [`meta mark ${client} ct mark set ${returning}`]),
    chain('answering', 'type filter hook prerouting priority mangle', [
      `iifname @bridges ct mark ${returning} meta mark set ${returning}`,
    ]),
  ];
}

/**
 * This machine's own addresses in there mean the machine outside. Connections are carried also where a link leads out: that
 * is faster, and pasta of Debian 12 loses one in some that come from behind a bridge. What is no connection has the link alone.
 */
function outsideRules(networks: readonly FirewallNetwork[], outside: Outside | undefined): string[] {
  if (outside === undefined) return [];
  const { machinePort, machineAddress, hasLink } = outside;
  return networks
    .filter(({ internal }) => !internal)
    .flatMap((network) => {
      const local = `iifname "${network.bridge}" fib daddr type local`;
      return [
        ...(hasLink ? [] : carriedNames(network)),
        `${local} meta l4proto tcp redirect to :${machinePort}`,
        ...(hasLink && machineAddress !== undefined ? [`${local} udp dport != 53 dnat ip to ${machineAddress}`] : []),
        ...carriedConnections(network, outside),
      ];
    });
}

/** Names are asked here whatever server is named, as datagrams are not carried. */
function carriedNames({ bridge, resolver }: FirewallNetwork): string[] {
  if (resolver === undefined || resolver.address.includes(':')) return [];
  const { address, port } = resolver;
  return [`iifname "${bridge}" ip daddr != ${address} udp dport 53 dnat ip to ${address}:${port}`];
}

function carriedConnections({ bridge, pools }: FirewallNetwork, { outboundPort }: Outside): string[] {
  const elsewhere = pools.map(({ subnet }) => `${keyword(subnet)} daddr != ${subnet}`);
  const families = new Set(elsewhere.map((match) => match.split(' ')[0]));
  return [...families].map((family) => {
    const matches = elsewhere.filter((match) => match.startsWith(`${family} `)).join(' ');
    return `iifname "${bridge}" ${matches} meta l4proto tcp redirect to :${outboundPort}`;
  });
}

function publishRules(match: string): string[] {
  const local = `${match}fib daddr type local meta l4proto { tcp, udp }`;
  return [
    `${local} dnat ip to ip daddr . meta l4proto . th dport map @at`,
    `${local} dnat ip to meta l4proto . th dport map @any`,
    // ::1 cannot leave this machine, whatever is translated (there is no route_localnet for IPv6): the proxy serves it.
    `${match}ip6 daddr != ::1 fib daddr type local meta l4proto { tcp, udp } dnat ip6 to ip6 daddr . meta l4proto . th dport map @at6`,
    `${match}ip6 daddr != ::1 fib daddr type local meta l4proto { tcp, udp } dnat ip6 to meta l4proto . th dport map @any6`,
  ];
}

function masqueradeRules(networks: readonly FirewallNetwork[]): string[] {
  const outbound = networks
    .filter(({ internal }) => !internal)
    .flatMap(({ bridge, pools, masquerade, hostAddress }) =>
      pools
        .filter(({ subnet }) => masquerade.includes(subnet.includes(':') ? 6 : 4))
        .map(({ subnet }) => {
          const to = hostAddress?.[subnet.includes(':') ? 6 : 4];
          const how = to === undefined ? 'masquerade' : `snat ${keyword(subnet)} to ${to}`;
          return `${keyword(subnet)} saddr ${subnet} oifname != "${bridge}" ${how}`;
        }),
    );
  return ['ip saddr 127.0.0.0/8 oifname @bridges masquerade', ...outbound];
}

/** Into a bridge comes only what answers or what a published port translated; out of an internal one goes nothing. */
function forwardRules(networks: readonly FirewallNetwork[]): string[] {
  const own = networks.flatMap(({ bridge, internal }) => [
    `oifname "${bridge}" iifname != "${bridge}" drop`,
    ...(internal ? [`iifname "${bridge}" oifname != "${bridge}" drop`] : []),
  ]);
  return ['ct state established,related accept', 'ct status dnat oifname @bridges accept', ...own];
}

function keyword(subnet: string): 'ip' | 'ip6' {
  return parsePrefix(subnet)?.family === 6 ? 'ip6' : 'ip';
}
