import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deepListener } from '../../../runtime/main/listener.js';
import { launcherBinary } from '../../../runtime/main/open.js';

const test = suite('main: the listener');

const asRoot = process.getuid?.() === 0;

if (asRoot)
  test('takes in more clients at once than the machine lets wait, before anybody accepts one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'listener-'));
    const path = join(folder, 'engine.sock');
    const listener = await deepListener(launcherBinary(process.env), path, Number.POSITIVE_INFINITY);
    assert.ok(listener);
    assert.is((await stat(path)).mode & 0o777, 0o600);
    const clients = Array.from({ length: 300 }, () => connect(path));
    await Promise.all(clients.map((client) => once(client, 'connect')));
    const server = createServer((socket) => socket.end('served'));
    server.listen(listener);
    const answers = await Promise.all(clients.map(async (client) => String((await once(client, 'data'))[0])));
    assert.equal(new Set(answers), new Set(['served']));
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

test('is left to the caller where the machine lets enough clients wait, and where it cannot be made', async () => {
  assert.is(await deepListener(launcherBinary(process.env), '/nowhere/engine.sock', 0), undefined);
  assert.is(
    await deepListener(launcherBinary(process.env), '/nowhere/engine.sock', Number.POSITIVE_INFINITY),
    undefined,
  );
  assert.is(await deepListener('/nowhere/launcher', '/nowhere/engine.sock', Number.POSITIVE_INFINITY), undefined);
});

test.run();
