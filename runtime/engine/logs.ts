/** `docker logs`: records of a container's log as whole lines, chosen by stream, time and number. */
import type { LogRecord } from '../launch/log-format.js';
import { followLog, readLog } from './log-files.js';

export interface LogChoice {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Nanoseconds since the epoch, inclusive. */
  readonly sinceNs: bigint | undefined;
  readonly untilNs: bigint | undefined;
  /** The last so many lines of what is there at the time of asking; undefined: all. */
  readonly tail: number | undefined;
}

export interface LogSource {
  readonly file: string;
  /** Undefined: what is there, and no more. Otherwise goes on until it settles. */
  readonly ended: Promise<unknown> | undefined;
  readonly signal: AbortSignal;
}

/** One or more whole lines of one stream, written at one time. Only the last of a stream may lack its line end. */
export interface LogPiece {
  readonly stream: 1 | 2;
  readonly timestampNs: bigint;
  readonly payload: Buffer;
}

const newline = 0x0a;

/** Puts lines together that span records: what follows a record's last line end waits for the next one of its stream. */
class LineCutter {
  readonly #open = new Map<1 | 2, LogPiece>();

  cut({ stream, timestampNs, payload }: LogRecord): LogPiece[] {
    const waiting = this.#open.get(stream);
    const end = payload.lastIndexOf(newline) + 1;
    if (end === 0) {
      const joined = waiting ? Buffer.concat([waiting.payload, payload]) : Buffer.from(payload);
      this.#open.set(stream, { stream, timestampNs: waiting?.timestampNs ?? timestampNs, payload: joined });
      return [];
    }
    this.#open.delete(stream);
    if (end < payload.length)
      this.#open.set(stream, { stream, timestampNs, payload: Buffer.from(payload.subarray(end)) });
    if (!waiting) return [{ stream, timestampNs, payload: payload.subarray(0, end) }];
    const firstEnd = payload.indexOf(newline) + 1;
    const first = { ...waiting, payload: Buffer.concat([waiting.payload, payload.subarray(0, firstEnd)]) };
    return firstEnd < end ? [first, { stream, timestampNs, payload: payload.subarray(firstEnd, end) }] : [first];
  }

  /** Lines that never ended. */
  rest(): LogPiece[] {
    return [...this.#open.values()];
  }
}

const isWanted = (choice: LogChoice, { stream }: LogPiece) => (stream === 1 ? choice.stdout : choice.stderr);

function isInTime(choice: LogChoice, { timestampNs }: LogPiece): boolean {
  if (choice.sinceNs !== undefined && timestampNs < choice.sinceNs) return false;
  return choice.untilNs === undefined || timestampNs <= choice.untilNs;
}

function countLines(payload: Buffer): number {
  let count = 0;
  for (let at = payload.indexOf(newline); at >= 0; at = payload.indexOf(newline, at + 1)) count++;
  return payload.at(-1) === newline ? count : count + 1;
}

function withoutFirstLines(piece: LogPiece, lines: number): LogPiece {
  let at = 0;
  for (let skipped = 0; skipped < lines; skipped++) at = piece.payload.indexOf(newline, at) + 1;
  return { ...piece, payload: piece.payload.subarray(at) };
}

/** Keeps the last `limit` lines of what is put in. */
class Tail {
  readonly #kept: { piece: LogPiece; lines: number }[] = [];
  #lines = 0;
  #from = 0;

  constructor(readonly limit: number) {}

  put(piece: LogPiece): void {
    const lines = countLines(piece.payload);
    this.#kept.push({ piece, lines });
    this.#lines += lines;
    while (this.#from < this.#kept.length && this.#lines - this.#kept[this.#from]!.lines >= this.limit) {
      this.#lines -= this.#kept[this.#from]!.lines;
      this.#from++;
    }
    if (this.#from <= 1024) return;
    this.#kept.splice(0, this.#from);
    this.#from = 0;
  }

  take(): LogPiece[] {
    const kept = this.#kept.slice(this.#from).map(({ piece }) => piece);
    const excess = this.#lines - this.limit;
    if (kept[0] && excess > 0) kept[0] = withoutFirstLines(kept[0], excess);
    return this.limit === 0 ? [] : kept;
  }
}

/** The container's output as whole lines. Ends with the log, or when the process does, or when `until` is past. */
export async function* readLogs(source: LogSource, choice: LogChoice): AsyncGenerator<LogPiece> {
  const { file, ended, signal } = source;
  const cutter = new LineCutter();
  let tail = choice.tail === undefined ? undefined : new Tail(choice.tail);
  const batches = ended ? followLog({ file, ended, signal }) : readLog(file);
  for await (const records of batches) {
    // An empty batch: all that was there when we were asked has been read.
    if (records.length === 0 && tail) {
      yield* tail.take().filter((piece) => isWanted(choice, piece));
      tail = undefined;
    }
    const pieces = records.flatMap((record) => cutter.cut(record)).filter((piece) => isInTime(choice, piece));
    // The last lines are counted over both streams, as Docker does.
    if (!tail) yield* pieces.filter((piece) => isWanted(choice, piece));
    else for (const piece of pieces) tail.put(piece);
    if (signal.aborted) return;
    const last = records.at(-1);
    if (choice.untilNs !== undefined && last && last.timestampNs > choice.untilNs) break;
  }
  const rest = cutter.rest().filter((piece) => isInTime(choice, piece));
  if (!tail) yield* rest.filter((piece) => isWanted(choice, piece));
  else {
    for (const piece of rest) tail.put(piece);
    yield* tail.take().filter((piece) => isWanted(choice, piece));
  }
}

/** Lines of a piece, each with its line end where it has one. */
export function splitLines(payload: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let from = 0;
  for (let at = payload.indexOf(newline); at >= 0; at = payload.indexOf(newline, from)) {
    lines.push(payload.subarray(from, at + 1));
    from = at + 1;
  }
  if (from < payload.length) lines.push(payload.subarray(from));
  return lines;
}
