import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { demultiplex, type Frame, linesOf } from '../../../src/engine/streams.js';

const streams = suite('engine streams');

const frame = (stream: number, text: string) => {
  const data = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(data.length, 4);
  return Buffer.concat([head, data]);
};

async function* pieces(data: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}

const join = (frames: readonly Frame[], stream: string) =>
  Buffer.concat(frames.filter((one) => one.stream === stream).map((one) => one.data)).toString();

streams('takes frames apart wherever they are cut', async () => {
  const data = Buffer.concat([frame(1, 'out one\n'), frame(2, 'err\n'), frame(1, ''), frame(1, 'out two\n')]);
  for (let size = 1; size <= data.length; size += 1) {
    const frames = await collect(demultiplex(pieces(data, size)));
    assert.is(join(frames, 'stdout'), 'out one\nout two\n');
    assert.is(join(frames, 'stderr'), 'err\n');
  }
});

streams('cuts lines for each stream by itself and keeps a last one without an end', async () => {
  const data = Buffer.concat([frame(1, 'a'), frame(2, 'x\r\n'), frame(1, 'b\n\nlast'), frame(2, 'zwö')]);
  const lines = await collect(linesOf(demultiplex(pieces(data, 3))));
  assert.equal(lines, [
    { stream: 'stderr', text: 'x' },
    { stream: 'stdout', text: 'ab' },
    { stream: 'stdout', text: '' },
    { stream: 'stdout', text: 'last' },
    { stream: 'stderr', text: 'zwö' },
  ]);
});

streams('gives 300,000 lines without loss', async () => {
  async function* many() {
    for (let i = 0; i < 300; i += 1) {
      yield frame(1, Array.from({ length: 1000 }, (_, j) => `line ${i * 1000 + j}\n`).join(''));
    }
  }
  let count = 0;
  for await (const { text } of linesOf(demultiplex(many()))) {
    if (text !== `line ${count}`) assert.unreachable(`${text} instead of line ${count}`);
    count += 1;
  }
  assert.is(count, 300_000);
});

streams.run();
