import type { Event } from '../../model/event.js';
import type { Terminal } from '../terminal.js';
import { rowOf, wordsOf } from './rows.js';
import type { Progress, ProgressStyle } from './types.js';

/** One line a change, for logs and for terminals that cannot go back. */
export function plainProgress(terminal: Terminal, { buildLog, reasons }: ProgressStyle): Progress {
  return {
    begin: () => {},
    emit: (event) => {
      const line = plainLine(event, reasons);
      if (line !== undefined) void (isBuildLog(event) ? buildLog : terminal.status)(`${line}\n`);
    },
    end: async () => {},
  };
}

const isBuildLog = (event: Event): boolean => event.kind === 'plan.step.progress' && event.step.op.do === 'image.build';

/** Undefined: nothing to say. The lines are Compose's, which scripts look for. */
export function plainLine(event: Event, reasons = false): string | undefined {
  switch (event.kind) {
    case 'plan.step.started': {
      const word = wordsOf(event.step.op)?.[0];
      if (word === undefined) return undefined;
      const { op, because } = event.step;
      const why = reasons || (op.do === 'container.create' && op.replaces) ? `  (${because})` : '';
      return ` ${rowOf(op)}  ${word}${why}`;
    }
    case 'plan.step.done': {
      const word = wordsOf(event.step.op)?.[1];
      return word && ` ${rowOf(event.step.op)}  ${word}`;
    }
    case 'plan.step.failed':
      return ` ${rowOf(event.step.op)}  Error`;
    case 'plan.step.progress':
      return progressLine(event);
    case 'notice':
      return event.text;
    case 'warning':
      return `warning: ${event.text}`;
    default:
      return undefined;
  }
}

/** A layer's bytes come many times a second: without a row to write over they are left out. */
function progressLine(event: Extract<Event, { kind: 'plan.step.progress' }>): string | undefined {
  if (event.total !== undefined) return undefined;
  const { op } = event.step;
  const subject = op.do === 'image.build' || op.do === 'image.pull' ? op.service : rowOf(op);
  const id = event.id ? `${event.id} ` : '';
  return event.text
    .split('\n')
    .map((line) => ` ${subject} | ${id}${line}`)
    .join('\n');
}
