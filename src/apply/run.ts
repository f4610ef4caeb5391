import type { Op, Plan, ServiceUpdate, Step } from '../model/plan.js';
import type { ApplyContext, Handler } from './context.js';
import { explainFailure } from './failures.js';
import { handlers } from './handlers.js';
import { rollBack } from './roll-back.js';

/**
 * Does a plan's steps, each as soon as what it comes after is done, at most `limit` at a time (waiting steps do not
 * count). A failure stops the rest: what runs is let finish or is cancelled, what has not begun is skipped, and nothing
 * is rolled back unless a service asks for it, since the next `up` looks anew. Throws what failed first.
 */
export async function applyPlan(plan: Plan, context: ApplyContext, abort: AbortController, limit = 16): Promise<void> {
  const run = new Run(plan, context, abort, limit);
  await run.finish();
}

class Run {
  private readonly waiting: Map<number, Step>;
  private readonly done = new Set<number>();
  private running = 0;
  private failure: Error | undefined;
  /** The step that failed first. */
  private failed: Step | undefined;
  /** Service → new containers of its update that failed. */
  private readonly lost = new Map<string, Set<string>>();
  private resolve = () => {};

  constructor(
    private readonly plan: Plan,
    private readonly context: ApplyContext,
    private readonly abort: AbortController,
    private readonly limit: number,
  ) {
    this.waiting = new Map(plan.steps.map((step) => [step.id, step]));
  }

  async finish(): Promise<void> {
    const finished = new Promise<void>((resolve) => {
      this.resolve = resolve;
    });
    this.advance();
    await finished;
    for (const step of this.waiting.values()) {
      this.context.emit({ kind: 'plan.step.skipped', step, because: 'an earlier step failed' });
    }
    if (this.failed) await this.takeBack(this.failed);
    if (this.failure) throw this.failure;
    this.context.signal.throwIfAborted();
  }

  private inFlight = 0;

  private advance() {
    if (!this.context.signal.aborted) {
      for (const step of [...this.waiting.values()]) {
        const patient = step.op.do === 'container.wait';
        if (!patient && this.running >= this.limit) continue;
        if (!step.after.every((id) => this.done.has(id))) continue;
        this.waiting.delete(step.id);
        this.begin(step, patient ? 0 : 1);
      }
    }
    if (this.inFlight === 0) this.resolve();
  }

  private begin(step: Step, weight: number) {
    this.running += weight;
    this.inFlight += 1;
    this.perform(step).then(() => {
      this.running -= weight;
      this.inFlight -= 1;
      this.advance();
    });
  }

  private async perform(step: Step): Promise<void> {
    const { context } = this;
    const began = performance.now();
    context.emit({ kind: 'plan.step.started', step });
    try {
      await dispatch(step, context);
      this.done.add(step.id);
      context.emit({ kind: 'plan.step.done', step, ms: performance.now() - began });
    } catch (thrown) {
      if (this.abort.signal.aborted && this.failure) return;
      const error = this.abort.signal.aborted ? (thrown as Error) : await explainFailure(step, thrown, context);
      if (isOptional(step.op)) {
        this.done.add(step.id);
        context.emit({ kind: 'warning', text: optionalFailed(step.op, error) });
        return;
      }
      if (this.isTolerated(step, error)) return;
      this.failed ??= step;
      this.failure ??= error;
      context.emit({ kind: 'plan.step.failed', step, error });
      this.abort.abort(error);
    }
  }

  private updateOf({ id }: Step): ServiceUpdate | undefined {
    return this.plan.updates?.find(({ steps }) => steps.includes(id));
  }

  /** `max_failure_ratio`, and `failure_action: continue`: the others' update goes on. */
  private isTolerated(step: Step, error: Error): boolean {
    const update = this.updateOf(step);
    if (!update) return false;
    const name = lostBy(step, update.service);
    if (name === undefined || this.abort.signal.aborted) return false;
    const lost = this.lost.get(update.service) ?? new Set();
    this.lost.set(update.service, lost.add(name));
    if (lost.size > update.mayFail) return false;
    this.done.add(step.id);
    for (const other of [...this.waiting.values()])
      if (update.steps.includes(other.id) && lostBy(other, update.service) === name) {
        this.waiting.delete(other.id);
        this.done.add(other.id);
      }
    this.context.emit({ kind: 'warning', text: `the update of ${update.service} goes on: ${error.message}` });
    return true;
  }

  /** What failed first is told, whatever comes of this. */
  private async takeBack(failed: Step): Promise<void> {
    const update = this.updateOf(failed);
    if (!update?.replaced.length) return;
    await rollBack(update, this.context).catch((error: Error) =>
      this.context.emit({
        kind: 'warning',
        text: `the update of ${update.service} could not be taken back: ${error.message}`,
      }),
    );
  }
}

/** The container whose failure a step tells, where it is one of this service. */
function lostBy({ op }: Step, service: string): string | undefined {
  if (op.do === 'container.start') return op.name;
  return op.do === 'container.wait' && op.service === service ? op.name : undefined;
}

function optionalFailed(op: Op, { message }: Error): string {
  const service = op.do === 'container.wait' ? ` "${op.service}"` : '';
  return `optional dependency${service} failed to start: ${message.replace(/^dependency failed to start: /, '')}`;
}

const isOptional = (op: Op) => op.do === 'container.wait' && !op.required;

function dispatch(step: Step, context: ApplyContext): Promise<void> {
  const handle = handlers[step.op.do] as Handler<Op['do']>;
  return handle(step.op as never, context, step);
}
