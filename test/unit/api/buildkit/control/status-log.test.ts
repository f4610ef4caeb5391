import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { StatusLog, type StatusPart } from '../../../../../runtime/api/buildkit/control/status-log.js';
import { VertexLine } from '../../../../../runtime/api/buildkit/control/vertex.js';

const statusLog = suite('status log');
const never = new AbortController().signal;

async function readAll(log: StatusLog, signal = never): Promise<StatusPart[]> {
  const parts: StatusPart[] = [];
  for await (const part of log.read(signal)) parts.push(part);
  return parts;
}
const namesOf = (parts: readonly StatusPart[]) =>
  parts.flatMap(({ vertexes }) => vertexes ?? []).map(({ name }) => name);

statusLog('who comes late is told everything', async () => {
  const log = new StatusLog();
  const line = new VertexLine(log, { build: 'b', id: '1', name: 'one' }).start();
  line.done();
  log.end();
  assert.equal(namesOf(await readAll(log)), ['one', 'one']);
});

statusLog('who listens is told as it comes, until the end', async () => {
  const log = new StatusLog();
  const reading = readAll(log);
  new VertexLine(log, { build: 'b', id: '1', name: 'one' }).start();
  await new Promise(setImmediate);
  new VertexLine(log, { build: 'b', id: '2', name: 'two' }).start();
  log.end();
  assert.equal(namesOf(await reading), ['one', 'two']);
});

statusLog('who goes away is let go', async () => {
  const abort = new AbortController();
  const reading = readAll(new StatusLog(), abort.signal);
  abort.abort();
  assert.equal(await reading, []);
});

statusLog('a line ends once, with when it began', () => {
  const log = new StatusLog();
  const line = new VertexLine(log, { build: 'b', id: '1', name: 'one' });
  line.done({ error: 'first' });
  line.done();
  assert.is(line.isDone, true);
  log.end();
});

statusLog('lines of one build differ by their ids, and of two builds', () => {
  const log = new StatusLog();
  const digest = (build: string, id: string) => new VertexLine(log, { build, id, name: 'same' }).digest;
  assert.is(new Set([digest('a', '1'), digest('a', '2'), digest('b', '1')]).size, 3);
  assert.is(digest('a', '1'), digest('a', '1'));
});

statusLog.run();
