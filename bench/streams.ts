/** How fast a container's output gets to a client. */
import { request as httpRequest } from 'node:http';
import type { EngineUnderTest } from './engine-under-test.js';
import { benchImage } from './image.js';
import { type Figure, figure } from './measure.js';
import { createContainer, removeAll } from './operations.js';

const lines = 1_000_000;
const attachedBytes = 512 * 1024 * 1024;
const runs = 2;

/** Bytes of a body or of what follows an upgrade, until its end. */
function countBytes(engine: EngineUnderTest, method: string, path: string, headers = {}) {
  let opened: () => void;
  const open = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const bytes = new Promise<number>((resolve, reject) => {
    let count = 0;
    const count_ = (stream: NodeJS.ReadableStream) => {
      opened();
      stream.on('data', (chunk: Buffer) => {
        count += chunk.length;
      });
      stream.once('end', () => resolve(count));
      stream.once('error', reject);
    };
    const request = httpRequest({ socketPath: engine.socket, method, path, headers }, count_);
    request.on('upgrade', (_response, socket, head) => {
      count += head.length;
      count_(socket);
    });
    request.on('error', reject);
    request.end();
  });
  return { open, bytes };
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

async function expectAll(bytes: Promise<number>, least: number): Promise<void> {
  const count = await bytes;
  if (count < least) throw new Error(`${count} bytes came of at least ${least}`);
}

/** Logs of 1,000,000 lines: followed from the start while they are written, and read afterwards. */
export async function measureLogs(engine: EngineUnderTest): Promise<Figure[]> {
  const followed: number[] = [];
  const read: number[] = [];
  for (let run = 0; run < runs; run++) {
    const id = await createContainer(engine, { Image: benchImage, Cmd: ['/bin/seq', String(lines)] });
    try {
      followed.push(
        lines /
          (await seconds(async () => {
            await engine.call('POST', `/containers/${id}/start`);
            await expectAll(countBytes(engine, 'GET', `/containers/${id}/logs?stdout=1&follow=1`).bytes, lines * 6);
          })),
      );
      await engine.call('POST', `/containers/${id}/wait`);
      read.push(
        lines /
          (await seconds(() =>
            expectAll(countBytes(engine, 'GET', `/containers/${id}/logs?stdout=1`).bytes, lines * 6),
          )),
      );
    } finally {
      await removeAll(engine, [id]);
    }
  }
  return [
    figure(`${engine.name}: logs of ${lines} lines, followed`, 'lines/s', followed),
    figure(`${engine.name}: logs of ${lines} lines, read`, 'lines/s', read),
  ];
}

/** Output of a program that writes as fast as it can, attached to before its start, without a log. */
export async function measureAttach(engine: EngineUnderTest): Promise<Figure> {
  const values: number[] = [];
  for (let run = 0; run < runs; run++) {
    const id = await createContainer(engine, {
      Image: benchImage,
      Cmd: ['/bin/dd', 'if=/dev/zero', 'bs=65536', `count=${attachedBytes / 65536}`],
      HostConfig: { LogConfig: { Type: 'none' } },
    });
    try {
      const upgrade = { Connection: 'Upgrade', Upgrade: 'tcp' };
      const attached = countBytes(engine, 'POST', `/containers/${id}/attach?stream=1&stdout=1`, upgrade);
      await attached.open;
      const taken = await seconds(async () => {
        await engine.call('POST', `/containers/${id}/start`);
        await expectAll(attached.bytes, attachedBytes);
      });
      values.push(attachedBytes / 1e6 / taken);
    } finally {
      await removeAll(engine, [id]);
    }
  }
  return figure(`${engine.name}: output through an attached client`, 'MB/s', values);
}
