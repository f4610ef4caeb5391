import type { Terminal } from '../terminal.js';
import { jsonProgress } from './json.js';
import { plainProgress } from './plain.js';
import type { Progress, ProgressMode, ProgressStyle } from './types.js';

/** `auto`: rows where standard error is a terminal, lines otherwise. The rows' library is loaded only when used. */
export async function createProgress(mode: ProgressMode, terminal: Terminal, style: ProgressStyle): Promise<Progress> {
  const chosen = mode === 'auto' ? (terminal.err.isTTY ? 'tty' : 'plain') : mode;
  if (chosen === 'tty') return (await import('./tty.js')).ttyProgress(terminal, style);
  if (chosen === 'json') return jsonProgress(terminal);
  return chosen === 'plain' ? plainProgress(terminal, style) : quietProgress(terminal);
}

/** Warnings alone. */
function quietProgress(terminal: Terminal): Progress {
  return {
    begin: () => {},
    emit: (event) => {
      if (event.kind === 'warning') void terminal.status(`warning: ${event.text}\n`);
    },
    end: async () => {},
  };
}
