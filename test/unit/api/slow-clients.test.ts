/** Clients that send slower than anybody means well does, and those that are not let in. With times of tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readJson } from '../../../runtime/api/request.js';
import { ok, type Route } from '../../../runtime/api/routes.js';
import { type ApiOptions, ApiServer } from '../../../runtime/api/server.js';

const slow = suite('slow clients');

const routes: Route[] = [
  { method: 'GET', path: '/_ping', handle: () => ok('OK') },
  { method: 'POST', path: '/settings', handle: async (call) => ok(await readJson(call)) },
];

async function serving(options: Partial<ApiOptions>, work: (socketPath: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'slow-'));
  const patience = { headMs: 300, bodyMs: 300 };
  const server = new ApiServer({ routes, product: 'test', log: () => undefined, patience, ...options });
  try {
    await server.listen(path.join(folder, 'sock'));
    await work(path.join(folder, 'sock'));
  } finally {
    await server.close();
    rmSync(folder, { recursive: true });
  }
}

/** All that comes until the other side ends it; `drip`: sent byte by byte, 50 ms apart, while it is open. */
function converse(socketPath: string, start: string, drip = ''): Promise<string> {
  const socket = net.connect(socketPath);
  let said = '';
  let sent = 0;
  const timer = setInterval(() => {
    if (sent < drip.length) socket.write(drip[sent++]!);
  }, 50);
  socket.write(start);
  return new Promise((resolve) => {
    socket.on('data', (chunk) => {
      said += chunk;
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearInterval(timer);
      resolve(said);
    });
  });
}

const HEAD = 'POST /settings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';

slow('a head that comes byte by byte is given up', () =>
  serving({}, async (at) => {
    const said = await converse(at, 'GET /_ping HTTP/1.1\r\nX: ', 'y'.repeat(10_000));
    assert.not.match(said, '200 OK');
  }),
);

slow('a body that comes byte by byte is given up', () =>
  serving({}, async (at) => {
    const said = await converse(at, `${HEAD}Content-Length: 10000\r\n\r\n`, '1'.repeat(10_000));
    assert.not.match(said, '200 OK');
  }),
);

slow('a body of an upgrade that stops is given up', () =>
  serving({}, async (at) => {
    assert.is(await converse(at, `${HEAD}Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 100\r\n\r\n{`), '');
  }),
);

slow('a connection that says nothing stays, and is answered later', () =>
  serving({}, async (at) => {
    const socket = net.connect(at);
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.write('GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const said = await new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(String(chunk))));
    assert.match(said, '200 OK');
    socket.destroy();
  }),
);

slow('who may not ask is told why, also for an upgrade', () =>
  serving({ refuse: async () => 'another user' }, async (at) => {
    assert.match(
      await converse(at, 'GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
      /403.*another user/s,
    );
    const upgrade = 'GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n';
    assert.match(await converse(at, upgrade), /403.*another user/s);
  }),
);

slow.run();
