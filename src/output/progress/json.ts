import type { Event } from '../../model/event.js';
import type { Terminal } from '../terminal.js';
import { rowOf, wordsOf } from './rows.js';
import type { Progress } from './types.js';

/** An object a line on standard error, for tools. */
export function jsonProgress(terminal: Terminal): Progress {
  return {
    begin: () => {},
    emit: (event) => {
      const entry = jsonEntry(event);
      if (entry !== undefined) void terminal.status(`${JSON.stringify(entry)}\n`);
    },
    end: async () => {},
  };
}

export function jsonEntry(event: Event): Record<string, unknown> | undefined {
  switch (event.kind) {
    case 'plan.step.started':
      return { ...stepEntry(event), status: 'Working', text: wordsOf(event.step.op)?.[0] };
    case 'plan.step.done':
      return { ...stepEntry(event), status: 'Done', text: wordsOf(event.step.op)?.[1], ms: Math.round(event.ms) };
    case 'plan.step.failed':
      return { ...stepEntry(event), status: 'Error', text: event.error.message };
    case 'plan.step.skipped':
      return { ...stepEntry(event), status: 'Skipped', text: event.because };
    case 'plan.step.progress': {
      const { id, current, total } = event;
      return { ...stepEntry(event), status: 'Working', text: event.text, detail: id, current, total };
    }
    case 'notice':
      return { status: 'Notice', text: event.text };
    case 'warning':
      return { status: 'Warning', text: event.text };
    default:
      return undefined;
  }
}

function stepEntry({ step }: Extract<Event, { step: unknown }>): Record<string, unknown> {
  return { id: rowOf(step.op), step: step.id, op: step.op.do, because: step.because };
}
