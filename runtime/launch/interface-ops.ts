import type { InterfaceSpec, LinkAbove, PublishedPortSpec } from './spec.js';

/**
 * The network operations that the launcher knows (`net_ops.c`, `net_proxy.c`). Names of links are at most 15 bytes,
 * addresses are text. An operation acts in the network namespace of the process that executes it. The failure of an
 * `optional` one is passed over.
 */
export type NetworkOp =
  /** Enters a network namespace by path (`/proc/PID/ns/net`); what follows acts in there. */
  | { readonly op: 'netns.enter'; readonly path: string }
  | {
      readonly op: 'bridge.create';
      readonly name: string;
      readonly macAddress: string;
      readonly mtu: number;
      /** Kept by the kernel (`ifalias`): tells whose it is. */
      readonly alias: string;
    }
  | {
      readonly op: 'veth.create';
      /** The end that stays here: enslaved to `bridge`, up. */
      readonly name: string;
      readonly bridge: string;
      readonly mtu: number;
      /** The other end, made directly in the network namespace of `pid`; 0 is the process that was just cloned. */
      readonly pid: number;
      readonly peer: string;
      readonly macAddress: string;
      /** Ports of the bridge that are isolated do not reach each other (`icc=false`). */
      readonly isolated: boolean;
    }
  | {
      /** On top of `parent`, which is here; a dummy has none. */
      readonly op: 'link.make';
      readonly kind: 'macvlan' | 'ipvlan' | 'vlan' | 'dummy';
      readonly name: string;
      readonly parent: string;
      /** The kernel's number of the mode (if_link.h), or the VLAN's id. */
      readonly number: number;
      /** Of an ipvlan. */
      readonly flags: number;
      readonly macAddress: string;
      readonly mtu: number;
      /** In the network namespace of `pid` (0: the process just cloned), else here and up. */
      readonly inside: boolean;
      readonly pid: number;
    }
  | {
      /** False, 0 and '' leave a property as it is; `pid` moves the link into that process' network namespace. */
      readonly op: 'link.set';
      readonly name: string;
      readonly up: boolean;
      readonly mtu: number;
      readonly macAddress: string;
      readonly rename: string;
      readonly pid: number;
    }
  | { readonly op: 'link.delete'; readonly name: string }
  /** `address` is `172.18.0.2/16` or an IPv6 one; no duplicate address detection. */
  | { readonly op: 'addr.add'; readonly name: string; readonly address: string; readonly optional?: boolean }
  | {
      /** `replace` takes the place of a route to the same prefix, where `add` refuses. */
      readonly op: 'route.add' | 'route.replace';
      /** `0.0.0.0/0`, `::/0` or a prefix. */
      readonly to: string;
      /** '' reaches everything on the link itself. */
      readonly via: string;
      readonly name: string;
      /** Preferred source address; '' leaves it to the kernel. */
      readonly source: string;
      /** Into the table `local`, which is asked before all others. */
      readonly local: boolean;
      readonly optional?: boolean;
    }
  /** Writes one setting below `/proc/sys/net`, `ipv4/conf/eth0/route_localnet`; one that this kernel has not is ENOENT. */
  | { readonly op: 'net.sysctl'; readonly path: string; readonly value: string; readonly optional?: boolean }
  /** Listens on the host, in `before`; connections wait until `port.serve`. */
  | {
      readonly op: 'port.listen';
      readonly protocol: 'tcp' | 'udp';
      readonly hostIp: string;
      readonly hostPort: number;
      readonly containerIp: string;
      readonly containerPort: number;
    }
  /** As `port.listen`, beside others that joined at the same port: connections are dealt out among them. */
  | {
      readonly op: 'port.join';
      readonly protocol: 'tcp' | 'udp';
      readonly hostIp: string;
      readonly hostPort: number;
      readonly containerIp: string;
      readonly containerPort: number;
    }
  /** As `port.listen`, with the socket of a proxy (`pid`) that listens there: the proxy that follows accepts nothing until SIGUSR1. */
  | {
      readonly op: 'port.take';
      readonly pid: number;
      readonly protocol: 'tcp' | 'udp';
      readonly hostIp: string;
      readonly hostPort: number;
      readonly containerIp: string;
      readonly containerPort: number;
    }
  /**
   * Forks one proxy for all ports listened on, connecting from the network namespace of `pid` (0: the process just cloned),
   * or from `bridges` (a path; '' for not so) in the names of its clients.
   */
  | { readonly op: 'port.serve'; readonly pid: number; readonly bridges: string }
  /** Ends the kernel's memory of datagram flows that lead to a container's address. */
  | { readonly op: 'conntrack.forget'; readonly address: string; readonly optional?: boolean };

/**
 * One interface as operations: `host` in the monitor while the container's process waits, `inside` in that process
 * (or after `netns.enter`). `pid` 0 means the process just cloned.
 */
export function interfaceOps(spec: InterfaceSpec, pid = 0): { host: NetworkOp[]; inside: NetworkOp[] } {
  return {
    host: [spec.above === undefined ? vethOp(spec, pid) : childOp(spec, spec.above, pid)],
    inside: insideOps(spec),
  };
}

function vethOp(spec: InterfaceSpec, pid: number): NetworkOp {
  return {
    op: 'veth.create',
    name: spec.hostName,
    bridge: spec.bridge,
    mtu: spec.mtu,
    pid,
    peer: spec.name,
    macAddress: spec.macAddress,
    isolated: spec.isolated === true,
  };
}

function childOp(spec: InterfaceSpec, above: LinkAbove, pid: number): NetworkOp {
  const { name, macAddress, mtu } = spec;
  return { op: 'link.make', ...above, name, macAddress, mtu, inside: true, pid };
}

function insideOps(spec: InterfaceSpec): NetworkOp[] {
  const name = spec.name;
  const ops: NetworkOp[] = [];
  if (!spec.addresses.some((address) => address.includes(':')))
    ops.push({ op: 'net.sysctl', path: `ipv6/conf/${name}/disable_ipv6`, value: '1', optional: true });
  for (const address of spec.addresses) ops.push({ op: 'addr.add', name, address });
  ops.push(linkUp(name));
  if (spec.gateway !== undefined)
    ops.push({ op: 'route.add', to: '0.0.0.0/0', via: spec.gateway, name, source: '', local: false });
  if (spec.gateway6 !== undefined)
    ops.push({ op: 'route.add', to: '::/0', via: spec.gateway6, name, source: '', local: false });
  for (const address of spec.linkLocal ?? []) ops.push({ op: 'addr.add', name, address });
  for (const [path, value] of Object.entries(spec.sysctls ?? {})) ops.push({ op: 'net.sysctl', path, value });
  if (spec.resolver !== undefined) ops.push(...resolverOps(name, spec.resolver));
  return ops;
}

/**
 * A resolver on the container's loopback (127.0.0.11) without a process or a packet filter in there: its one address is
 * routed to the bridge's gateway, which hands it to the engine's. The table `local` is asked first and its longer prefix
 * wins over 127.0.0.0/8.
 */
function resolverOps(name: string, { address, via, source }: NonNullable<InterfaceSpec['resolver']>): NetworkOp[] {
  return [
    { op: 'net.sysctl', path: `ipv4/conf/${name}/route_localnet`, value: '1' },
    { op: 'route.add', to: `${address}/32`, via, name, source, local: true },
  ];
}

export function linkUp(name: string): NetworkOp {
  return { op: 'link.set', name, up: true, mtu: 0, macAddress: '', rename: '', pid: 0 };
}

/**
 * Published ports as operations: `before` listens, so that a busy port fails the start before anything else happened;
 * `host` starts their proxy. `bridges`: where it connects from, as `port.serve` says.
 */
export function portOps(ports: readonly PublishedPortSpec[], bridges = ''): { before: NetworkOp[]; host: NetworkOp[] } {
  if (ports.length === 0) return { before: [], host: [] };
  const before = ports.map(({ sharedWith, balancedIn, ...port }): NetworkOp => {
    const { protocol, hostIp, hostPort, containerIp, containerPort } = port;
    const fields = { protocol, hostIp, hostPort, containerIp, containerPort };
    return sharedWith === undefined
      ? { op: balancedIn === undefined ? 'port.listen' : 'port.join', ...fields }
      : { op: 'port.take', pid: sharedWith, ...fields };
  });
  return { before, host: [{ op: 'port.serve', pid: 0, bridges }] };
}

type Fields = readonly (readonly [name: string, type: 'string' | 'u32' | 'bool'])[];

const ROUTE: Fields = [
  ['to', 'string'],
  ['via', 'string'],
  ['name', 'string'],
  ['source', 'string'],
  ['local', 'bool'],
];

/** Order and type of each operation's fields on the wire, as `net_ops.c` and `net_proxy.c` read them; a bool is a u32. */
export const NETWORK_LAYOUTS: { readonly [Name in NetworkOp['op']]: Fields } = {
  'netns.enter': [['path', 'string']],
  'bridge.create': [
    ['name', 'string'],
    ['macAddress', 'string'],
    ['mtu', 'u32'],
    ['alias', 'string'],
  ],
  'veth.create': [
    ['name', 'string'],
    ['bridge', 'string'],
    ['mtu', 'u32'],
    ['pid', 'u32'],
    ['peer', 'string'],
    ['macAddress', 'string'],
    ['isolated', 'bool'],
  ],
  'link.make': [
    ['kind', 'string'],
    ['name', 'string'],
    ['parent', 'string'],
    ['number', 'u32'],
    ['flags', 'u32'],
    ['macAddress', 'string'],
    ['mtu', 'u32'],
    ['inside', 'bool'],
    ['pid', 'u32'],
  ],
  'link.set': [
    ['name', 'string'],
    ['up', 'bool'],
    ['mtu', 'u32'],
    ['macAddress', 'string'],
    ['rename', 'string'],
    ['pid', 'u32'],
  ],
  'link.delete': [['name', 'string']],
  'addr.add': [
    ['name', 'string'],
    ['address', 'string'],
  ],
  'route.add': ROUTE,
  'route.replace': ROUTE,
  'net.sysctl': [
    ['path', 'string'],
    ['value', 'string'],
  ],
  'port.listen': [
    ['protocol', 'string'],
    ['hostIp', 'string'],
    ['hostPort', 'u32'],
    ['containerIp', 'string'],
    ['containerPort', 'u32'],
  ],
  'port.join': [
    ['protocol', 'string'],
    ['hostIp', 'string'],
    ['hostPort', 'u32'],
    ['containerIp', 'string'],
    ['containerPort', 'u32'],
  ],
  'port.take': [
    ['pid', 'u32'],
    ['protocol', 'string'],
    ['hostIp', 'string'],
    ['hostPort', 'u32'],
    ['containerIp', 'string'],
    ['containerPort', 'u32'],
  ],
  'port.serve': [
    ['pid', 'u32'],
    ['bridges', 'string'],
  ],
  'conntrack.forget': [['address', 'string']],
};
