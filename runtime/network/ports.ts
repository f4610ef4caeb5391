import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { EngineError } from '../errors.js';
import type { PublishedPortSpec } from '../launch/spec.js';
import type { PortRequest } from './types.js';

type Protocol = PublishedPortSpec['protocol'];

interface Reservation {
  readonly owner: string;
  readonly hostIp: string;
  readonly balancedIn: string | undefined;
  /** The owner listens; until then it may still fail because of another program. */
  readonly published: boolean;
}

/** The side of a port that is in the container. */
export interface PortTarget {
  readonly owner: string;
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  /** Addresses of the host for a request that names none. */
  readonly hostIps: readonly string[];
}

/** Which container has which port of this machine, from choosing it until it is released. */
export class PortBook {
  readonly #reserved = new Map<string, Reservation[]>();

  /** Throws `system` (Docker's words) when another container has it; what another program has is found when it is bound. */
  async choose(request: PortRequest, target: PortTarget): Promise<PublishedPortSpec[]> {
    const hostIps = request.hostIp === '' ? target.hostIps : [request.hostIp];
    const hostPort = await this.#pick(request, hostIps, target.owner);
    return hostIps.map((hostIp) => ({
      protocol: request.protocol,
      hostIp,
      hostPort,
      containerIp: containerIp(hostIp, target),
      containerPort: request.containerPort,
      ...(request.balancedIn === undefined ? {} : { balancedIn: request.balancedIn }),
    }));
  }

  /** Without asking: the ports of a container that runs. */
  reserve(owner: string, ports: readonly PublishedPortSpec[]): void {
    for (const { protocol, hostPort, hostIp, balancedIn } of ports)
      this.#add(protocol, hostPort, [hostIp], { owner, balancedIn, published: true });
  }

  release(owner: string): void {
    for (const [key, reservations] of this.#reserved) {
      const rest = reservations.filter((reservation) => reservation.owner !== owner);
      if (rest.length === 0) this.#reserved.delete(key);
      else this.#reserved.set(key, rest);
    }
  }

  /** The running container that has it. */
  holder(protocol: Protocol, hostIp: string, port: number): string | undefined {
    return this.#colliding(protocol, hostIp, port).find(({ published }) => published)?.owner;
  }

  #colliding(protocol: Protocol, hostIp: string, port: number): Reservation[] {
    const reservations = this.#reserved.get(`${protocol}/${port}`) ?? [];
    return reservations.filter((reservation) => collide(reservation.hostIp, hostIp));
  }

  async #pick(request: PortRequest, hostIps: readonly string[], owner: string) {
    const { protocol, hostPort, hostPortEnd, balancedIn } = request;
    const last = hostPortEnd ?? hostPort;
    if (hostPort === 0) return this.#pickFree(protocol, hostIps, owner);
    for (let port = hostPort; port <= last; port++) {
      if (this.#isTaken(protocol, port, hostIps, balancedIn)) continue;
      this.#add(protocol, port, hostIps, { owner, balancedIn, published: false });
      if (hostPort === last || (await areFree(protocol, hostIps, port))) return port;
      this.#drop(protocol, port, owner);
    }
    const range = hostPort === last ? `${hostPort}` : `${hostPort}-${last}`;
    throw new EngineError('system', `Bind for ${hostIps[0]}:${range} failed: port is already allocated`);
  }

  async #pickFree(protocol: Protocol, hostIps: readonly string[], owner: string): Promise<number> {
    for (let tries = 0; tries < 64; tries++) {
      const port = await probe(protocol, hostIps[0]!, 0);
      if (port === undefined || this.#isTaken(protocol, port, hostIps)) continue;
      this.#add(protocol, port, hostIps, { owner, balancedIn: undefined, published: false });
      if (await areFree(protocol, hostIps.slice(1), port)) return port;
      this.#drop(protocol, port, owner);
    }
    throw new EngineError('system', `no free ${protocol} port was found on ${hostIps[0]}`);
  }

  #isTaken(protocol: Protocol, port: number, hostIps: readonly string[], balancedIn?: string): boolean {
    const isOther = (one: Reservation) => balancedIn === undefined || one.balancedIn !== balancedIn;
    return hostIps.some((hostIp) => this.#colliding(protocol, hostIp, port).some(isOther));
  }

  #add(protocol: Protocol, port: number, hostIps: readonly string[], holder: Omit<Reservation, 'hostIp'>): void {
    const key = `${protocol}/${port}`;
    const others = (this.#reserved.get(key) ?? []).filter(
      (reservation) => reservation.owner !== holder.owner || !hostIps.includes(reservation.hostIp),
    );
    this.#reserved.set(key, [...others, ...hostIps.map((hostIp) => ({ ...holder, hostIp }))]);
  }

  #drop(protocol: Protocol, port: number, owner: string): void {
    const key = `${protocol}/${port}`;
    const rest = (this.#reserved.get(key) ?? []).filter((reservation) => reservation.owner !== owner);
    if (rest.length === 0) this.#reserved.delete(key);
    else this.#reserved.set(key, rest);
  }
}

/** The same address of the same family, or one of them means all. */
function collide(one: string, other: string): boolean {
  if (one.includes(':') !== other.includes(':')) return false;
  return one === other || isAll(one) || isAll(other);
}

function isAll(hostIp: string): boolean {
  return hostIp === '0.0.0.0' || hostIp === '::';
}

/** The same family where the container has it; the proxy speaks both otherwise. */
function containerIp(hostIp: string, { ipv4, ipv6 }: PortTarget): string {
  const address = hostIp.includes(':') ? (ipv6 ?? ipv4) : (ipv4 ?? ipv6);
  if (address === undefined) throw new EngineError('invalid', 'a container without an address cannot publish ports');
  return address;
}

async function areFree(protocol: Protocol, hostIps: readonly string[], port: number): Promise<boolean> {
  for (const hostIp of hostIps) if ((await probe(protocol, hostIp, port)) === undefined) return false;
  return true;
}

/** Binds for a moment; the port that it got, undefined when it is busy or this address cannot be bound. */
async function probe(protocol: Protocol, host: string, port: number): Promise<number | undefined> {
  try {
    return await (protocol === 'tcp' ? probeTcp(host, port) : probeUdp(host, port));
  } catch {
    return undefined;
  }
}

async function probeTcp(host: string, port: number): Promise<number> {
  const server = createServer().listen({ host, port, ipv6Only: host.includes(':'), exclusive: true });
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function probeUdp(address: string, port: number): Promise<number> {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', ipv6Only: address.includes(':') });
  socket.bind({ address, port, exclusive: true });
  await once(socket, 'listening');
  const bound = socket.address().port;
  await new Promise<void>((resolve) => socket.close(resolve));
  return bound;
}
