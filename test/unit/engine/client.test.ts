import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ProgressLine } from '../../../src/engine/answers.js';
import { EngineClient } from '../../../src/engine/client.js';
import { listContainers, startContainer, stopContainer, waitContainer } from '../../../src/engine/containers.js';
import { EngineAnswerError, isConnectionError, isStatus } from '../../../src/engine/errors.js';
import { inspectImage, pullImage, splitReference } from '../../../src/engine/images.js';
import { fakeEngine, json } from '../../support/fake-engine.js';

const client = suite('engine client');

async function failure(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  return undefined;
}

client('sends filters as JSON and leaves out what is not said', async () => {
  const engine = await fakeEngine((_, response) => json(response, []));
  await listContainers(engine.client, { label: ['a=b'] });
  await stopContainer(engine.client, 'x/y', 1500);
  await stopContainer(engine.client, 'x');
  assert.is(engine.asked[0]!.query.get('filters'), '{"label":["a=b"]}');
  assert.is(engine.asked[1]!.path, '/containers/x%2Fy/stop');
  assert.is(engine.asked[1]!.query.get('t'), '2');
  assert.is(engine.asked[2]!.query.get('t'), null);
  await engine.close();
});

client('keeps its connections', async () => {
  const engine = await fakeEngine((_, response) => json(response, []));
  for (let i = 0; i < 5; i += 1) await listContainers(engine.client, {});
  assert.is(engine.connections(), 1);
  await engine.close();
});

client("an answer that ends without a word, or is no JSON, is the engine's failure and has a sentence", async () => {
  for (const [text, said] of [
    ['', "the engine's answer to GET /containers/json is empty"],
    ['<html>', "the engine's answer to GET /containers/json is no JSON: <html>"],
  ] as const) {
    const engine = await fakeEngine((_, response) => response.writeHead(200).end(text));
    const error = await failure(listContainers(engine.client, {}));
    assert.instance(error, EngineAnswerError);
    assert.is((error as Error).message, said);
    await engine.close();
  }
});

client("throws the engine's own sentence with its status", async () => {
  const engine = await fakeEngine((_, response) => json(response, { message: 'No such container: x' }, 404));
  const error = await failure(startContainer(engine.client, 'x'));
  assert.ok(error instanceof EngineAnswerError);
  assert.is((error as Error).message, 'No such container: x');
  assert.ok(isStatus(error, 404));
  assert.is(await inspectImage(engine.client, 'nowhere'), undefined);
  await engine.close();
});

client('tells 304 from 204', async () => {
  let status = 204;
  const engine = await fakeEngine((_, response) => response.writeHead(status).end());
  assert.is(await startContainer(engine.client, 'x'), true);
  status = 304;
  assert.is(await startContainer(engine.client, 'x'), false);
  await engine.close();
});

client('reads JSON lines that are cut anywhere', async () => {
  const engine = await fakeEngine((_, response) => {
    response.write('{"status":"one"}\n{"sta');
    setTimeout(() => response.end('tus":"zwö"}\n'), 10);
  });
  const lines: ProgressLine[] = [];
  for await (const line of pullImage(engine.client, 'localhost:5000/a/b')) lines.push(line);
  assert.equal(
    lines.map((line) => line.status),
    ['one', 'zwö'],
  );
  assert.is(engine.asked[0]!.query.get('fromImage'), 'localhost:5000/a/b');
  assert.is(engine.asked[0]!.query.get('tag'), 'latest');
  await engine.close();
});

client('knows a tag from a port, and digests', () => {
  assert.equal(splitReference('r:5000/a'), { fromImage: 'r:5000/a', tag: 'latest' });
  assert.equal(splitReference('r:5000/a:1'), { fromImage: 'r:5000/a', tag: '1' });
  assert.equal(splitReference('a@sha256:12'), { fromImage: 'a', tag: 'sha256:12' });
});

client('waits for an answer whose head comes long before its body', async () => {
  const engine = await fakeEngine((_, response) => {
    response.writeHead(200);
    response.flushHeaders();
    setTimeout(() => response.end('{"StatusCode":7}'), 30);
  });
  assert.is(await waitContainer(engine.client, 'x'), 7);
  await engine.close();
});

client('hands over the connection of an upgrade', async () => {
  const engine = await fakeEngine(() => {});
  engine.server.on('upgrade', (_, socket) => {
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhead');
    socket.on('data', (data: Buffer) => socket.end(`got ${data}`));
  });
  const { socket, head } = await engine.client.upgrade('/exec/1/start', { body: {} });
  const chunks: Buffer[] = [head];
  socket.write('ping');
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  assert.is(Buffer.concat(chunks).toString(), 'headgot ping');
  await engine.close();
});

client('throws the sentence of an upgrade that is refused', async () => {
  const engine = await fakeEngine((_, response) => json(response, { message: 'container is not running' }, 409));
  const error = await failure(engine.client.upgrade('/exec/1/start', { body: {} }));
  assert.ok(isStatus(error, 409));
  await engine.close();
});

client('tells an engine that is not there', async () => {
  const nobody = new EngineClient({ socketPath: '/nowhere/engine.sock' });
  assert.ok(isConnectionError(await failure(listContainers(nobody, {}))));
});

client.run();
