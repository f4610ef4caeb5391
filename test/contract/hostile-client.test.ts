/** Clients that mean harm, or are just broken. The engine answers, says whose fault it was, and goes on answering others. */
import { readFileSync, statSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { engineRoutes } from '../../runtime/api/handlers/all.js';
import { ask } from '../support/api.js';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { Containers } from '../support/containers.js';
import { startEngine, type TestEngine } from '../support/engine.js';

const hostile = suite('hostile clients');
let engine: TestEngine;
let containers: Containers;
let id: string;

hostile.before(async () => {
  engine = await startEngine({ env: {} });
  await importBusybox(engine);
  containers = new Containers(engine);
  id = await containers.running();
});
hostile.after(() => engine.stop());

const QUIET_MS = 400;

/** How many connections may wait to be accepted is the machine's setting: one that is refused for that is tried again. */
async function connect(): Promise<net.Socket> {
  for (;;) {
    const socket = net.connect(engine.socket);
    const why = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      socket.once('connect', () => resolve(undefined)).once('error', resolve);
    });
    if (why === undefined) return socket.on('error', () => undefined);
    if (why.code !== 'EAGAIN') throw why;
    await sleep(5);
  }
}

/** Sends bytes as they are; what came back until it was quiet or over. */
async function raw(bytes: string | Uint8Array, quietMs = QUIET_MS): Promise<string> {
  const socket = await connect();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const done = () => {
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('latin1'));
    };
    socket.setTimeout(quietMs, done);
    socket
      .on('data', (chunk) => chunks.push(chunk))
      .on('close', done)
      .on('error', done);
    socket.write(bytes);
  });
}

/** The status; 0 when the connection broke, -1 when there was no answer in time. */
async function send(
  method: string,
  url: string,
  body: string,
  headers: Record<string, string> = {},
  limitMs = QUIET_MS,
): Promise<number> {
  const socket = await connect();
  return new Promise((resolve) => {
    const request = http.request({ createConnection: () => socket, method, path: url, headers });
    const done = (status: number) => {
      request.destroy();
      resolve(status);
    };
    request.setTimeout(limitMs, () => done(-1));
    request.once('response', (response) => {
      response
        .resume()
        .once('end', () => done(response.statusCode ?? 0))
        .setTimeout(limitMs);
      response.once('error', () => done(response.statusCode ?? 0));
    });
    request.once('upgrade', () => done(101)).once('error', () => done(0));
    request.end(body);
  });
}

/** Lines of the log that tell of a fault of the engine's own. */
const faults = () =>
  engine
    .log()
    .split('\n')
    .filter((line) => /bug:|TypeError|RangeError|ReferenceError|Maximum call/.test(line));

const deep = (depth: number) => `${'{"HostConfig":['.repeat(depth)}`;
const BODIES = [
  '{',
  '[]',
  '"text"',
  'null',
  '{"HostConfig":{"Memory":1e308,"NanoCpus":-1e308,"PidsLimit":"many","Binds":{"a":1},"PortBindings":[[]]}}',
  '{"Image":{},"Cmd":{"x":[1]},"Env":7,"Labels":[1],"Name":[],"Config":3,"Subnet":{},"Id":{},"Container":[1]}',
  `{"Image":"${busyboxImage}","NetworkingConfig":{"EndpointsConfig":{"x":{"IPAMConfig":{"IPv4Address":9}}}},"IPAM":{"Config":[{"Subnet":"x"}]}}`,
  `{"__proto__":{"polluted":1},"constructor":1,"Cmd":["\\u0000"],"Image":"${'x'.repeat(5000)}"}`,
  '{"ExecIDs":1,"Tty":"x","Detach":[],"Names":{"length":4294967296},"Resources":99999999999999999999999}',
];
const QUERIES = [
  '',
  '?filters=%7B%22label%22%3A7%7D&limit=99999999999999999999&all=x&size=-1&since=1e400&until=nan&tail=-9',
  '?filters=[[[&name=%00&t=%zz&signal=99999&h=1e99&w=-1&path=%2e%2e%2f%00&fromImage=%00:%00&repo=///&tag=@&condition=x',
  '?stream=0&follow=0&buildargs=7&labels=[&cachefrom={}&platform={{&remote=file:///etc/passwd&version=2&changes=FROM',
];
const NEVER = /shutdown|^\/session$|^\/grpc$/;

hostile('every route, with bodies and parameters that make no sense', async () => {
  const parts = { engine: {}, product: {}, environment: {}, log: () => undefined, shutdown: () => undefined };
  const routes = engineRoutes(parts as unknown as Parameters<typeof engineRoutes>[0]);
  assert.ok(routes.length > 80, `${routes.length} routes`);
  const victim = await containers.created({}, 'victim');
  const asked = routes
    .filter((route) => !NEVER.test(route.path))
    .flatMap((route) =>
      ['no-such', '%2e%2e', victim].map((name) => ({ ...route, url: route.path.replace(/:[a-z]+\*?/gi, name) })),
    )
    .flatMap(({ method, url }) =>
      BODIES.map((body, i) => ({ method, url, body, query: QUERIES[i % QUERIES.length]! })).slice(
        0,
        method === 'GET' ? 4 : undefined,
      ),
    );
  const lane = async () => {
    for (let one = asked.pop(); one; one = asked.pop()) {
      const isRead = one.method === 'GET' || one.method === 'HEAD';
      await send(one.method, `/v1.47${one.url}${one.query}`, isRead ? '' : one.body, {
        'content-type': 'application/json',
      });
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  assert.equal(faults(), []);
  assert.is((await containers.inspect(id)).State.Running, true);
});

hostile('bodies that are too deep or too long', async () => {
  const json = { 'content-type': 'application/json' };
  const nested = `{"Image":"${busyboxImage}","Labels":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
  assert.is(await send('POST', '/containers/create', nested, json, 20_000), 400);
  assert.is(await send('POST', '/containers/create', deep(100_000), json, 20_000), 400);
  const long = await send('POST', '/containers/create', `{"Image":"${'x'.repeat(20 << 20)}"}`, json, 20_000);
  assert.ok(long === 400 || long === 413 || long === 0, `${long}`);
  assert.equal(faults(), []);
});

hostile('a body of pieces without end is cut off', async () => {
  const socket = await connect();
  socket.write('POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  const piece = `100000\r\n${' '.repeat(1 << 20)}\r\n`;
  const answered = new Promise<string>((resolve) => {
    socket.once('data', (chunk) => resolve(chunk.toString())).once('close', () => resolve('closed'));
  });
  const drained = () => new Promise<void>((resolve) => socket.once('drain', resolve));
  let sent = 0;
  for (let said: unknown; said === undefined && sent < 64; sent++)
    said = await Promise.race([socket.write(piece) ? undefined : drained(), answered]);
  assert.match(await answered, /400 Bad Request|closed/);
  socket.destroy();
  assert.ok(sent < 64, `${sent} MB`);
});

hostile('names that are none, or lead elsewhere', async () => {
  for (const name of ['a%0Ab', '..', '%2e%2e%2fx', '%00', '-rf'])
    assert.ok((await send('POST', `/containers/create?name=${name}`, `{"Image":"${busyboxImage}"}`)) >= 400, name);
  for (const path of ['/containers/..%2f..%2fetc/json', '/volumes/..%2f..%2fetc', '/networks/%00', '/exec/..%2f/json'])
    assert.is(await send('GET', path, ''), 404, path);
  const body = (more: object) => JSON.stringify(more);
  const json = { 'content-type': 'application/json' };
  for (const Name of ['../../x', 'a/b', '..', 'x\n'])
    assert.is(await send('POST', '/volumes/create', body({ Name }), json), 400, Name);
  assert.equal(faults(), []);
});

hostile('labels and environments of megabytes', async () => {
  const large = { Image: busyboxImage, Cmd: ['true'], Labels: { x: 'y'.repeat(8_000_000) } };
  const labelled = await containers.created(large);
  await ask(engine, 'POST', `/containers/${labelled}/start`);
  await ask(engine, 'POST', `/containers/${labelled}/wait`);
  const crammed = await containers.created({ Image: busyboxImage, Cmd: ['true'], Env: [`A=${'y'.repeat(3_000_000)}`] });
  const { status, json } = await engine.request('POST', `/containers/${crammed}/start`);
  assert.is(status, 400);
  assert.match(json.message, 'argument list too long');
  assert.equal(faults(), []);
});

hostile('bytes that are no HTTP, headers without end, lengths that lie', async () => {
  const create = 'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
  const noise = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 131 + 7) % 256));
  await Promise.all([
    raw(noise),
    raw(`GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`),
    raw(`GET / HTTP/1.1\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`),
    raw(`${create}Content-Length: 99999999999999\r\n\r\n{}`),
    raw(`${create}Content-Length: -1\r\n\r\n{}`),
    raw(`${create}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n`),
    raw(`${create}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}`),
    raw('GET /_ping HTTP/1.1\r\n'),
    raw('GET http://x/%zz/_ping HTTP/9.9\r\nHost: x\r\n\r\n'),
  ]);
  assert.equal(faults(), []);
  await ask(engine, 'GET', '/_ping');
});

hostile('heads are as long as Docker takes them, and what is no HTTP is told so', async () => {
  const head = (bytes: number) => `GET /_ping HTTP/1.1\r\nHost: x\r\nX-Registry-Config: ${'A'.repeat(bytes)}\r\n\r\n`;
  assert.match(await raw(head(900_000), 3000), /^HTTP\/1.1 200 OK/);
  assert.match(await raw(head(2_000_000), 3000), /^HTTP\/1.1 431 /);
  assert.match(
    await raw('GET /_ping HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'),
    /^HTTP\/1.1 400 /,
  );
  assert.match(await raw('GET http://any/_ping HTTP/1.1\r\nHost: any\r\n\r\n'), /^HTTP\/1.1 200 OK/);
});

hostile('a client that goes in the middle of its body is no fault of the engine', async () => {
  for (const path of ['/build', '/images/load', '/containers/create']) {
    const socket = await connect();
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{`);
    await sleep(100);
    socket.destroy();
  }
  await sleep(200);
  assert.not.match(engine.log(), /aborted/);
});

hostile('upgrades that stop half way', async () => {
  const upgrade = (url: string, protocol: string, more = '') =>
    raw(`POST ${url} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${more}\r\n`);
  await Promise.all([
    upgrade(`/containers/${id}/attach?stream=1&stdin=1&stdout=1`, 'tcp'),
    upgrade(`/containers/${id}/attach?stream=1`, 'nonsense'),
    upgrade('/exec/no-such/start', 'tcp', 'Content-Type: application/json\r\nContent-Length: 1000000\r\n'),
    upgrade('/exec/no-such/start', 'tcp', 'Content-Length: 99999999999999\r\n'),
    upgrade('/session', 'h2c'),
    upgrade('/grpc', 'h2c', 'Content-Length: x\r\n'),
    upgrade('/no/such', 'websocket'),
    raw(
      `GET /containers/${id}/attach/ws?stdin=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n\x8f\xff\xff\xff\xff\xff\xff\xff\xff\xff`,
    ),
  ]);
  assert.equal(faults(), []);
  assert.is((await containers.inspect(id)).State.Running, true);
});

hostile('a thousand connections that say nothing, and others are answered', async () => {
  const idle: net.Socket[] = [];
  while (idle.length < 1000) idle.push(await connect());
  await ask(engine, 'GET', '/_ping');
  assert.ok(
    idle.every((socket) => socket.writable),
    'they are open',
  );
  assert.is((await containers.run('echo alive')).out, 'alive\n');
  for (const socket of idle) socket.destroy();
});

hostile('readers that do not read hold nobody up and cost no memory without end', async () => {
  const flood = await containers.running({
    Cmd: ['sh', '-c', 'yes 0123456789012345678901234567890123456789 | head -c 40000000; sleep 600'],
  });
  const lazy = Array.from({ length: 8 }, () => {
    const socket = net.connect(engine.socket).on('error', () => undefined);
    socket.write(`GET /containers/${flood}/logs?stdout=1&follow=1 HTTP/1.1\r\nHost: x\r\n\r\n`);
    return socket.pause();
  });
  for (let i = 0; i < 5; i++) await ask(engine, 'GET', '/containers/json');
  const memory = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${engine.pid}/status`, 'utf8'));
  assert.ok(Number(memory?.[1]) < 600_000, `${memory?.[0]}`);
  for (const socket of lazy) socket.destroy();
});

hostile('the socket is its user’s alone', () => {
  assert.is(statSync(engine.socket).mode & 0o777, 0o600);
  assert.is(statSync(path.dirname(engine.socket)).mode & 0o777, 0o700);
  assert.is(statSync(engine.home).mode & 0o077, 0);
});

hostile.run();
