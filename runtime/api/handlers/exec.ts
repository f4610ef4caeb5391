/** Attach and exec: calls whose connection becomes the process' streams. */
import { Duplex, Transform } from 'node:stream';
import { attachContainer, checkAttach, resizeContainer } from '../../engine/attach.js';
import type { Engine } from '../../engine/engine.js';
import {
  checkExecStart,
  checkExecUser,
  createExec,
  getExec,
  refuseUnlessRunning,
  resizeExec,
  startExec,
} from '../../engine/exec.js';
import type { Exec } from '../../engine/exec-record.js';
import { FrameReader } from '../../engine/frames.js';
import { EngineError } from '../../errors.js';
import { errorAnswer, messageOf } from '../errors.js';
import { acceptWebsocket, hijack } from '../hijack.js';
import { readShape } from '../request.js';
import { type Answer, type Call, created, ok, type Route, streamed } from '../routes.js';
import { frame } from '../streams.js';
import { attachLogs } from './attach-logs.js';
import { execBody, execConfigOf, execStartBody } from './container-bodies.js';
import { DetachKeys } from './detach-keys.js';

export function execRoutes(engine: Engine): Route[] {
  return [
    {
      method: 'POST',
      path: '/containers/:id*/attach',
      handle: (call) => attached(() => attach(engine, call)),
    },
    {
      method: 'GET',
      path: '/containers/:id*/attach/ws',
      handle: (call) => attachWebsocket(engine, call),
    },
    { method: 'POST', path: '/containers/:id*/resize', handle: (call) => resize(engine, call) },
    { method: 'POST', path: '/containers/:id*/exec', handle: (call) => create(engine, call) },
    { method: 'POST', path: '/exec/:id/start', handle: (call) => start(engine, call) },
    { method: 'POST', path: '/exec/:id/resize', handle: (call) => resizeOfExec(engine, call) },
    { method: 'GET', path: '/exec/:id/json', handle: (call) => inspect(getExec(engine, call.params.id!)) },
  ];
}

function choiceOf(call: Call) {
  const { query } = call;
  return { stdin: query.bool('stdin'), stdout: query.bool('stdout'), stderr: query.bool('stderr') };
}

/** What fails before the connection is taken over is told in plain text: Docker has taken it over by then. */
async function attached(work: () => Promise<typeof streamed>): Promise<Answer | typeof streamed> {
  try {
    return await work();
  } catch (error) {
    const { status } = errorAnswer(error);
    const headers = { 'Content-Type': 'application/vnd.docker.raw-stream' };
    return { status, text: `${messageOf(error)}\r\n`, headers };
  }
}

async function attach(engine: Engine, call: Call): Promise<typeof streamed> {
  const keys = DetachKeys.parse(call.query.text('detachKeys'));
  const container = engine.containers.get(call.params.id!);
  checkAttach(container);
  const choice = choiceOf(call);
  const isTerminal = container.record.config.Tty;
  const wantsStream = call.query.bool('stream');
  engine.tell(container, 'attach');
  const stream = wantsStream ? attachContainer(container, choice, call.signal) : undefined;
  stream?.catch(() => undefined);
  const client = await hijack(call, { multiplexed: !isTerminal });
  try {
    if (call.query.bool('logs')) await attachLogs(engine, container, choice, client);
    if (stream === undefined) client.end();
    else await client.join(keys.watch(await stream, isTerminal && choice.stdin), { input: choice.stdin });
  } catch {
    // The start that it waited for failed: its own caller is told why.
    client.end();
  }
  return streamed;
}

async function attachWebsocket(engine: Engine, call: Call): Promise<typeof streamed> {
  const container = engine.containers.get(call.params.id!);
  checkAttach(container);
  const choice = choiceOf(call);
  engine.tell(container, 'attach');
  const client = await acceptWebsocket(call);
  const stream = await attachContainer(container, choice, call.signal);
  client.pipe(stream);
  (container.record.config.Tty ? stream : stream.pipe(withoutFrames())).pipe(client);
  client.on('error', () => stream.destroy());
  stream.on('error', () => client.destroy());
  return streamed;
}

/** A terminal's output in frames, or frames without their heads. */
function converted(stream: Duplex, isTerminal: boolean): Duplex {
  const output = stream.pipe(isTerminal ? withFrames() : withoutFrames());
  return Duplex.from({ writable: stream, readable: output });
}

function withFrames(): Transform {
  return new Transform({ transform: (chunk: Buffer, _encoding, done) => done(null, frame(1, chunk)) });
}

/** A websocket never tells stdout and stderr apart. */
function withoutFrames(): Transform {
  const reader = new FrameReader((_which, payload) => plain.push(payload));
  const plain = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      reader.push(chunk);
      done();
    },
  });
  return plain;
}

/** Of a u32. */
const MAX_SIZE = 0xffffffff;

function sizeOf(call: Call): { rows: number; columns: number } {
  const size = (key: string, what: string) => {
    const text = call.query.text(key);
    if (/^\d+$/.test(text) && Number(text) <= MAX_SIZE) return Number(text);
    const why = /^-?\d+$/.test(text) ? 'value out of range' : 'invalid syntax';
    throw new EngineError('invalid', `invalid resize ${what} ${JSON.stringify(text)}: ${why}`);
  };
  return { rows: size('h', 'height'), columns: size('w', 'width') };
}

async function resize(engine: Engine, call: Call): Promise<Answer> {
  const { rows, columns } = sizeOf(call);
  const container = engine.containers.get(call.params.id!);
  await resizeContainer(container, rows, columns);
  engine.tell(container, 'resize', { height: String(rows), width: String(columns) });
  return { status: 200 };
}

async function create(engine: Engine, call: Call): Promise<Answer> {
  const config = execConfigOf(await readShape(call, execBody, 'ExecOptions'));
  if (config.Cmd.length === 0) throw new EngineError('invalid', 'No exec command specified');
  const container = engine.containers.get(call.params.id!);
  refuseUnlessRunning(container, call.params.id);
  checkEscapeKeys(config.DetachKeys);
  await checkExecUser(engine, container, config.User);
  return created({ Id: createExec(engine, container, config).id });
}

/** Throws `system`, in which Docker puts it here. */
function checkEscapeKeys(keys: string): void {
  try {
    DetachKeys.parse(keys);
  } catch (cause) {
    throw new EngineError('system', `Invalid escape keys (${keys}) provided`, { cause });
  }
}

async function start(engine: Engine, call: Call): Promise<Answer | typeof streamed> {
  const body = await readShape(call, execStartBody, 'ExecStartOptions');
  const exec = getExec(engine, call.params.id!);
  const size = body.ConsoleSize ?? exec.config.ConsoleSize;
  const ttySize = size?.length === 2 && size[0]! > 0 ? { rows: size[0]!, columns: size[1]! } : undefined;
  if (body.Detach === true) {
    await startExec(engine, exec, { detach: true, ttySize });
    return { status: 200 };
  }
  checkExecStart(engine, exec);
  // Whether the client asked for a terminal says how it reads, whatever the process has.
  const raw = body.Tty ?? false;
  const isTerminal = exec.config.Tty;
  const keys = DetachKeys.parse(exec.config.DetachKeys);
  const starting = startExec(engine, exec, { detach: false, ttySize });
  starting.catch(() => undefined);
  const client = await hijack(call, { multiplexed: !raw });
  try {
    const started = await starting;
    const stream = started && raw !== isTerminal ? converted(started, isTerminal) : started;
    if (stream === undefined) client.end();
    else
      await client.join(keys.watch(stream, isTerminal && exec.config.AttachStdin), { input: exec.config.AttachStdin });
  } catch (error) {
    const text = `${messageOf(error)}\r\n`;
    await client.write(raw ? text : frame(1, Buffer.from(text)));
    client.end();
  }
  return streamed;
}

async function resizeOfExec(engine: Engine, call: Call): Promise<Answer> {
  const { rows, columns } = sizeOf(call);
  await resizeExec(getExec(engine, call.params.id!), rows, columns);
  return { status: 200 };
}

function inspect(exec: Exec): Answer {
  const { config } = exec;
  const [entrypoint = '', ...args] = config.Cmd;
  return ok({
    ID: exec.id,
    Running: exec.state === 'running',
    ExitCode: exec.exitCode ?? null,
    ProcessConfig: {
      tty: config.Tty,
      entrypoint,
      arguments: args,
      privileged: config.Privileged,
      ...(config.User === '' ? {} : { user: config.User }),
    },
    OpenStdin: config.AttachStdin,
    OpenStderr: config.AttachStderr,
    OpenStdout: config.AttachStdout,
    CanRemove: false,
    ContainerID: exec.containerId,
    DetachKeys:
      config.DetachKeys === '' ? '' : Buffer.from(DetachKeys.parse(config.DetachKeys).keys).toString('base64'),
    Pid: exec.pid,
  });
}
