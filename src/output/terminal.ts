import type { Writable } from 'node:stream';
import { type Colors, createColors } from './colors.js';

export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export type AnsiMode = 'auto' | 'always' | 'never';

/** Where words go: data to `out` (standard output), what devenv says about its own work to `err`. */
export interface Terminal {
  readonly out: OutputStream;
  readonly err: OutputStream;
  readonly outColors: Colors;
  readonly errColors: Colors;
  /** Waits where the reader is slower than we are, so that memory stays flat. */
  readonly data: (text: string) => Promise<void>;
  readonly status: (text: string) => Promise<void>;
}

export function createTerminal(
  streams: { readonly out: OutputStream; readonly err: OutputStream },
  ansi: AnsiMode,
  env: Readonly<Record<string, string | undefined>>,
): Terminal {
  const { out, err } = streams;
  const data = writer(out);
  return {
    out,
    err,
    outColors: createColors(wantsColor(out, ansi, env)),
    errColors: createColors(wantsColor(err, ansi, env)),
    data,
    status: statusToOut(env) ? data : writer(err),
  };
}

/** Compose's variable for those who read both from one stream. */
const statusToOut = (env: Readonly<Record<string, string | undefined>>): boolean =>
  /^(?:1|t|true)$/i.test(env.COMPOSE_STATUS_STDOUT ?? '');

/** `--ansi` beats NO_COLOR (no-color.org), which beats what the stream is. */
function wantsColor(stream: OutputStream, ansi: AnsiMode, env: Readonly<Record<string, string | undefined>>): boolean {
  if (ansi !== 'auto') return ansi === 'always';
  if (env.NO_COLOR || env.TERM === 'dumb') return false;
  return stream.isTTY === true;
}

/** Writers that wait for the same reader share one wait. */
function writer(stream: OutputStream): (text: string) => Promise<void> {
  let waiting: Promise<void> | undefined;
  return async (text) => {
    if (stream.destroyed || stream.write(text)) return;
    waiting ??= drained(stream).then(() => {
      waiting = undefined;
    });
    await waiting;
  };
}

/** A reader that went away takes nothing any more, and nobody waits for it. */
function drained(stream: OutputStream): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}
