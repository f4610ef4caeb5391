/** `GET /containers/:id/logs`. */
import type { Container } from '../../engine/container.js';
import type { Engine } from '../../engine/engine.js';
import { logDetails } from '../../engine/log-config.js';
import { type LogChoice, type LogPiece, readLogs, splitLines } from '../../engine/logs.js';
import { formatLogTime } from '../../engine/time.js';
import { parseUnixTime } from '../../engine/timestamp.js';
import { EngineError } from '../../errors.js';
import { type Call, type Route, streamed } from '../routes.js';
import { frame, frameLines, openStream, writeChunk } from '../streams.js';
import { logsContentType } from '../versions/streams.js';

export interface LogRoutesOptions {
  readonly engine: Engine;
  /** Where a container's log is; undefined when it keeps none. */
  readonly logFile: (container: Container) => string | undefined;
}

export function logRoutes(options: LogRoutesOptions): Route[] {
  return [{ method: 'GET', path: '/containers/:id*/logs', handle: (call) => logs(options, call) }];
}

/** `all`, and what is no number, means everything, as for Docker. */
function tailOf(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function streamsOf({ query }: Call): { readonly stdout: boolean; readonly stderr: boolean } {
  const streams = { stdout: query.bool('stdout'), stderr: query.bool('stderr') };
  if (streams.stdout || streams.stderr) return streams;
  throw new EngineError('invalid', 'Bad parameters: you must choose at least one stream');
}

function timesOf({ query }: Call): Pick<LogChoice, 'sinceNs' | 'untilNs'> {
  const time = (name: string) => {
    const ns = parseUnixTime(query.text(name));
    return ns === 0n ? undefined : ns;
  };
  return { sinceNs: time('since'), untilNs: time('until') };
}

interface LogForm {
  readonly raw: boolean;
  readonly timestamps: boolean;
  /** `A=b,x=1 ` before each line; undefined: not asked for. */
  readonly details: string | undefined;
}

function encode(piece: LogPiece, { raw, timestamps, details }: LogForm): Buffer {
  const wrap = (payload: Buffer) => (raw ? payload : frame(piece.stream, payload));
  if (!timestamps && details === undefined) return raw ? piece.payload : frameLines(piece.stream, piece.payload);
  const prefix = Buffer.from(`${timestamps ? `${formatLogTime(piece.timestampNs)} ` : ''}${details ?? ''}`);
  return Buffer.concat(splitLines(piece.payload).map((line) => wrap(Buffer.concat([prefix, line]))));
}

async function logs({ engine, logFile }: LogRoutesOptions, call: Call): Promise<typeof streamed> {
  const streams = streamsOf(call);
  const container = engine.containers.get(call.params.id!);
  const choice: LogChoice = { ...streams, ...timesOf(call), tail: tailOf(call.query.text('tail')) };
  const file = logFile(container);
  if (file === undefined)
    throw new EngineError('not-implemented', 'configured logging driver does not support reading');
  const raw = container.record.config.Tty;
  const form = {
    raw,
    timestamps: call.query.bool('timestamps'),
    details: call.query.bool('details') ? `${logDetails(container.record)} ` : undefined,
  };
  const follows = call.query.bool('follow') && container.isRunning;
  const ended = follows ? container.monitor?.exited : undefined;
  const out = openStream(call, logsContentType(call.version, !raw));
  for await (const piece of readLogs({ file, ended, signal: call.signal }, choice))
    if (!(await writeChunk(out, encode(piece, form)))) break;
  out.end();
  return streamed;
}
