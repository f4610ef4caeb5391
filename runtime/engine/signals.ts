import { constants } from 'node:os';
import { EngineError } from '../errors.js';

/** Realtime signals of Linux with glibc's numbering, as Docker names them. */
const RTMIN = 34;
const RTMAX = 64;

/** Number of `TERM`, `SIGTERM`, `15`, `RTMIN+3`. Throws `invalid` with Docker's sentence. */
export function signalNumber(text: string): number {
  const name = text.toUpperCase().replace(/^SIG/, '');
  if (/^\d+$/.test(name) && Number(name) >= 1 && Number(name) <= RTMAX) return Number(name);
  if (/^-?\d+$/.test(text) && Number(text) !== 0)
    throw new EngineError('invalid', `the linux daemon does not support signal ${Number(text)}`);
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (realtime !== null) {
    const offset = Number(realtime[3] ?? 0) * (realtime[2] === '-' ? -1 : 1);
    return (realtime[1] === 'MIN' ? RTMIN : RTMAX) + offset;
  }
  const number = (constants.signals as Readonly<Record<string, number>>)[`SIG${name}`];
  if (number === undefined) throw new EngineError('invalid', `invalid signal: ${text}`);
  return number;
}
