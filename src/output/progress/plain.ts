import type { Event } from '../../model/event.js';
import type { Terminal } from '../terminal.js';
import { rowOf, seconds, wordsOf } from './rows.js';
import type { Progress } from './types.js';

/** One line a change, for logs and for terminals that cannot go back. */
export function plainProgress(terminal: Terminal): Progress {
  const say = (text: string) => void terminal.status(`${text}\n`);
  return {
    begin: () => {},
    emit: (event) => {
      const line = plainLine(event);
      if (line !== undefined) say(line);
    },
    end: async () => {},
  };
}

/** Undefined: nothing to say. */
export function plainLine(event: Event): string | undefined {
  switch (event.kind) {
    case 'plan.step.started': {
      const word = wordsOf(event.step.op)?.[0];
      if (word === undefined) return undefined;
      const { op, because } = event.step;
      const why = op.do === 'container.create' && op.replaces ? `  (${because})` : '';
      return ` ${rowOf(op)}  ${word}${why}`;
    }
    case 'plan.step.done': {
      const word = wordsOf(event.step.op)?.[1];
      return word && ` ${rowOf(event.step.op)}  ${word}  ${seconds(event.ms)}`;
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
