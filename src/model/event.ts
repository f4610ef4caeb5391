import type { Step } from './plan.js';

/** What happens while a plan is applied or a project runs; output is the only one that shows it. */
export type Event =
  | { readonly kind: 'plan.step.started'; readonly step: Step }
  | {
      readonly kind: 'plan.step.progress';
      readonly step: Step;
      readonly text: string;
      readonly id?: string;
      readonly current?: number;
      readonly total?: number;
    }
  | { readonly kind: 'plan.step.done'; readonly step: Step; readonly ms: number }
  | { readonly kind: 'plan.step.failed'; readonly step: Step; readonly error: Error }
  | { readonly kind: 'plan.step.skipped'; readonly step: Step; readonly because: string }
  | {
      readonly kind: 'log';
      readonly service: string;
      readonly container: string;
      readonly stream: 'stdout' | 'stderr';
      readonly line: string;
      readonly timestamp?: string;
    }
  | { readonly kind: 'container.exited'; readonly service: string; readonly container: string; readonly code: number }
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'warning'; readonly text: string };
