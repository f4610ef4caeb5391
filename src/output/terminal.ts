import { once } from 'node:events';
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
  return {
    out,
    err,
    outColors: createColors(wantsColor(out, ansi, env)),
    errColors: createColors(wantsColor(err, ansi, env)),
    data: (text) => write(out, text),
    status: (text) => write(err, text),
  };
}

/** `--ansi` beats NO_COLOR (no-color.org), which beats what the stream is. */
function wantsColor(stream: OutputStream, ansi: AnsiMode, env: Readonly<Record<string, string | undefined>>): boolean {
  if (ansi !== 'auto') return ansi === 'always';
  if (env.NO_COLOR || env.TERM === 'dumb') return false;
  return stream.isTTY === true;
}

async function write(stream: OutputStream, text: string): Promise<void> {
  if (stream.destroyed) return;
  if (!stream.write(text)) await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
}
