/** One container takes the place of another: ports and names go over at once, and no connection is refused or broken. */
import { createSocket } from 'node:dgram';
import http from 'node:http';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, eventually } from '../support/api.js';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { isOtherEngine, startEngine, type TestEngine } from '../support/engine.js';
import { needs } from '../support/without-root.js';

const handover = suite('hand-over');
let engine: TestEngine;
let port: number;
const made: string[] = [];

handover.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
  await ask(engine, 'POST', '/networks/create', { Name: 'contract-handover' });
  port = await freePort();
});
handover.after.each(async () => {
  for (const id of made.splice(0)) await engine.request('DELETE', `/containers/${id}?force=1`);
});
handover.after(() => engine.stop());

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port: found } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return found;
}

const serving = (text: string) => [
  'sh',
  '-c',
  `mkdir /www; echo -n ${text} > /www/index.html; exec httpd -f -p 80 -h /www`,
];

async function created(name: string, body: object = {}): Promise<string> {
  const wish = {
    Image: busyboxImage,
    Cmd: serving(name),
    StopSignal: 'KILL',
    ExposedPorts: { '80/tcp': {} },
    ...body,
    HostConfig: {
      NetworkMode: 'contract-handover',
      PortBindings: { '80/tcp': [{ HostIp: '', HostPort: `${port}` }] },
      ...(body as { HostConfig?: object }).HostConfig,
    },
    NetworkingConfig: { EndpointsConfig: { 'contract-handover': { Aliases: ['web'] } } },
  };
  const { json } = await ask(engine, 'POST', `/containers/create?name=${name}`, wish);
  made.push(json.Id);
  return json.Id;
}

/** The page, over a connection of its own; throws when it is refused or broken. */
const page = (hostname = '127.0.0.1') =>
  new Promise<string>((resolve, reject) => {
    const request = http.get({ hostname, port, agent: false, timeout: 5000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.once('end', () => resolve(text));
      response.once('error', reject);
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', reject);
  });

const serves = (name: string, hostname?: string) =>
  eventually(`${name} serves`, async () => (await page(hostname).catch(() => '')) === name);
const inspect = async (id: string) => (await ask(engine, 'GET', `/containers/${id}/json`)).json;
const behind = (id: string, other: string) => engine.request('POST', `/devenv/containers/${id}/start?behind=${other}`);
const move = (id: string) => engine.request('POST', `/devenv/containers/${id}/hand-over?drain=2000`);

async function begun(name: string): Promise<string> {
  const id = await created(name);
  await ask(engine, 'POST', `/containers/${id}/start`);
  await serves(name);
  return id;
}

/** By this machine's Node: busybox has no server of datagrams. */
const datagramServer = (name: string) =>
  `const s = require('dgram').createSocket('udp4', (m, r) => s.send('${name}', r.port, r.address)); s.bind(53)`;

/** What `web` resolves to, as another container sees it. */
async function addressesOfWeb(): Promise<string[]> {
  const { json } = await ask(engine, 'POST', '/containers/create', {
    Image: busyboxImage,
    Cmd: ['nslookup', 'web'],
    HostConfig: { NetworkMode: 'contract-handover' },
  });
  made.push(json.Id);
  await ask(engine, 'POST', `/containers/${json.Id}/start`);
  await ask(engine, 'POST', `/containers/${json.Id}/wait`);
  const { text } = await engine.request('GET', `/containers/${json.Id}/logs?stdout=1`);
  return [...text.matchAll(/Address: (\d+\.\d+\.\d+\.\d+)\n/g)].map((match) => match[1]!);
}

const addressOf = async (id: string) =>
  (await inspect(id)).NetworkSettings.Networks['contract-handover'].IPAddress as string;

if (!isOtherEngine) {
  handover('until it is asked for, the new one has neither ports nor names; then it has all', async () => {
    const old = await begun('old');
    const fresh = await created('fresh');
    assert.is((await behind(fresh, old)).status, 204);
    assert.equal((await inspect(fresh)).NetworkSettings.Ports, { '80/tcp': null });
    assert.is(await page(), 'old');
    assert.equal(await addressesOfWeb(), [await addressOf(old)]);
    assert.is((await move(fresh)).status, 204);
    assert.is(await page(), 'fresh');
    assert.equal(await addressesOfWeb(), [await addressOf(fresh)]);
    const { NetworkSettings } = await inspect(fresh);
    assert.ok(NetworkSettings.Ports['80/tcp'].some((one: { HostPort: string }) => one.HostPort === `${port}`));
    assert.equal((await inspect(old)).NetworkSettings.Ports, { '80/tcp': null });
    assert.is((await move(fresh)).status, 409);
  });

  handover('no request fails while containers change hands under load, by the kernel nor by the proxy', async () => {
    let serving = await begun('first');
    const failures: string[] = [];
    let ended = false;
    let answered = 0;
    const load = async (hostname: string) => {
      while (!ended) {
        await page(hostname).then(
          () => (answered += 1),
          (error: Error) => failures.push(`${hostname}: ${error.message}`),
        );
        await sleep(5);
      }
    };
    const loads = ['127.0.0.1', '127.0.0.1', '::1', '::1'].map(load);
    for (const name of ['second', 'third', 'fourth', 'fifth']) {
      const next = await created(name);
      assert.is((await behind(next, serving)).status, 204);
      await sleep(100);
      assert.is((await move(next)).status, 204);
      await engine.request('DELETE', `/containers/${serving}?force=1`);
      await serves(name);
      await serves(name, '::1');
      serving = next;
    }
    ended = true;
    await Promise.all(loads);
    assert.equal(failures, []);
    assert.ok(answered > 50, `${answered} answered`);
  });

  handover('a new one that ends leaves the old one serving', async () => {
    const old = await begun('stays');
    const fresh = await created('ends', { Cmd: ['false'] });
    assert.is((await behind(fresh, old)).status, 204);
    await ask(engine, 'POST', `/containers/${fresh}/wait`);
    await engine.request('DELETE', `/containers/${fresh}?force=1`);
    assert.is(await page(), 'stays');
    assert.is(await page('::1'), 'stays');
    assert.equal(await addressesOfWeb(), [await addressOf(old)]);
  });

  handover('an old one that ends by itself hands over to the one behind it', async () => {
    const old = await begun('dies');
    const fresh = await created('waits');
    await behind(fresh, old);
    await ask(engine, 'POST', `/containers/${old}/kill`);
    await serves('waits');
    await serves('waits', '::1');
  });

  handover('a connection of before goes on with the old one until it ends', async () => {
    const old = await begun('slow');
    const client = http.request({ hostname: '127.0.0.1', port, method: 'POST', agent: false, path: '/' });
    client.once('error', () => undefined);
    client.flushHeaders();
    await sleep(50);
    const fresh = await created('quick');
    await behind(fresh, old);
    const began = performance.now();
    const moved = move(fresh);
    await serves('quick');
    client.destroy();
    assert.is((await moved).status, 204);
    assert.ok(performance.now() - began < 1900, 'waited for the connection that was closed');
  });

  needs(handover, 'kernel ports')(
    'who asked the old one in vain, its queue being full, is answered by the new one',
    async () => {
      const busy =
        "require('net').createServer().listen(80, '0.0.0.0', 1, () => { console.log('listens'); while (true); })";
      const old = await created('full', {
        Cmd: ['chroot', '/host', process.execPath, '-e', busy],
        HostConfig: { Binds: ['/:/host:ro'], PortBindings: { '80/tcp': [{ HostIp: '', HostPort: `${port}` }] } },
      });
      await ask(engine, 'POST', `/containers/${old}/start`);
      await eventually('it listens', async () =>
        (await engine.request('GET', `/containers/${old}/logs?stdout=1`)).text.includes('listens'),
      );
      const waiting = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
      const opened = () => waiting.filter((socket) => !socket.connecting).length;
      await eventually('some wait in its queue', async () => opened() > 0);
      const asked = page();
      await sleep(200);
      const fresh = await created('free');
      await behind(fresh, old);
      assert.is((await engine.request('POST', `/devenv/containers/${fresh}/hand-over?drain=0`)).status, 204);
      assert.is(await asked, 'free');
      for (const socket of waiting) socket.destroy();
    },
  );

  handover('the next engine takes over what was handed over, and what still waits', async () => {
    const old = await begun('older');
    const fresh = await created('newer');
    await behind(fresh, old);
    await move(fresh);
    await engine.request('DELETE', `/containers/${old}?force=1`);
    const last = await created('newest');
    await behind(last, fresh);
    await engine.kill();
    assert.is(await page('::1'), 'newer');
    await engine.restart();
    await serves('newer');
    assert.is((await move(last)).status, 204);
    assert.is(await page(), 'newest');
    assert.is(await page('::1'), 'newest');
    await engine.kill();
    await engine.restart();
    await serves('newest');
    assert.equal(await addressesOfWeb(), [await addressOf(last)]);
  });

  handover('datagrams go to the new one', async () => {
    const echo = (name: string) => ({
      Cmd: ['chroot', '/host', process.execPath, '-e', datagramServer(name)],
      HostConfig: {
        Binds: ['/:/host:ro'],
        PortBindings: { '53/udp': [{ HostIp: '', HostPort: `${port}` }] },
      },
      ExposedPorts: { '53/udp': {} },
    });
    const answer = async (type: 'udp4' | 'udp6') => {
      const socket = createSocket(type);
      try {
        const heard = new Promise<string>((resolve) => socket.once('message', (bytes) => resolve(String(bytes))));
        socket.send('hello\n', port, type === 'udp4' ? '127.0.0.1' : '::1');
        return await Promise.race([heard, sleep(300).then(() => '')]);
      } finally {
        socket.close();
      }
    };
    const old = await created('echo1', echo('echo1'));
    await ask(engine, 'POST', `/containers/${old}/start`);
    await eventually('first answers', async () => (await answer('udp4')) === 'echo1');
    const fresh = await created('echo2', echo('echo2'));
    assert.is((await behind(fresh, old)).status, 204);
    assert.is((await move(fresh)).status, 204);
    await engine.request('DELETE', `/containers/${old}?force=1`);
    await eventually('second answers', async () => (await answer('udp4')) === 'echo2');
    await eventually('second answers on ::1', async () => (await answer('udp6')) === 'echo2');
  });
}

handover.run();
