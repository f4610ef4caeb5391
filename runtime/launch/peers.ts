/** Who is at the other end of a unix socket: a process of the launcher asks the kernel, for which Node has no call. */
import { ByteWriter } from './byte-writer.js';
import type { FrameConnection } from './connection.js';
import { LaunchError } from './types.js';
import { decodeFailure, REPLY } from './wire.js';

/** Questions to one process that waits for them; another one takes its place when it has died. */
export class Peers {
  readonly #hand: (body: Uint8Array) => Promise<FrameConnection>;
  #connection: Promise<FrameConnection> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** `hand` gives the body of a peers job to a process, and the connection to that. */
  constructor(hand: (body: Uint8Array) => Promise<FrameConnection>) {
    this.#hand = hand;
  }

  /** SO_PEERCRED of a descriptor of this process, see unix(7). Throws LaunchError. */
  uidOf(descriptor: number): Promise<number> {
    // Answers have no number: the next question is asked when the last one is answered.
    const answer = this.#last.then(async () => {
      const uid = (await this.#ask(descriptor)) ?? (await this.#ask(descriptor));
      if (uid === undefined) throw new LaunchError('peer', 'EPIPE', 'connection');
      return uid;
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  close(): void {
    void this.#connection?.then((connection) => connection.close()).catch(() => undefined);
    this.#connection = undefined;
  }

  /** Undefined when the process has died meanwhile. */
  async #ask(descriptor: number): Promise<number | undefined> {
    this.#connection ??= this.#open();
    const connection = await this.#connection;
    connection.send(0, number(descriptor));
    const answer = await connection.next();
    if (answer?.kind === REPLY.ok) return answer.body.readUInt32LE(0);
    if (answer !== undefined) throw decodeFailure(answer.body);
    this.close();
    return undefined;
  }

  async #open(): Promise<FrameConnection> {
    const opened = this.#hand(number(process.pid));
    opened.catch(() => {
      this.#connection = undefined;
    });
    const connection = await opened;
    connection.socket.unref();
    return connection;
  }
}

function number(value: number): Buffer {
  const body = new ByteWriter();
  body.u32(value);
  return body.finish();
}
