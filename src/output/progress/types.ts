import type { Event } from '../../model/event.js';
import type { Plan } from '../../model/plan.js';

/** Shows a plan while it is applied. */
export interface Progress {
  readonly begin: (plan: Plan) => void;
  readonly emit: (event: Event) => void;
  /** Resolves when the last word is written. */
  readonly end: () => Promise<void>;
}

export interface ProgressStyle {
  /** Writes the lines of a build that is shown line by line: standard output, as with Compose, where that is free. */
  readonly buildLog: (text: string) => Promise<void>;
  /** Each step is told with its reason, not only a recreation. */
  readonly reasons: boolean;
}

export type ProgressMode = 'auto' | 'tty' | 'plain' | 'json' | 'quiet';
