import type { InterfaceSpec, PublishedPortSpec } from '../launch/spec.js';

export interface IpamPool {
  /** `172.18.0.0/16` */
  readonly subnet: string;
  readonly gateway?: string;
  readonly ipRange?: string;
  readonly auxAddresses?: Readonly<Record<string, string>>;
}

/** What survives of a network. Docker's terms. */
export interface NetworkRecord {
  readonly id: string;
  readonly name: string;
  readonly driver: 'bridge' | 'host' | 'null' | 'macvlan' | 'ipvlan';
  readonly created: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly enableIPv4: boolean;
  readonly enableIPv6: boolean;
  readonly ipam: readonly IpamPool[];
  /** The pools as they were asked for, which is how clients are shown them; a family that is not among them got one by itself. */
  readonly asked?: readonly Partial<IpamPool>[];
  readonly ipamOptions: Readonly<Record<string, string>> | null;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the bridge on this machine; empty for other drivers. */
  readonly bridge: string;
  readonly predefined: boolean;
  /** Of a macvlan or ipvlan: the link that it stands on. */
  readonly parent?: string;
  /** The engine made that link, and takes it away. */
  readonly ownsParent?: boolean;
  /** Holds settings for others that are made from it; nobody can be on it. */
  readonly configOnly?: boolean;
  /** Name of the one that it was made from. */
  readonly configFrom?: string;
}

export interface NetworkRequest {
  readonly name: string;
  readonly driver: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly enableIPv4?: boolean;
  readonly enableIPv6: boolean;
  readonly ipam: readonly Partial<IpamPool>[];
  readonly ipamOptions: Readonly<Record<string, string>> | null;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly configOnly?: boolean;
  readonly configFrom?: string;
}

/** One container on one network. Addresses are held from `attach` to `detach`. */
export interface Endpoint {
  readonly networkId: string;
  readonly endpointId: string;
  readonly containerId: string;
  readonly containerName: string;
  readonly interfaceName: string;
  readonly macAddress: string;
  readonly ipv4: string | undefined;
  readonly ipv4PrefixLength: number;
  readonly gateway: string | undefined;
  readonly ipv6: string | undefined;
  readonly ipv6PrefixLength: number;
  readonly gateway6: string | undefined;
  /** All names it answers to here: name, short id, service aliases. */
  readonly dnsNames: readonly string[];
}

export interface EndpointRequest {
  readonly networkId: string;
  readonly containerId: string;
  readonly containerName: string;
  readonly hostname: string;
  readonly aliases: readonly string[];
  /** Docker's links: another word for a name on the same network, which this container alone knows. */
  readonly links: readonly { readonly alias: string; readonly name: string }[];
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly macAddress?: string;
  readonly interfaceName: string;
  /** The default route goes over the network with the highest one (0 unless told); networks of equal priority by name. */
  readonly gwPriority?: number;
  readonly linkLocal?: readonly string[];
  /** Of its interface: path below /proc/sys/net → value. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Resolvers that names from outside are asked at for this container, instead of the machine's. */
  readonly dns?: readonly string[];
}

/** An endpoint with what was asked for it. */
export interface HeldEndpoint {
  readonly endpoint: Endpoint;
  readonly request: EndpointRequest;
}

/** A port as asked for; `hostPort` 0 picks a free one. */
export interface PortRequest {
  readonly protocol: 'tcp' | 'udp';
  readonly hostIp: string;
  readonly hostPort: number;
  readonly hostPortEnd?: number;
  /** Whoever asks with the same word gets the same port beside those that have it. */
  readonly balancedIn?: string;
  readonly containerPort: number;
}

export interface Networks {
  /** Makes the predefined networks, finds again the bridges of earlier runs, starts DNS. */
  open(): Promise<void>;
  close(): Promise<void>;
  list(): NetworkRecord[];
  /** By id, unique prefix or name; throws `not-found` ("network X not found"). */
  get(name: string): NetworkRecord;
  find(name: string): NetworkRecord | undefined;
  create(request: NetworkRequest): Promise<{ network: NetworkRecord; warning: string }>;
  /** Throws `forbidden` while endpoints are on it. */
  remove(id: string): Promise<void>;
  endpoints(networkId: string): Endpoint[];
  endpointsOf(containerId: string): Endpoint[];
  /** Takes an address and a name; the bridge is brought up when it is not. Wires nothing yet. */
  attach(request: EndpointRequest): Promise<Endpoint>;
  /** What the launcher has to make for an endpoint. */
  interfaceSpec(endpoint: Endpoint): InterfaceSpec;
  /** Adds an interface to a running container (`docker network connect`). */
  plug(endpoint: Endpoint, pid: number): Promise<void>;
  /** Removes it from a running one. */
  unplug(endpoint: Endpoint, pid: number): Promise<void>;
  /** Gives the address and the names back. A bridge without endpoints goes down until the next one needs it. */
  detach(containerId: string, networkId?: string): Promise<void>;
  /** An earlier engine's running container: takes its addresses and names again, as recorded. */
  adopt(endpoint: Endpoint, request: EndpointRequest): void;
  /** Gives its places on its networks as they are from now on. */
  renamed(containerId: string, name: string): readonly HeldEndpoint[];
  /** What a running container answers to from now on, network by network; its addresses stay. */
  answerTo(containerId: string, requests: readonly EndpointRequest[]): readonly HeldEndpoint[];
  /** Picks host ports; does not listen (the container's proxy does, so the start fails when one is busy). */
  choosePorts(requests: readonly PortRequest[], endpoint: Endpoint): Promise<PublishedPortSpec[]>;
  /** The fast path in the kernel (DNAT) beside the proxy, where there is one. */
  publish(containerId: string, ports: readonly PublishedPortSpec[], endpoint: Endpoint): Promise<void>;
  unpublish(containerId: string): Promise<void>;
  /** One container's ports become another's in one transaction of the kernel. Throws `system`; nothing has changed then. */
  republish(from: string, to: string, ports: readonly PublishedPortSpec[], endpoint: Endpoint): Promise<void>;
  /** Who listens on a busy port: `postgres (pid 812)`; undefined when it cannot be told. */
  portHolder(protocol: 'tcp' | 'udp', hostIp: string, port: number): Promise<string | undefined>;
  /** `nameserver` lines and the like for a container on these networks. */
  resolvConf(options: {
    readonly endpoints: readonly Endpoint[];
    readonly hostNetwork: boolean;
    readonly dns: readonly string[];
    readonly dnsSearch: readonly string[];
    readonly dnsOptions: readonly string[];
  }): Promise<string>;
  /** Address under which containers reach this machine (`host-gateway`): of the bridge they are on, else of the default bridge. */
  hostGateway(endpoints?: readonly Endpoint[]): string;
}
