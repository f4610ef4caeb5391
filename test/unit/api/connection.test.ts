/** The server on a real socket: hijacked connections, half-closing, streams, bodies in front of upgrades. */
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import WebSocket from 'ws';
import { acceptWebsocket, hijack } from '../../../runtime/api/hijack.js';
import { readJson } from '../../../runtime/api/request.js';
import { type Call, ok, type Route, streamed } from '../../../runtime/api/routes.js';
import { ApiServer } from '../../../runtime/api/server.js';
import { JsonStream } from '../../../runtime/api/streams.js';
import { EngineError } from '../../../runtime/errors.js';

const connection = suite('connection');
const folder = mkdtempSync(path.join(os.tmpdir(), 'dv-api-'));
const socketPath = path.join(folder, 's');
const log: string[] = [];

async function echo(call: Call): Promise<typeof streamed> {
  const body = await readJson(call);
  const hijacked = await hijack(call, { multiplexed: true });
  const stream = new PassThrough();
  stream.write(`${JSON.stringify(body)}|`);
  await hijacked.join(stream, { input: true });
  return streamed;
}

async function lines(call: Call): Promise<typeof streamed> {
  const stream = new JsonStream(call);
  try {
    if (call.query.bool('early')) throw new EngineError('not-found', 'early');
    await stream.write({ status: 'one' });
    throw new Error('late');
  } catch (error) {
    await stream.fail(error);
  }
  return streamed;
}

async function websocket(call: Call): Promise<typeof streamed> {
  const stream = await acceptWebsocket(call);
  stream.pipe(stream);
  return streamed;
}

const routes: Route[] = [
  { method: 'GET', path: '/ok', handle: () => ok({ a: 1 }) },
  { method: 'POST', path: '/echo', handle: echo },
  { method: 'POST', path: '/lines', handle: lines },
  { method: 'GET', path: '/ws', handle: websocket },
  {
    method: 'GET',
    path: '/bug',
    handle: () => {
      throw new TypeError('a bug');
    },
  },
  {
    method: 'POST',
    path: '/nothing-to-do',
    handle: () => {
      throw new EngineError('not-modified', 'never shown');
    },
  },
];
const server = new ApiServer({ routes, product: 'test', log: (text) => log.push(text) });

connection.before(() => server.listen(socketPath));
connection.after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function get(
  method: string,
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request({ socketPath, method, path: url, headers, agent: false }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, text });
    });
    request.once('error', reject).end();
  });
}

/** Writes the parts with a pause between them, then ends its half, and gives each chunk that came. */
async function talk(parts: readonly string[]): Promise<string[]> {
  const socket = net.connect({ path: socketPath, allowHalfOpen: true });
  const chunks: string[] = [];
  const closed = new Promise<void>((resolve) => socket.once('end', resolve).once('error', () => resolve()));
  socket.on('data', (chunk) => chunks.push(chunk.toString()));
  for (const part of parts) {
    socket.write(part);
    await sleep(40);
  }
  socket.end();
  await closed;
  socket.destroy();
  // On a busy machine the head and what follows may be read at once.
  const said = chunks.join('');
  const end = said.indexOf('\r\n\r\n') + 4;
  return [said.slice(0, end), said.slice(end)];
}

const post = (headers: string, body: string) =>
  `POST /echo HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const upgrade = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';

connection('an upgrade gets its head, then bytes both ways until the process has said all', async () => {
  const [head, ...rest] = await talk([post(upgrade, '{"a":1}'), ' more', ' input']);
  assert.is(
    head,
    'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n',
  );
  assert.is(rest.join(''), '{"a":1}| more input');
});

connection('input that comes together with the request is not lost', async () => {
  const [, ...rest] = await talk([`${post(upgrade, '{"a":1}')}early`, ' late']);
  assert.is(rest.join(''), '{"a":1}|early late');
});

connection('a body that comes in pieces is put together before the upgrade', async () => {
  const whole = post(upgrade, '{"a":1}');
  const [, ...rest] = await talk([whole.slice(0, -4), whole.slice(-4), 'in']);
  assert.is(rest.join(''), '{"a":1}|in');
});

connection('without an upgrade the connection becomes raw after a 200', async () => {
  const [head, ...rest] = await talk([post('', '{"a":1}'), 'input']);
  assert.is(head, 'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n');
  assert.is(rest.join(''), '{"a":1}|input');
});

connection('old versions call frames raw', async () => {
  const [head] = await talk([post(upgrade, 'null').replace('/echo', '/v1.41/echo')]);
  assert.match(head!, /vnd\.docker\.raw-stream/);
});

connection('an upgrade that fails is an answer like any other', async () => {
  const { status, text } = await get('GET', '/nowhere', { connection: 'Upgrade', upgrade: 'tcp' });
  assert.is(status, 404);
  assert.is(text, '{"message":"page not found"}\n');
});

connection('an upgrade that nobody takes is answered plainly', async () => {
  const { status, text } = await get('GET', '/ok', { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c' });
  assert.is(status, 200);
  assert.is(text, '{"a":1}\n');
});

connection('websockets carry bytes both ways', async () => {
  const socket = new WebSocket(`ws+unix://${socketPath}:/ws`);
  const answer = new Promise<string>((resolve, reject) => {
    socket.once('message', (data) => resolve(data.toString()));
    socket.once('error', reject);
  });
  socket.once('open', () => socket.send('hello'));
  assert.is(await answer, 'hello');
  socket.terminate();
});

connection('a websocket route refuses a plain request', async () => {
  assert.is((await get('GET', '/ws')).status, 400);
});

connection('a failure before the first line is a status, a later one a line', async () => {
  const early = await get('POST', '/lines?early=1');
  assert.is(early.status, 404);
  assert.is(early.text, '{"message":"early"}\n');
  const late = await get('POST', '/lines');
  assert.is(late.status, 200);
  assert.is(late.text, '{"status":"one"}\r\n{"errorDetail":{"message":"late"},"error":"late"}\r\n');
});

connection('a bug is a 500 whose stack is in the log', async () => {
  const { status, text } = await get('GET', '/bug');
  assert.is(status, 500);
  assert.is(text, '{"message":"a bug"}\n');
  assert.match(log.join('\n'), /GET \/bug: TypeError: a bug\n +at /);
});

connection('nothing to do is a 304 without a body', async () => {
  const { status, text } = await get('POST', '/nothing-to-do');
  assert.is(status, 304);
  assert.is(text, '');
});

connection('it knows whether somebody is there', async () => {
  const socket = net.connect(socketPath);
  await new Promise((resolve) => socket.once('connect', resolve));
  await sleep(10);
  assert.is(server.activity.quietMs(), 0);
  socket.destroy();
  for (let tries = 0; tries < 100 && server.activity.quietMs() === 0; tries += 1) await sleep(10);
  assert.ok(server.activity.quietMs() > 0);
});

connection.run();
