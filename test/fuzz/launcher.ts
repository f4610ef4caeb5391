/**
 * The launcher's decoder and its tar reader, built with sanitizers. What a changed program asks for is really done, so it
 * runs as nobody, without privileges, with a /tmp of its own.
 */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { encodeRun } from '../../runtime/launch/encode.js';
import { FRAME_HEADER, frameHeader, JOB } from '../../runtime/launch/wire.js';
import { type Draw, mutate } from './mutate.js';

const folder = fileURLToPath(new URL('../../../runtime/launcher', import.meta.url));

const seeds: readonly Buffer[] = [
  encodeRun({
    before: [{ op: 'dir.make', path: '/tmp/a', mode: 0o755 }],
    clone: [],
    host: [],
    inside: [
      { op: 'symlink', target: 'x', path: '/tmp/b' },
      { op: 'mount.verify', path: '/proc', type: 0x9fa0 },
      { op: 'mount.fs', type: 'tmpfs', source: 't', target: '/tmp', options: ['size=4k'], attributes: ['ro'] },
      { op: 'user', uid: 1, gid: 1, groups: [1, 2], keep: true },
      { op: 'seccomp', flags: 0, program: Buffer.alloc(16) },
    ],
  }),
];

export interface LauncherRun {
  readonly tried: number;
  /** What the sanitizers wrote. */
  readonly said: string;
}

export async function fuzzLauncher(draw: Draw, endMs: number): Promise<LauncherRun> {
  execFileSync('make', ['-s', '-C', folder, 'sanitized'], { stdio: 'inherit' });
  const own = mkdtempSync('/var/tmp/dv-fuzz-');
  chmodSync(own, 0o777);
  const socket = path.join(own, 's');
  const confined = `mount -t tmpfs t /tmp; mount -t tmpfs t /dev/shm; exec setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all ${folder}/build/sanitized/launcher serve ${socket}`;
  const child = spawn('unshare', ['--mount', '--pid', '--fork', '--kill-child', '--net', 'sh', '-c', confined], {
    env: { PATH: process.env.PATH, ASAN_OPTIONS: 'detect_leaks=0', UBSAN_OPTIONS: 'print_stacktrace=1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  let tried = 0;
  while (Date.now() < endMs && child.exitCode === null) {
    const kind = [JOB.run, JOB.container, JOB.unpack, JOB.pack, 99][draw(5)]!;
    const body = mutate(seeds[draw(seeds.length)]!, seeds[0]!, draw);
    const lie = draw(20) === 0 ? draw(2 ** 31) : body.length;
    await exchange(socket, Buffer.concat([frameHeader(kind, lie), body]));
    tried++;
  }
  child.kill('SIGKILL');
  await sleep(100);
  rmSync(own, { recursive: true, force: true });
  return { tried, said };
}

function exchange(socketPath: string, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect(socketPath);
    const done = () => {
      socket.destroy();
      resolve();
    };
    socket.setTimeout(200, done);
    socket.on('data', (chunk) => chunk.length >= FRAME_HEADER && done());
    socket.on('error', done).on('close', done);
    socket.end(bytes);
  });
}
