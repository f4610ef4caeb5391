import { spawnSync } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { demultiplex } from '../engine/streams.js';
import type { World } from './session.js';

export interface Conversation {
  readonly socket: Socket;
  /** Bytes that came with the answer's head. */
  readonly head: Buffer;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly resize: (rows: number, columns: number) => Promise<void>;
}

/**
 * Joins this terminal to a program's: keys as they are pressed, its screen as it is sent, the window's size when it
 * changes. Resolves when the program's output ends; the terminal is then as it was before.
 */
export async function converse(world: World, conversation: Conversation): Promise<void> {
  const { socket, tty } = conversation;
  const restore = tty ? enterRaw(world, conversation) : () => {};
  if (conversation.stdin) sendInput(world.stdin, socket);
  try {
    await receiveOutput(world, conversation);
  } finally {
    restore();
    socket.destroy();
    world.stdin.pause();
    world.stdin.unref?.();
  }
}

function enterRaw({ stdin, stdout }: World, { resize }: Conversation): () => void {
  const raw = stdin.isTTY === true;
  if (raw) {
    stdin.setRawMode(true);
    leaveOutputAlone();
  }
  const onResize = () => {
    if (stdout.rows && stdout.columns) resize(stdout.rows, stdout.columns).catch(() => {}); // it may have ended
  };
  stdout.on('resize', onResize);
  onResize();
  return () => {
    stdout.off('resize', onResize);
    if (raw) stdin.setRawMode(false);
  };
}

/**
 * Node's raw mode still writes a line feed as carriage return and line feed. The program's own terminal does that where the
 * program wants it; one that moves its cursor down by a bare line feed would be sent to the line's begin. The end of raw
 * mode takes it back.
 */
function leaveOutputAlone() {
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
}

/** The end of our input is told to the program, while its output goes on. */
function sendInput(stdin: Readable, socket: Socket) {
  stdin.on('data', (chunk) => {
    if (!socket.write(chunk as Buffer)) {
      stdin.pause();
      socket.once('drain', () => stdin.resume());
    }
  });
  stdin.on('end', () => socket.end());
  socket.on('error', () => stdin.pause());
}

async function receiveOutput({ stdout, stderr }: World, { socket, head, tty }: Conversation): Promise<void> {
  const source = withHead(head, socket);
  if (tty) {
    for await (const data of source) await write(stdout, data);
    return;
  }
  for await (const { stream, data } of demultiplex(source)) await write(stream === 'stderr' ? stderr : stdout, data);
}

async function* withHead(head: Buffer, socket: Socket): AsyncGenerator<Buffer> {
  if (head.length) yield head;
  yield* socket as AsyncIterable<Buffer>;
}

function write(stream: NodeJS.WritableStream, data: Buffer): Promise<void> | undefined {
  if (stream.write(data)) return undefined;
  return new Promise((resolve) => {
    stream.once('drain', resolve);
    stream.once('close', resolve);
  });
}
