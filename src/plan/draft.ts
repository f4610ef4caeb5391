import type { Op, Plan, Question, ServiceUpdate, Step } from '../model/plan.js';

/** A plan being written; steps get their numbers in the order in which they are added. */
export class Draft {
  private readonly steps: Step[] = [];
  private readonly questions: Question[] = [];
  private readonly warnings: string[] = [];
  private readonly updates: ServiceUpdate[] = [];

  /** Gives the new step's number. Undefined and double entries in `after` are left out. */
  add(op: Op, because: string, after: readonly (number | undefined)[] = []): number {
    const id = this.steps.length + 1;
    const before = [...new Set(after.filter((one): one is number => one !== undefined))].sort((a, b) => a - b);
    this.steps.push({ id, op, because, after: before });
    return id;
  }

  /** How many steps there are: the next one's number less one. */
  get length(): number {
    return this.steps.length;
  }

  update(update: ServiceUpdate) {
    this.updates.push(update);
  }

  warn(text: string) {
    this.warnings.push(text);
  }

  ask(question: Question) {
    this.questions.push(question);
  }

  finish(): Plan {
    const { steps, questions, warnings, updates } = this;
    return { steps, questions, warnings, ...(updates.length ? { updates } : {}) };
  }
}
