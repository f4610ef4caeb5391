import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { unlink } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { getPriority, setPriority } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { EngineError } from '../errors.js';
import { ByteWriter } from './byte-writer.js';
import { FrameConnection } from './connection.js';
import { encodeContainer, encodeRun } from './encode.js';
import { type Machine, probeMachine, type RootlessMachine } from './machine.js';
import { awaitPrepared, connectMonitor } from './monitor.js';
import { Peers } from './peers.js';
import type { LaunchProgram } from './program.js';
import { decodePackedGzip, decodeUnpacked, encodePack, encodeUnpack } from './tar-request.js';
import {
  LaunchError,
  type Launcher,
  type Monitor,
  type PackedGzip,
  type PreparedContainer,
  type TarPack,
  type TarResult,
  type TarUnpack,
  type TreeCopy,
} from './types.js';
import { decodeFailure, type Frame, JOB, REPLY } from './wire.js';

export interface LauncherOptions {
  /** The executable, `runtime/launcher/build/launcher`. */
  readonly binary: string;
  /** A folder of this engine's own: the socket is `launcher.sock` in there. At most 92 bytes. */
  readonly socketDirectory: string;
  readonly rootless?: RootlessMachine;
}

/** Starts the launcher process. Throws EngineError when it cannot be started. */
export async function openLauncher(options: LauncherOptions): Promise<Launcher> {
  const launcher = new LauncherProcess(options, await probeMachine(options.rootless));
  await launcher.warm();
  return launcher;
}

const SPARE = 2;
/** Of one request, whose frame has an end. */
const PATHS_AT_ONCE = 10_000;

class LauncherProcess implements Launcher {
  private readonly socket: string;
  private starting: Promise<ChildProcess> | undefined;
  private closed = false;
  /** What containers inherit, also from a launcher that is started again by an engine which has taken precedence since. */
  private readonly priority = getPriority();
  /** Open connections, each with a process behind it that waits for its job: half a millisecond less for the next one. */
  private readonly spare: FrameConnection[] = [];
  private readonly peers = new Peers((body) => this.hand(JOB.peers, body));

  constructor(
    private readonly options: LauncherOptions,
    readonly machine: Machine,
  ) {
    this.socket = join(options.socketDirectory, 'launcher.sock');
  }

  async prepare(program: LaunchProgram, goAtOnce = false): Promise<PreparedContainer> {
    const settings = program.monitor;
    if (settings === undefined) throw new TypeError('a container needs the settings of its monitor');
    const connection = await this.hand(JOB.container, encodeContainer(program, goAtOnce));
    return awaitPrepared(connection, settings, this.machine, goAtOnce);
  }

  reconnect(containerId: string, monitorSocket: string): Promise<Monitor | undefined> {
    return connectMonitor(monitorSocket, containerId, this.machine);
  }

  async run(program: LaunchProgram): Promise<void> {
    await lastAnswer(await this.hand(JOB.run, encodeRun(program)));
  }

  async spawn(
    args: readonly string[],
    input: string | Uint8Array = '',
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const body = new ByteWriter();
    body.list(args);
    body.list(Object.entries(process.env).map(([name, value]) => `${name}=${value}`));
    body.bytes(typeof input === 'string' ? Buffer.from(input) : input);
    const connection = await this.hand(JOB.spawn, body.finish());
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const last = await lastAnswer(connection, (frame) => (frame.kind === REPLY.data ? out : err).push(frame.body));
    return {
      code: last.body.readUInt32LE(0),
      stdout: Buffer.concat(out).toString(),
      stderr: Buffer.concat(err).toString(),
    };
  }

  async unpack(options: TarUnpack, tar: Readable | string): Promise<TarResult> {
    const file = typeof tar === 'string' ? tar : undefined;
    const connection = await this.hand(
      JOB.unpack,
      encodeUnpack(options, { ...(file !== undefined && { file }), rootless: this.isRootless }),
    );
    if (typeof tar === 'string') {
      connection.socket.end();
      return decodeUnpacked((await lastAnswer(connection)).body);
    }
    const answer = lastAnswer(connection);
    const answered = answer.then(
      () => undefined,
      () => undefined,
    );
    try {
      await feed(tar, connection.socket, answered);
    } catch (error) {
      connection.close();
      throw error;
    }
    return decodeUnpacked((await answer).body);
  }

  async spread(folders: readonly string[]): Promise<void> {
    const before = folders.map((path) => ({ op: 'dir.spread', path }) as const);
    await this.run({ before, clone: [], host: [], inside: [] });
  }

  async sync(path: string): Promise<void> {
    const body = new ByteWriter();
    body.string(path);
    await lastAnswer(await this.hand(JOB.sync, body.finish()));
  }

  async digest(path: string): Promise<`sha256:${string}`> {
    const body = new ByteWriter();
    body.string(path);
    const answer = await lastAnswer(await this.hand(JOB.digest, body.finish()));
    return `sha256:${answer.body.toString('latin1', 4, 4 + answer.body.readUInt32LE(0))}`;
  }

  async capabilities(paths: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    for (let from = 0; from < paths.length; from += PATHS_AT_ONCE) {
      const some = paths.slice(from, from + PATHS_AT_ONCE);
      const body = new ByteWriter();
      body.list(some);
      await lastAnswer(await this.hand(JOB.capabilities, body.finish()), (frame) => {
        const hex = frame.body.toString('latin1', 8, 8 + frame.body.readUInt32LE(4));
        found.set(some[frame.body.readUInt32LE(0)]!, Buffer.from(hex, 'hex'));
      });
    }
    return found;
  }

  async copyTree({ trees, target, link = false }: TreeCopy): Promise<{ files: number; bytes: number }> {
    const body = new ByteWriter();
    body.list(trees);
    body.string(target);
    body.u32(link ? 1 : 0);
    const answer = await lastAnswer(await this.hand(JOB.copy, body.finish()));
    return { files: Number(answer.body.readBigUInt64LE(0)), bytes: Number(answer.body.readBigUInt64LE(8)) };
  }

  pack(options: TarPack): Readable {
    return Readable.from(this.packed(JOB.pack, options), { objectMode: false, highWaterMark: 1 << 20 });
  }

  packGzip(options: TarPack, tell: (packed: PackedGzip) => void): Readable {
    const ended = (body: Buffer) => tell(decodePackedGzip(body));
    return Readable.from(this.packed(JOB.packGzip, options, ended), { objectMode: false, highWaterMark: 1 << 20 });
  }

  peerUid(descriptor: number): Promise<number> {
    return this.peers.uidOf(descriptor);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.peers.close();
    for (const connection of this.spare.splice(0)) connection.close();
    const child = await this.starting?.catch(() => undefined);
    this.starting = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const ended = once(child, 'exit');
    child.stdin?.end();
    await ended;
  }

  private get isRootless(): boolean {
    return this.machine.rootless !== undefined;
  }

  /** Throws when the launcher cannot be started. */
  async warm(): Promise<void> {
    const connection = await this.open();
    connection.socket.unref();
    if (this.closed || this.spare.length >= SPARE) connection.close();
    else this.spare.push(connection);
  }

  /**
   * The connection to a process that has taken the job. One that was killed while it waited for a job, or before the
   * launcher saw the connection, has done nothing: another one gets it. Throws LaunchError when that one is gone too.
   */
  private async hand(job: number, body: Uint8Array): Promise<FrameConnection> {
    const spare = await this.connect();
    if (await isTaken(spare, job, body)) return spare;
    const another = await this.open();
    if (await isTaken(another, job, body)) return another;
    throw interrupted();
  }

  /** A connection for one job. */
  private async connect(): Promise<FrameConnection> {
    let connection = this.spare.pop();
    while (connection?.over) connection = this.spare.pop();
    setImmediate(() => {
      if (!this.closed && this.spare.length < SPARE) void this.warm().catch(() => undefined);
    });
    connection?.socket.ref();
    return connection ?? this.open();
  }

  /** Starts the process again when it has died. */
  private async open(): Promise<FrameConnection> {
    for (let attempt = 0; ; attempt++) {
      await this.started();
      try {
        return await FrameConnection.open(this.socket);
      } catch (cause) {
        this.starting = undefined;
        if (attempt === 1) throw new EngineError('system', `the launcher does not answer at ${this.socket}`, { cause });
      }
    }
  }

  private started(): Promise<ChildProcess> {
    if (this.closed) throw new EngineError('unavailable', 'the engine is going down');
    this.starting ??= this.start().catch((error: unknown) => {
      this.starting = undefined;
      throw error;
    });
    return this.starting;
  }

  private async start(): Promise<ChildProcess> {
    await unlink(this.socket).catch(() => undefined);
    const child = spawn(this.options.binary, ['serve', this.socket], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stdin.on('error', () => undefined);
    child.on('exit', () => {
      this.starting = undefined;
    });
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.stdout.once('data', () => resolve());
      child.once('exit', (code) => reject(new Error(said.trim() || `it ended with ${code}`)));
    }).catch((cause: Error) => {
      throw new EngineError('system', `cannot start the launcher ${this.options.binary}: ${cause.message}`, { cause });
    });
    if (getPriority() !== this.priority) setPriority(child.pid!, this.priority);
    detach(child);
    return child;
  }

  private async *packed(job: number, options: TarPack, ended?: (answer: Buffer) => void): AsyncGenerator<Buffer> {
    const connection = await this.hand(job, encodePack(options, { rootless: this.isRootless }));
    try {
      for (;;) {
        const frame = await connection.next();
        if (frame?.kind === REPLY.ok) return ended?.(frame.body);
        if (frame?.kind !== REPLY.data) throw frame === undefined ? interrupted() : decodeFailure(frame.body);
        yield frame.body;
      }
    } finally {
      connection.close();
    }
  }
}

/** The waiting process does not keep Node alive; its end of our pipe tells it when we go. */
function detach(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr])
    (stream as unknown as { unref?: () => void } | null)?.unref?.();
}

/** Whether the process behind the connection has read the job; a connection without one is closed. */
async function isTaken(connection: FrameConnection, job: number, body: Uint8Array): Promise<boolean> {
  connection.send(job, body);
  const answer = await connection.next();
  if (answer?.kind === REPLY.taken) return true;
  connection.close();
  if (answer === undefined) return false;
  throw answer.kind === REPLY.failed ? decodeFailure(answer.body) : interrupted();
}

/** The frame that ends a job. Throws LaunchError for a failure; `onData` gets what comes before. */
async function lastAnswer(connection: FrameConnection, onData?: (frame: Frame) => void): Promise<Frame> {
  try {
    for (;;) {
      const frame = await connection.next();
      if (frame === undefined) throw interrupted();
      if (frame.kind === REPLY.failed) throw decodeFailure(frame.body);
      if (frame.kind === REPLY.ok) return frame;
      onData?.(frame);
    }
  } finally {
    connection.close();
  }
}

/**
 * Writes a stream to the job and ends it, or stops once the job has answered: a job that failed takes no more. Throws
 * what the source throws.
 */
async function feed(source: Readable, socket: Socket, answered: Promise<void>): Promise<void> {
  let over = false;
  void answered.then(() => {
    over = true;
  });
  for await (const chunk of source) {
    if (over) return;
    if (!socket.write(chunk)) await Promise.race([drained(socket), answered]);
  }
  socket.end();
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
  });
}

function interrupted(): LaunchError {
  return new LaunchError('launcher', 'EPIPE', 'connection');
}
