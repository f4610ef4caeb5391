import type { InterfaceSpec, PublishedPortSpec } from './spec.js';

/**
 * The network operations that the launcher knows (`net_ops.c`, `net_proxy.c`). Names of links are at most 15 bytes,
 * addresses are text. An operation acts in the network namespace of the process that executes it.
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
      readonly op: 'link.set';
      readonly name: string;
      readonly up?: boolean;
      readonly mtu?: number;
      readonly macAddress?: string;
      readonly rename?: string;
      /** Moves it into the network namespace of a process. */
      readonly pid?: number;
    }
  | { readonly op: 'link.delete'; readonly name: string }
  /** `address` is `172.18.0.2/16` or an IPv6 one; no duplicate address detection. */
  | { readonly op: 'addr.add'; readonly name: string; readonly address: string }
  | {
      readonly op: 'route.add';
      /** `0.0.0.0/0`, `::/0` or a prefix. */
      readonly to: string;
      readonly via: string;
      readonly name: string;
      /** Preferred source address. */
      readonly source?: string;
      /** Into the table `local`, which is asked before all others. */
      readonly local?: boolean;
    }
  /** Writes one setting below `/proc/sys/net`, `ipv4/conf/eth0/route_localnet`; one that this kernel has not is ENOENT. */
  | { readonly op: 'net.sysctl'; readonly path: string; readonly value: string; readonly optional?: boolean }
  /** Listens on the host at once and forwards into the container's network namespace from the moment it exists. */
  | {
      readonly op: 'port.listen';
      readonly protocol: 'tcp' | 'udp';
      readonly hostIp: string;
      readonly hostPort: number;
      readonly containerIp: string;
      readonly containerPort: number;
    };

/** Where Docker's resolver answers inside every container. */
export const RESOLVER_ADDRESS = '127.0.0.11';

/**
 * One interface as operations: `host` in the monitor while the container's process waits, `inside` in that process
 * (or after `netns.enter`). `pid` 0 means the process just cloned.
 */
export function interfaceOps(spec: InterfaceSpec, pid = 0): { host: NetworkOp[]; inside: NetworkOp[] } {
  return {
    host: [
      {
        op: 'veth.create',
        name: spec.hostName,
        bridge: spec.bridge,
        mtu: spec.mtu,
        pid,
        peer: spec.name,
        macAddress: spec.macAddress,
        isolated: spec.isolated === true,
      },
    ],
    inside: insideOps(spec),
  };
}

function insideOps(spec: InterfaceSpec): NetworkOp[] {
  const name = spec.name;
  const ops: NetworkOp[] = [];
  if (!spec.addresses.some((address) => address.includes(':')))
    ops.push({ op: 'net.sysctl', path: `ipv6/conf/${name}/disable_ipv6`, value: '1', optional: true });
  for (const address of spec.addresses) ops.push({ op: 'addr.add', name, address });
  ops.push({ op: 'link.set', name, up: true });
  if (spec.gateway !== undefined) ops.push({ op: 'route.add', to: '0.0.0.0/0', via: spec.gateway, name });
  if (spec.gateway6 !== undefined) ops.push({ op: 'route.add', to: '::/0', via: spec.gateway6, name });
  if (spec.resolver !== undefined) ops.push(...resolverOps(name, spec.resolver));
  return ops;
}

/**
 * 127.0.0.11 without a process or a packet filter in the container: its one address is routed to the bridge's gateway,
 * which hands it to the engine's resolver. The table `local` is asked first and its longer prefix wins over 127.0.0.0/8.
 */
function resolverOps(name: string, resolver: { readonly via: string; readonly source: string }): NetworkOp[] {
  return [
    { op: 'net.sysctl', path: `ipv4/conf/${name}/route_localnet`, value: '1' },
    { op: 'route.add', to: `${RESOLVER_ADDRESS}/32`, via: resolver.via, name, source: resolver.source, local: true },
  ];
}

/** A published port as the operation of its proxy; part of `before`. */
export function portOp(port: PublishedPortSpec): NetworkOp {
  return {
    op: 'port.listen',
    protocol: port.protocol,
    hostIp: port.hostIp,
    hostPort: port.hostPort,
    containerIp: port.containerIp,
    containerPort: port.containerPort,
  };
}
