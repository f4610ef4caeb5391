import { readFile } from 'node:fs/promises';
import type { ExitStatus } from './types.js';

/** What a monitor left behind (finish.c): `code signal oom endedNs startedNs` in decimal. */
export interface ExitRecord extends ExitStatus {
  readonly startedAtNs: bigint;
}

/** Undefined when there is none: the container still runs, or its monitor was killed. */
export async function readExitFile(path: string): Promise<ExitRecord | undefined> {
  try {
    return parseExitFile(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export function parseExitFile(text: string): ExitRecord | undefined {
  const fields = text.trim().split(' ');
  if (fields.length !== 5 || !fields.every((field) => /^\d+$/.test(field))) return undefined;
  const [code, signal, oom, ended, started] = fields as [string, string, string, string, string];
  return {
    code: Number(code),
    signal: signal === '0' ? undefined : Number(signal),
    oomKilled: oom === '1',
    finishedAtNs: BigInt(ended),
    startedAtNs: BigInt(started),
  };
}
