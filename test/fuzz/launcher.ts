/**
 * The launcher's decoder and its tar reader, built with sanitizers. What a changed program asks for is really done, so it
 * runs as nobody, without privileges, with a /tmp of its own.
 */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { encodeRun } from '../../runtime/launch/encode.js';
import { encodeUnpack } from '../../runtime/launch/tar-request.js';
import { FRAME_HEADER, frameHeader, JOB } from '../../runtime/launch/wire.js';
import { type Draw, mutate } from './mutate.js';

const folder = fileURLToPath(new URL('../../../runtime/launcher', import.meta.url));

const built = path.join(folder, 'build/sanitized');

/** What jobs have to say (JOB_ERRORS of the launcher's Makefile). */
const reports = path.join(built, 'reports');

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

/** Arguments: where the launcher is, which may be below /tmp; a folder to keep hold of that by; its socket. */
const CONFINED = `
mkdir "$1"
mount --bind "$0" "$1"
mount -t tmpfs t /tmp
mount -t tmpfs t /dev/shm
mkdir -p "$0"
mount --bind "$1" "$0"
exec setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all "$0/launcher" serve "$2"`;

export interface LauncherRun {
  readonly tried: number;
  /** What the sanitizers wrote. */
  readonly said: string;
}

/** Builds it first, which is not counted. */
export async function fuzzLauncher(draw: Draw, forMs: number): Promise<LauncherRun> {
  execFileSync('make', ['-s', '-C', folder, 'sanitized'], { stdio: 'inherit' });
  writeFileSync(reports, '');
  chmodSync(reports, 0o666);
  const own = mkdtempSync('/var/tmp/dv-fuzz-');
  chmodSync(own, 0o777);
  const socket = path.join(own, 's');
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--net'];
  const child = spawn('unshare', [...namespaces, 'sh', '-ec', CONFINED, built, path.join(own, 'kept'), socket], {
    env: {
      PATH: process.env.PATH,
      ASAN_OPTIONS: 'detect_leaks=0',
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', () => reject(new Error(`the launcher did not start: ${said}`)));
  });
  const tars = await archives();
  const endMs = Date.now() + forMs;
  let tried = 0;
  for (; Date.now() < endMs && child.exitCode === null; tried++)
    await exchange(socket, draw(2) === 0 ? program(draw) : archive(tars, draw));
  child.kill('SIGKILL');
  await sleep(100);
  said += readFileSync(reports, 'utf8');
  rmSync(own, { recursive: true, force: true });
  return { tried, said };
}

/** A changed request of a job, under a length that may be a lie. */
function program(draw: Draw): Buffer {
  const kind = [JOB.run, JOB.container, JOB.unpack, JOB.pack, JOB.packGzip, JOB.copy, 99][draw(7)]!;
  const body = mutate(seeds[draw(seeds.length)]!, seeds[0]!, draw);
  const lie = draw(20) === 0 ? draw(2 ** 31) : body.length;
  return Buffer.concat([frameHeader(kind, lie), body]);
}

/** A sound request to unpack, and a changed archive: inside its compression, or outside. */
function archive(tars: readonly Buffer[], draw: Draw): Buffer {
  const plain = mutateHeaders(tars[draw(tars.length)]!, draw);
  const form = draw(3);
  const bytes =
    form === 0 ? plain : form === 1 ? gzipSync(plain, { level: draw(10) }) : mutate(packed(plain), plain, draw);
  const request = encodeUnpack({
    root: { kind: 'directory', path: '/tmp' },
    path: '/',
    mode: draw(2) === 0 ? 'plain' : 'layer',
    inflate: form > 0,
    digest: draw(2) === 0,
    limitBytes: 1 << 20,
    // Who the launcher runs as: it could give files to nobody else.
    owner: { uid: 65534, gid: 65534 },
  });
  return Buffer.concat([frameHeader(JOB.unpack, request.length), request, bytes]);
}

const packed = (plain: Buffer) => Buffer.concat([gzipSync(plain), deflateRawSync(plain)]);

/** Changes, half of the time under a right checksum, which nearly everything else would end at. */
function mutateHeaders(tar: Buffer, draw: Draw): Buffer {
  const bytes = mutate(tar, tar, draw);
  if (draw(2) === 0) return bytes;
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const block = bytes.subarray(at, at + 512);
    if (block.subarray(257, 262).toString() !== 'ustar') continue;
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
  return bytes;
}

/** All kinds of entries; names that are too long for a header; extended headers; a file with holes. */
async function archives(): Promise<Buffer[]> {
  const usual = pack();
  usual.entry({ name: 'd/', type: 'directory' });
  usual.entry({ name: 'd/f', mode: 0o4755, uid: 1, gid: 2 }, 'text');
  usual.entry({ name: 'd/l', type: 'symlink', linkname: '../../x' });
  usual.entry({ name: 'd/h', type: 'link', linkname: 'd/f' });
  usual.entry({ name: 'd/p', type: 'fifo' });
  usual.entry({ name: 'd/.wh.f' }, '');
  usual.entry({ name: 'd/.wh..wh..opq' }, '');
  usual.finalize();
  const long = pack();
  const pax = { 'SCHILY.xattr.user.x': 'y', mtime: '1.5', 'GNU.sparse.map': '0,1,5,1', 'GNU.sparse.size': '10' };
  long.entry({ name: `${'n'.repeat(300)}/${'m'.repeat(200)}`, pax }, 'ab');
  long.entry({ name: 'big', size: 3000 }, 'z'.repeat(3000));
  long.finalize();
  return [await buffer(usual), await buffer(long)];
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
