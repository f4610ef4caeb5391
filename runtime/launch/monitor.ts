import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { ByteWriter } from './byte-writer.js';
import { composeExec } from './compose-exec.js';
import { FrameConnection } from './connection.js';
import { encodeContainer, encodeOps } from './encode.js';
import type { Machine } from './machine.js';
import type { LaunchProgram } from './program.js';
import {
  type AttachChoice,
  type AttachStream,
  type ExecSpec,
  type ExitStatus,
  LaunchError,
  type Monitor,
  type PreparedContainer,
  type RunningExec,
} from './types.js';
import { COMMAND, decodeExited, decodeFailure, type Frame, REPLY } from './wire.js';

/** Requests on a control connection are answered in order; events (exit, oom) come between the answers. */
class Control {
  private answers: { resolve: (frame: Frame) => void; reject: (error: Error) => void }[] = [];
  readonly exited: Promise<ExitStatus>;
  private exit!: (status: ExitStatus) => void;
  onOom: () => void = () => undefined;
  /** The connection goes on after the end, for a next run. */
  keeps = false;
  private over = false;

  constructor(readonly connection: FrameConnection) {
    this.exited = new Promise((resolve) => {
      this.exit = resolve;
    });
  }

  /** Throws LaunchError for an answer REPLY_FAILED, and when the other side has died. */
  request(kind: number, body?: Uint8Array): Promise<Frame> {
    if (this.over) return Promise.reject(new LaunchError('monitor', 'EPIPE', 'connection'));
    const answer = this.expect();
    this.connection.send(kind, body);
    return answer;
  }

  /** The answer to what has been sent already. */
  expect(): Promise<Frame> {
    return new Promise((resolve, reject) => {
      this.answers.push({ resolve, reject });
    });
  }

  /** The first answer may be awaited without a request of ours (READY follows the launch itself). */
  async pump(): Promise<void> {
    for (let frame = await this.connection.next(); frame !== undefined; frame = await this.connection.next()) {
      if (frame.kind === REPLY.exited) {
        this.over = this.keeps;
        this.exit(decodeExited(frame.body));
      } else if (frame.kind === REPLY.oom) this.onOom();
      else if (frame.kind === REPLY.failed) this.answers.shift()?.reject(decodeFailure(frame.body));
      else this.answers.shift()?.resolve(frame);
      if (this.over && this.answers.length === 0) return;
    }
    for (const { reject } of this.answers.splice(0)) reject(new LaunchError('monitor', 'EPIPE', 'connection'));
    this.exit({ code: 137, signal: 9, oomKilled: false, finishedAtNs: nowNs() });
    this.connection.close();
  }
}

/** One for the next exec, one for its streams. */
const SPARE = 2;

class ConnectedMonitor implements Monitor {
  readonly exited: Promise<ExitStatus>;
  /** Open connections for the next exec, once there was one: who execs once does it again (health checks, editors). */
  private readonly spare: FrameConnection[] = [];
  private over = false;

  constructor(
    private readonly control: Control,
    private readonly socket: string,
    readonly containerId: string,
    readonly pid: number,
    public startedAtNs: bigint,
    private readonly machine: Machine,
  ) {
    this.exited = control.exited;
    void this.exited.then(() => this.dropSpare());
  }

  onOom(listener: () => void): void {
    this.control.onOom = listener;
  }

  async attach(choice: AttachChoice): Promise<AttachStream> {
    return attachTo(await this.connect(), 0n, choice);
  }

  async exec(spec: ExecSpec): Promise<RunningExec> {
    const attached = spec.attach.stdin || spec.attach.stdout || spec.attach.stderr;
    const token = randomBytes(8).readBigUInt64LE() | 1n;
    const [connection, second] = await Promise.all([this.connect(), attached ? this.connect() : undefined]);
    setImmediate(() => void this.refill().catch(() => undefined));
    const control = new Control(connection);
    void control.pump();
    const stream = second && attachTo(second, token, spec.attach);
    stream?.catch(() => undefined);
    try {
      const started = await control.request(COMMAND.exec, execRequest(spec, token, this.machine));
      return new ConnectedExec(control, started.body.readUInt32LE(0), await stream);
    } catch (error) {
      void stream?.then(
        (open) => open.destroy(),
        () => undefined,
      );
      throw error;
    }
  }

  async signal(signal: number): Promise<boolean> {
    const body = new ByteWriter();
    body.u32(signal);
    try {
      const answer = await this.control.request(COMMAND.signal, body.finish());
      return answer.body.readUInt32LE(0) === 1;
    } catch (error) {
      if (error instanceof LaunchError && error.errno === 'EPIPE') return false;
      throw error;
    }
  }

  async resize(rows: number, columns: number): Promise<void> {
    await this.control.request(COMMAND.resize, sizeBody(rows, columns));
  }

  async keep(): Promise<boolean> {
    // Said before the answer is there: the end may come right behind it.
    this.control.keeps = true;
    this.control.keeps = await this.control.request(COMMAND.keep).then(
      () => true,
      () => false,
    );
    return this.control.keeps;
  }

  async relaunch(program: LaunchProgram, goAtOnce = false): Promise<PreparedContainer> {
    const { connection } = this.control;
    this.dropSpare();
    const launch = { socket: this.socket, containerId: this.containerId };
    connection.send(COMMAND.relaunch, encodeContainer(program, goAtOnce));
    return awaitPrepared(connection, launch, this.machine, goAtOnce);
  }

  async letGo(): Promise<void> {
    const { connection } = this.control;
    connection.send(COMMAND.abandon);
    while ((await connection.next()) !== undefined);
    connection.close();
  }

  disconnect(): void {
    this.dropSpare();
    this.control.connection.close();
  }

  private async connect(): Promise<FrameConnection> {
    let connection = this.spare.pop();
    // An end from the other side leaves ours open.
    for (; connection?.over; connection = this.spare.pop()) connection.close();
    connection?.socket.ref();
    return connection ?? FrameConnection.open(this.socket).catch(gone);
  }

  private async refill(): Promise<void> {
    while (!this.over && this.spare.length < SPARE) {
      const connection = await FrameConnection.open(this.socket);
      connection.socket.unref();
      if (this.over || this.spare.length >= SPARE) connection.close();
      else this.spare.push(connection);
    }
  }

  private dropSpare(): void {
    this.over = true;
    for (const connection of this.spare.splice(0)) connection.close();
  }
}

class ConnectedExec implements RunningExec {
  readonly exited: Promise<ExitStatus>;

  constructor(
    private readonly control: Control,
    readonly pid: number,
    readonly stream: AttachStream | undefined,
  ) {
    this.exited = control.exited;
  }

  async resize(rows: number, columns: number): Promise<void> {
    await this.control.request(COMMAND.resize, sizeBody(rows, columns));
  }
}

/**
 * After a `job_container` request on this connection: waits until it is set up. `isGoing`: it was told not to wait for GO.
 * Throws LaunchError.
 */
export async function awaitPrepared(
  connection: FrameConnection,
  settings: { readonly socket: string; readonly containerId: string },
  machine: Machine,
  isGoing: boolean,
): Promise<PreparedContainer> {
  const ready = await connection.next();
  if (ready?.kind !== REPLY.ready) {
    connection.close();
    throw ready === undefined ? new LaunchError('launcher', 'EPIPE', 'connection') : decodeFailure(ready.body);
  }
  const control = new Control(connection);
  const going = isGoing ? control.expect() : undefined;
  going?.catch(() => undefined);
  void control.pump();
  const monitor = new ConnectedMonitor(
    control,
    settings.socket,
    settings.containerId,
    ready.body.readUInt32LE(0),
    0n,
    machine,
  );
  return {
    monitor,
    async go() {
      const started = await (going ?? control.request(COMMAND.go));
      monitor.startedAtNs = started.body.readBigUInt64LE(4);
    },
    async abandon() {
      connection.send(COMMAND.abandon);
      await control.exited;
    },
  };
}

/** Undefined when nobody listens there, or the monitor of another container. */
export async function connectMonitor(
  socket: string,
  containerId: string,
  machine: Machine,
): Promise<Monitor | undefined> {
  const connection = await FrameConnection.open(socket).catch(() => undefined);
  if (connection === undefined) return undefined;
  connection.send(COMMAND.control);
  const state = await connection.next();
  if (state?.kind !== REPLY.state) {
    connection.close();
    return undefined;
  }
  const length = state.body.readUInt32LE(12);
  const id = state.body.toString('utf8', 16, 16 + length);
  const startedAtNs = state.body.readBigUInt64LE(4);
  if (id !== containerId || startedAtNs === 0n) {
    connection.close();
    return undefined;
  }
  const control = new Control(connection);
  void control.pump();
  return new ConnectedMonitor(control, socket, id, state.body.readUInt32LE(0), startedAtNs, machine);
}

async function attachTo(connection: FrameConnection, token: bigint, choice: AttachChoice): Promise<Socket> {
  const body = new ByteWriter();
  body.u64(token);
  body.u32((choice.stdin ? 1 : 0) | (choice.stdout ? 2 : 0) | (choice.stderr ? 4 : 0));
  connection.send(COMMAND.attach, body.finish());
  const answer = await connection.next();
  if (answer?.kind === REPLY.ok) return connection.release();
  connection.close();
  throw answer === undefined ? new LaunchError('attach', 'EPIPE', 'connection') : decodeFailure(answer.body);
}

function execRequest(spec: ExecSpec, token: bigint, machine: Machine): Buffer {
  const body = new ByteWriter();
  const attached = spec.attach.stdin || spec.attach.stdout || spec.attach.stderr;
  body.u64(token);
  for (const flag of [attached, spec.tty, spec.attach.stdin]) body.u32(flag ? 1 : 0);
  body.part(() => body.raw(encodeOps(composeExec(spec, machine))));
  return body.finish();
}

function sizeBody(rows: number, columns: number): Buffer {
  const body = new ByteWriter();
  body.u32(rows);
  body.u32(columns);
  return body.finish();
}

/** Nobody at the socket: the monitor, and with it the container, is gone. */
function gone(error: NodeJS.ErrnoException): never {
  throw new LaunchError('monitor', error.code ?? 'EPIPE', 'connection');
}

function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
