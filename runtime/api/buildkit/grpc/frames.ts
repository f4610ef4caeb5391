/** Length-prefixed messages (gRPC over HTTP/2, section Length-Prefixed-Message). */

const headBytes = 5;

/** What a message may come to, as with BuildKit (`MaxCallRecvMsgSize`). */
const limitBytes = 16 << 20;

export function frame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Cuts chunks into messages. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #have = 0;
  #wanted: number | undefined;

  /**
   * The messages that this chunk completes. Throws for one that is too long, and for a compressed one: nobody was told that
   * we understand any compression.
   */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#have += chunk.length;
    const messages: Buffer[] = [];
    for (let message = this.#next(); message; message = this.#next()) messages.push(message);
    return messages;
  }

  #next(): Buffer | undefined {
    if (this.#wanted === undefined) {
      if (this.#have < headBytes) return undefined;
      const head = this.#take(headBytes);
      if (head[0] !== 0) throw new Error('a compressed gRPC message');
      const length = head.readUInt32BE(1);
      if (length > limitBytes) throw new Error(`a gRPC message of ${length} bytes`);
      this.#wanted = length;
    }
    if (this.#have < this.#wanted) return undefined;
    const message = this.#take(this.#wanted);
    this.#wanted = undefined;
    return message;
  }

  #take(length: number): Buffer {
    this.#have -= length;
    const first = this.#chunks[0] ?? Buffer.alloc(0);
    if (first.length > length || length === 0) {
      this.#chunks[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    return this.#gather(length);
  }

  /** What lies in several chunks is copied, and nothing else. */
  #gather(length: number): Buffer {
    let bytes = 0;
    const whole: Buffer[] = [];
    while (bytes < length) {
      const chunk = this.#chunks.shift()!;
      const part = chunk.subarray(0, length - bytes);
      if (part.length < chunk.length) this.#chunks.unshift(chunk.subarray(part.length));
      whole.push(part);
      bytes += part.length;
    }
    return whole.length === 1 ? whole[0]! : Buffer.concat(whole, length);
  }
}

/** The messages of a readable side, in order, with its backpressure; those that came together in one list. */
export async function* readFrameBatches(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer[]> {
  const reader = new FrameReader();
  for await (const chunk of stream) yield reader.push(chunk);
}

/** The same, one by one. */
export async function* readFrames(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const messages of readFrameBatches(stream)) yield* messages;
}
