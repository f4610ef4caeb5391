import { constants } from 'node:os';
import { OPERATION_NAMES } from './layouts.js';
import { tarOperations } from './tar-request.js';
import { type ExitStatus, LaunchError } from './types.js';

/** Kinds of frames: u32 length of the body, u16 kind, u16 0, all little-endian (launcher.h, jobs.h, monitor.h). */
export const JOB = {
  container: 1,
  run: 2,
  spawn: 3,
  unpack: 4,
  pack: 5,
  sync: 6,
  packGzip: 7,
  copy: 8,
  digest: 9,
  peers: 10,
  capabilities: 11,
} as const;
export const COMMAND = {
  control: 1,
  attach: 2,
  exec: 3,
  go: 4,
  signal: 5,
  resize: 6,
  abandon: 7,
  keep: 8,
  relaunch: 9,
} as const;
export const REPLY = {
  ok: 1,
  failed: 2,
  data: 3,
  dataErr: 4,
  ready: 5,
  started: 6,
  exited: 7,
  state: 8,
  oom: 9,
  taken: 10,
} as const;

export interface Frame {
  readonly kind: number;
  readonly body: Buffer;
}

export const FRAME_HEADER = 8;

export function frameHeader(kind: number, length: number): Buffer {
  const header = Buffer.alloc(FRAME_HEADER);
  header.writeUInt32LE(length, 0);
  header.writeUInt16LE(kind, 4);
  return header;
}

/** REPLY_FAILED: u32 operation, u32 errno, string subject. */
export function decodeFailure(body: Buffer): LaunchError {
  const code = body.readUInt32LE(0);
  const length = body.readUInt32LE(8);
  const operation = OPERATION_NAMES.get(code) ?? tarOperations[code] ?? 'launch';
  return new LaunchError(operation, errnoName(body.readInt32LE(4)), body.toString('utf8', 12, 12 + length));
}

/** REPLY_EXITED: u32 code, u32 signal (0 none), u32 oom, u64 ns. */
export function decodeExited(body: Buffer): ExitStatus {
  const signal = body.readUInt32LE(4);
  return {
    code: body.readUInt32LE(0),
    signal: signal === 0 ? undefined : signal,
    oomKilled: body.readUInt32LE(8) === 1,
    finishedAtNs: body.readBigUInt64LE(12),
  };
}

/** `ENOENT` for 2, the kernel's name for one that has two in libc; `E133` for one that Node does not know. */
export function errnoName(errno: number): string {
  if (errno === constants.errno.EOPNOTSUPP) return 'EOPNOTSUPP';
  for (const [name, value] of Object.entries(constants.errno)) if (value === errno) return name;
  return `E${errno}`;
}
