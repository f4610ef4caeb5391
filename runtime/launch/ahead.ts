/** Networks that are made before there is a container for them: the kernel takes longer for one than for all the rest of a start. */
import type { FrameConnection } from './connection.js';
import { encodeAhead } from './encode.js';
import { linkUp, type VethCreate } from './interface-ops.js';
import type { LaunchProgram, Op } from './program.js';
import { REPLY } from './wire.js';

/** Processes that wait with a network for the next container on it. */
const READY = 2;
/** How long they do, after a container was started last. */
const IDLE_MS = 10_000;

interface Waiting {
  readonly connection: FrameConnection;
  readonly link: VethCreate;
}

export class AheadPool {
  readonly #hand: (body: Uint8Array) => Promise<FrameConnection>;
  #ready: Waiting[] = [];
  #making = 0;
  /** Tells what is being made for a bridge that is gone by the time it is ready. */
  #round = 0;
  #idle: NodeJS.Timeout | undefined;

  /** `hand` gives the body of an ahead job to a process, and the connection to that. */
  constructor(hand: (body: Uint8Array) => Promise<FrameConnection>) {
    this.#hand = hand;
  }

  /** A connection whose process has made what the program asks for, and the program without that. */
  take(program: LaunchProgram): { connection: FrameConnection; program: LaunchProgram } | undefined {
    // An end from the other side leaves ours open.
    for (const { connection } of this.#ready) if (connection.over) connection.close();
    this.#ready = this.#ready.filter(({ connection }) => !connection.over);
    const at = this.#ready.findIndex(({ link }) => isLike(program.ahead, link));
    const [found] = at < 0 ? [] : this.#ready.splice(at, 1);
    if (found === undefined) return undefined;
    found.connection.socket.ref();
    return { connection: found.connection, program: adopt(program) };
  }

  /** Makes what the next container like this one needs; never throws. */
  async refill({ ahead }: LaunchProgram): Promise<void> {
    if (ahead === undefined) return;
    this.#startIdling();
    for (const { connection } of this.#ready.filter(({ link }) => !isLike(ahead, link))) connection.close();
    this.#ready = this.#ready.filter(({ link }) => isLike(ahead, link));
    if (this.#ready.length + this.#making >= READY) return;
    this.#making++;
    try {
      await this.#make(ahead);
    } finally {
      this.#making--;
    }
  }

  /** Of this bridge, or of all. */
  drop(bridge?: string): void {
    this.#round++;
    const isMeant = ({ link }: Waiting) => bridge === undefined || link.bridge === bridge;
    for (const { connection } of this.#ready.filter(isMeant)) connection.close();
    this.#ready = this.#ready.filter((waiting) => !isMeant(waiting));
  }

  async #make(link: VethCreate): Promise<void> {
    const round = this.#round;
    const connection = await this.#hand(encodeAhead([linkUp('lo')], [link])).catch(() => undefined);
    if (connection === undefined) return;
    connection.socket.unref();
    const answer = await connection.next();
    if (answer?.kind !== REPLY.ok || round !== this.#round) connection.close();
    else this.#ready.push({ connection, link });
  }

  #startIdling(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.drop(), IDLE_MS);
    this.#idle.unref();
  }
}

function isLike(wanted: VethCreate | undefined, link: VethCreate): boolean {
  const { bridge, peer, mtu, isolated } = link;
  return wanted?.bridge === bridge && wanted.peer === peer && wanted.mtu === mtu && wanted.isolated === isolated;
}

/**
 * The program of a container that is born in the network made ahead: its loopback is up, its first link is there and gets
 * the address that was meant for it. Pure.
 */
export function adopt(program: LaunchProgram): LaunchProgram {
  const first = program.host.find((op) => op.op === 'veth.create');
  const { peer = '', macAddress = '' } = first ?? {};
  const named = (op: Op): Op => (op.op === 'link.set' && op.up && op.name === peer ? { ...op, macAddress } : op);
  return {
    ...program,
    before: [...program.before, { op: 'network.ahead' }],
    clone: program.clone.filter((name) => name !== 'newnet'),
    host: [{ op: 'network.home' }, ...program.host.filter((op) => op !== first)],
    inside: program.inside.filter((op) => !(op.op === 'link.set' && op.name === 'lo')).map(named),
  };
}
