import type { Event } from '../../model/event.js';
import type { Plan } from '../../model/plan.js';

/** Shows a plan while it is applied. */
export interface Progress {
  readonly begin: (plan: Plan) => void;
  readonly emit: (event: Event) => void;
  /** Resolves when the last word is written. */
  readonly end: () => Promise<void>;
}

export type ProgressMode = 'auto' | 'tty' | 'plain' | 'json' | 'quiet';
