import type { Readable } from 'node:stream';

/** Bytes of stream 1 and 2 out of Docker's frames, told apart. `onPayload` is called with whole or partial payloads. */
export class FrameReader {
  #header = Buffer.alloc(0);
  #left = 0;
  #stream: 1 | 2 = 1;

  constructor(private readonly onPayload: (stream: 1 | 2, payload: Buffer) => void) {}

  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left > 0) {
        const payload = rest.subarray(0, this.#left);
        this.#left -= payload.length;
        rest = rest.subarray(payload.length);
        this.onPayload(this.#stream, payload);
        continue;
      }
      const missing = 8 - this.#header.length;
      this.#header = Buffer.concat([this.#header, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (this.#header.length < 8) return;
      this.#stream = this.#header[0] === 2 ? 2 : 1;
      this.#left = this.#header.readUInt32BE(4);
      this.#header = Buffer.alloc(0);
    }
  }
}

/** Both streams of a framed output as one text, cut at `limit` bytes. Never rejects. */
export async function plainOutput(stream: Readable, limit: number): Promise<string> {
  const kept: Buffer[] = [];
  let length = 0;
  const reader = new FrameReader((_, payload) => {
    if (length < limit) kept.push(Buffer.from(payload.subarray(0, limit - length)));
    length += payload.length;
  });
  stream.on('data', (chunk: Buffer) => reader.push(chunk));
  await new Promise<void>((resolve) => {
    stream.once('close', resolve);
    stream.once('end', resolve);
    stream.once('error', () => resolve());
    if (stream.closed || stream.readableEnded) resolve(); // it ended before anybody listened
  });
  return Buffer.concat(kept).toString('utf8');
}
