/** A new container takes the place of one that serves, when it is ready; one that never is leaves everything as it was. */
import { handOver, inspectContainer, removeContainer, startBehind } from '../engine/containers.js';
import { UserError } from '../errors.js';
import type { Step } from '../model/plan.js';
import type { ApplyContext, Handler, OpOf } from './context.js';
import { explainFailure } from './failures.js';
import { runHooks } from './hooks.js';
import { judgeRunning } from './readiness.js';

/** What is open when the new one serves has this long to end before the old one is asked to stop. */
const DRAIN_MS = 1000;

export const takeOver: Handler<'container.takeover'> = async (op, context, step) => {
  const id = context.ids.get(op.name) ?? op.name;
  try {
    await begin(op, id, context, step);
  } catch (thrown) {
    const cause = context.signal.aborted ? (thrown as Error) : await explainFailure(step, thrown, context);
    await removeContainer(context.engine, id, { volumes: false, force: true }).catch(() => undefined);
    if (context.signal.aborted) throw cause;
    const next = cause instanceof UserError ? cause.nextSteps : [];
    const sentence = `${op.service}: ${cause.message}\nThe old container goes on serving.`;
    throw new UserError('takeover-failed', sentence, next, context.locate(`services.${op.service}`), { cause });
  }
};

async function begin(op: OpOf<'container.takeover'>, id: string, context: ApplyContext, step: Step): Promise<void> {
  const { engine, signal } = context;
  await startBehind(engine, id, context.ids.get(op.from) ?? op.from);
  await runHooks('post_start', { id, service: op.service }, context, step);
  await context.readiness.until(id, judgeRunning, signal);
  // One that ended by itself with 0 counts as ready elsewhere; here it would serve nobody.
  if (!(await inspectContainer(engine, id)).State.Running)
    throw new UserError('takeover-ended', 'the new container ended at once');
  await handOver(engine, id, DRAIN_MS);
}
