import { constants } from 'node:os';

const MAX_SIGNAL = 64;

/** A number, or a name with or without SIG, real-time ones too. */
export function isSignal(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= MAX_SIGNAL;
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  return Object.hasOwn(constants.signals, name) || /^SIGRTM(IN(\+\d+)?|AX(-\d+)?)$/.test(name);
}
