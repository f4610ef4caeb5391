import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LaunchError } from '../../../runtime/launch/types.js';
import { bytes, canContain, everything, execSpec, frames, type Living, nothing, openLiving } from './living.js';

const monitors = suite<{ living: Living }>('monitors');
const living = canContain ? monitors : monitors.skip;

monitors.before(async (context) => {
  if (canContain) context.living = await openLiving();
});
monitors.after((context) => context.living?.close());

const openStdin = { process: { openStdin: true, stdinOnce: true } };

living('whoever attaches before go gets the first byte, and ends its input by half-closing', async ({ living }) => {
  const container = await living.prepare('attach', 'echo first; cat; echo last >&2', openStdin);
  const stream = await container.monitor.attach(everything);
  await container.go();
  stream.end('typed\n');
  assert.equal(await frames(stream), ['1:first\n', '1:typed\n', '2:last\n']);
  assert.is((await container.monitor.exited).code, 0);
});

living('several attach, one reads slowly, none loses anything', async ({ living }) => {
  const container = await living.prepare('several', 'seq 1 100000');
  const streams = await Promise.all([1, 2, 3].map(() => container.monitor.attach({ ...everything, stdin: false })));
  await container.go();
  const read = async (stream: (typeof streams)[0], pauseMs: number) => {
    let count = 0;
    for await (const chunk of stream) {
      count += (chunk as Buffer).length;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return count;
  };
  const counts = await Promise.all(streams.map((stream, i) => read(stream, i)));
  assert.ok(counts[0]! > 588_895);
  assert.equal(counts, [counts[0], counts[0], counts[0]]);
});

living('who goes away stops nobody', async ({ living }) => {
  const container = await living.prepare('gone', 'seq 1 200000; exit 3');
  const stream = await container.monitor.attach(everything);
  await container.go();
  stream.once('data', () => stream.destroy());
  assert.is((await container.monitor.exited).code, 3);
});

living('execs: streams, code, identity, and what fails', async ({ living }) => {
  const container = await living.prepare('execs', 'sleep 100');
  await container.go();
  const { monitor } = container;
  const talk = await monitor.exec(execSpec('cat; id -u; id -G >&2; exit 42', { uid: 1000, gid: 100, groups: [7] }));
  talk.stream!.end('in\n');
  assert.equal((await frames(talk.stream!)).sort(), ['1:1000\n', '1:in\n', '2:100 7\n']);
  assert.is((await talk.exited).code, 42);
  const quiet = await monitor.exec(execSpec('exit 5', { attach: nothing }));
  assert.is(quiet.stream, undefined);
  assert.is((await quiet.exited).code, 5);
  const killed = await monitor.exec(execSpec('kill -9 $$', { attach: nothing }));
  assert.equal([(await killed.exited).code, (await killed.exited).signal], [137, 9]);
  await assertFails(monitor.exec(execSpec(['nothing-here'])), 'exec', 'ENOENT');
  await assertFails(monitor.exec(execSpec('true', { cwd: '/none' })), 'chdir', 'ENOENT');
  await assertFails(monitor.exec(execSpec('true', { cwd: '/proc/self/fd/3' })), 'chdir', 'ELOOP');
  await monitor.signal(9);
  await monitor.exited;
  await assertFails(monitor.exec(execSpec('true')), 'monitor', 'ENOENT');
});

async function assertFails(promise: Promise<unknown>, operation: string, errno: string): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.instance(error, LaunchError);
  assert.equal([(error as LaunchError).operation, (error as LaunchError).errno], [operation, errno]);
}

living('terminals: size, console, input and echo', async ({ living }) => {
  const container = await living.prepare(
    'terminal',
    'tty; test -c /dev/console && stty size; echo ready; read x; echo "got $x"; stty size',
    {
      process: { tty: true, ttySize: { rows: 24, columns: 80 }, openStdin: true, stdinOnce: true, uid: 1000 },
    },
  );
  const stream = await container.monitor.attach(everything);
  await container.go();
  let said = '';
  for await (const chunk of stream) {
    said += chunk;
    // What is typed before the program asks may be echoed before it has spoken.
    if (!said.endsWith('ready\r\n')) continue;
    await container.monitor.resize(50, 132);
    stream.write('abc\n');
  }
  assert.is(said, '/dev/pts/0\r\n24 80\r\nready\r\nabc\r\ngot abc\r\n50 132\r\n');
  assert.is((await container.monitor.exited).code, 0);
});

living('a terminal of an exec is the container’s too', async ({ living }) => {
  const container = await living.prepare('exec-terminal', 'sleep 100');
  await container.go();
  const exec = await container.monitor.exec(
    execSpec('tty; stty size', { tty: true, ttySize: { rows: 33, columns: 99 } }),
  );
  assert.is(String(await bytes(exec.stream!)), '/dev/pts/0\r\n33 99\r\n');
  await container.monitor.signal(9);
  await container.monitor.exited;
});

living('outlives the launcher and a disconnected engine', async ({ living }) => {
  const container = await living.prepare('survivor', 'sleep 0.5; echo still here; exit 6');
  await container.go();
  const { monitor } = container;
  const monitorPid = execFileSync('ps', ['-o', 'ppid=', '-p', String(monitor.pid)])
    .toString()
    .trim();
  const launcherPid = execFileSync('ps', ['-o', 'ppid=', '-p', monitorPid]).toString().trim();
  process.kill(Number(launcherPid), 'SIGKILL');
  monitor.disconnect();
  const again = await living.launcher.reconnect('survivor', living.at('survivor.sock'));
  assert.equal([again?.pid, again?.startedAtNs], [monitor.pid, monitor.startedAtNs]);
  assert.is((await living.run('after', 'echo next')).out, 'next\n');
  assert.is((await again!.exited).code, 6);
  assert.is(await living.launcher.reconnect('survivor', living.at('survivor.sock')), undefined);
});

living('dies with its monitor, and that is told', async ({ living }) => {
  const container = await living.prepare('orphan', 'sleep 100');
  await container.go();
  const monitorPid = execFileSync('ps', ['-o', 'ppid=', '-p', String(container.monitor.pid)])
    .toString()
    .trim();
  process.kill(Number(monitorPid), 'SIGKILL');
  assert.is((await container.monitor.exited).code, 137);
});

living('runs programs of the machine with input, without a shell', async ({ living }) => {
  const { launcher } = living;
  const text = 'x'.repeat(1_000_000);
  assert.equal(await launcher.spawn(['cat'], text), { code: 0, stdout: text, stderr: '' });
  assert.equal(await launcher.spawn(['sh', '-c', 'echo e >&2; exit 3']), { code: 3, stdout: '', stderr: 'e\n' });
  assert.is((await launcher.spawn(['no-such-program-here'])).code, 127);
});

monitors.run();
