import type { Readable } from 'node:stream';

export interface Frame {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

/**
 * Takes apart what an engine sends of a container without a TTY: frames of an 8 byte head (stream, 0, 0, 0, length
 * big-endian) and payload (Engine API, "Stream format" of ContainerAttach). A frame longer than what has arrived is
 * handed on in pieces, so memory stays flat.
 */
export async function* demultiplex(source: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let pending: Buffer = Buffer.alloc(0);
  let left = 0;
  let stream: Frame['stream'] = 'stdout';
  for await (const chunk of source) {
    pending = pending.length ? Buffer.concat([pending, chunk]) : chunk;
    while (pending.length > 0) {
      if (left === 0) {
        if (pending.length < 8) break;
        stream = pending[0] === 2 ? 'stderr' : 'stdout';
        left = pending.readUInt32BE(4);
        pending = pending.subarray(8);
        continue;
      }
      const data = pending.subarray(0, left);
      left -= data.length;
      pending = pending.subarray(data.length);
      yield { stream, data };
    }
  }
}

/** The frames of a container with a TTY: one stream, no heads. */
export async function* asFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  for await (const data of source) yield { stream: 'stdout', data };
}

export interface Line {
  readonly stream: 'stdout' | 'stderr';
  /** Without its end of line. */
  readonly text: string;
}

/** Cuts frames into lines, each stream for itself; a last line without an end is given too. */
export async function* linesOf(frames: AsyncIterable<Frame>): AsyncGenerator<Line> {
  const rest: Record<Frame['stream'], Buffer[]> = { stdout: [], stderr: [] };
  const take = (stream: Frame['stream']) => {
    const text = Buffer.concat(rest[stream]).toString('utf8');
    rest[stream] = [];
    return { stream, text: text.endsWith('\r') ? text.slice(0, -1) : text };
  };
  for await (const { stream, data } of frames) {
    let begin = 0;
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, begin)) {
      rest[stream].push(data.subarray(begin, end));
      begin = end + 1;
      yield take(stream);
    }
    if (begin < data.length) rest[stream].push(Buffer.from(data.subarray(begin)));
  }
  for (const stream of ['stdout', 'stderr'] as const) if (rest[stream].length) yield take(stream);
}

/** A Node stream as async buffers. */
export function buffersOf(readable: Readable): AsyncIterable<Buffer> {
  return readable as AsyncIterable<Buffer>;
}
