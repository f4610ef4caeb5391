/** Containers that say so listen at one fixed host port together, by TCP and by datagrams, at both loopback addresses. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, eventually } from '../support/api.js';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { isOtherEngine, startEngine, type TestEngine } from '../support/engine.js';
import { freePort } from '../support/project.js';

const balancing = suite('balanced ports');
let engine: TestEngine;
let port: number;
const names = ['one', 'two', 'three'];

/** By this machine's Node: busybox has no server of datagrams. */
const server = (name: string) => `
  require('net').createServer((s) => s.end('${name}')).listen(53, '::');
  const udp = require('dgram').createSocket('udp4', (m, r) => udp.send('${name}', r.port, r.address)).bind(53);
`;

balancing.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
  port = await freePort();
});
balancing.after(() => engine.stop());

async function begin(name: string): Promise<void> {
  const bindings = [{ HostIp: '', HostPort: `${port}` }];
  await ask(engine, 'POST', `/containers/create?name=${name}`, {
    Image: busyboxImage,
    Cmd: ['chroot', '/host', process.execPath, '-e', server(name)],
    StopSignal: 'KILL',
    ExposedPorts: { '53/tcp': {}, '53/udp': {} },
    Labels: { 'dev.devenv.balance': 'shop/dns' },
    HostConfig: { Binds: ['/:/host:ro'], PortBindings: { '53/tcp': bindings, '53/udp': bindings } },
  });
  await ask(engine, 'POST', `/containers/${name}/start`);
}

type Asking = (address: string) => Promise<string>;

const byTcp: Asking = (address) =>
  new Promise((resolve) => {
    let text = '';
    const socket = connect(port, address).setTimeout(2000, () => socket.destroy());
    socket.on('data', (chunk) => (text += chunk)).on('error', () => undefined);
    socket.once('close', () => resolve(text));
  });

/** Each from a port of its own, as the kernel deals by it. */
const byDatagram: Asking = async (address) => {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    const heard = new Promise<string>((resolve) => socket.once('message', (bytes) => resolve(String(bytes))));
    socket.send('who', port, address);
    return await Promise.race([heard, sleep(300).then(() => '')]);
  } finally {
    socket.close();
  }
};

/** Until all of these have answered, and nobody else did. */
async function dealtAmong(asking: Asking, address: string, wanted: readonly string[]): Promise<void> {
  const heard = new Set<string>();
  await eventually(`${wanted.join(', ')} answer at ${address}`, async () => {
    const answer = await asking(address);
    if (answer !== '') heard.add(answer);
    return wanted.every((name) => heard.has(name));
  });
  assert.equal([...heard].sort(), [...wanted].sort());
}

if (!isOtherEngine)
  for (const [protocol, asking] of [
    ['connections', byTcp],
    ['datagrams', byDatagram],
  ] as const)
    balancing(`${protocol} are dealt out among those that run, and one that is gone is asked no more`, async () => {
      for (const name of names) await begin(name);
      for (const address of ['127.0.0.1', '::1']) await dealtAmong(asking, address, names);
      await ask(engine, 'DELETE', '/containers/two?force=1');
      for (const address of ['127.0.0.1', '::1']) await dealtAmong(asking, address, ['one', 'three']);
      for (const name of ['one', 'three']) await ask(engine, 'DELETE', `/containers/${name}?force=1`);
    });

balancing.run();
