/** Who is at the other end of a socket, as the kernel tells the launcher. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { killWaiting, startLauncher } from '../../support/launcher.js';

const peers = suite('peers');

const descriptorOf = (socket: net.Socket) => (socket as unknown as { _handle: { fd: number } })._handle.fd;

interface Connected {
  readonly socket: net.Socket;
  peerUid(descriptor?: number): Promise<number>;
  /** Ends the processes that are asked. */
  kill(): number[];
}

/** A connection that a process with these words before it has opened. */
async function connected(before: readonly string[], work: (one: Connected) => Promise<void>): Promise<void> {
  const { launcher, folder, close } = await startLauncher();
  const at = path.join(folder, 'sock');
  const server = net.createServer().listen(at);
  await once(server, 'listening');
  for (const place of [folder, at]) chmodSync(place, 0o777);
  const script = `require('net').connect(${JSON.stringify(at)})`;
  const [program = '', ...args] = [...before, process.execPath, '-e', script];
  const client = spawn(program, args, { stdio: 'inherit' });
  try {
    const [socket] = (await once(server, 'connection')) as [net.Socket];
    const peerUid = (descriptor = descriptorOf(socket)) => launcher.peerUid(descriptor);
    await work({ socket, peerUid, kill: () => killWaiting(folder) });
  } finally {
    client.kill();
    server.close();
    await close();
  }
}

peers('a process of the same user has its id, also when who was asked has died', () =>
  connected([], async ({ peerUid, kill }) => {
    const own = process.getuid?.();
    assert.is(await peerUid(), own);
    assert.ok(kill().length > 0);
    assert.equal(await Promise.all([peerUid(), peerUid()]), [own, own]);
  }),
);

if (process.getuid?.() === 0)
  peers('one of another user has that one’s', () =>
    connected(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'], async ({ peerUid }) =>
      assert.is(await peerUid(), 65534),
    ),
  );

peers('what is no socket is an error of its own, and the next question is answered', () =>
  connected([], async ({ peerUid }) => {
    const error = await peerUid(100_000).catch((reason: Error) => reason);
    assert.match(String(error), 'EBADF');
    assert.is(await peerUid(), process.getuid?.());
  }),
);

peers.run();
