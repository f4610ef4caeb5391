import type { ApplyContext, BuildSettings } from '../apply/context.js';
import { Readiness } from '../apply/readiness.js';
import type { EngineClient } from '../engine/client.js';
import type { Location } from '../errors.js';
import { UserError } from '../errors.js';
import type { Event } from '../model/event.js';
import type { HostPorts } from '../model/host-ports.js';
import type { Observed } from '../model/observed.js';
import type { Op, Plan } from '../model/plan.js';
import type { Project } from '../model/project.js';
import { Cancelled, Interrupts } from './interrupt.js';
import { privateFolder } from './private-folder.js';
import type { Session } from './session.js';

export interface PlanRun {
  readonly plan: Plan;
  readonly project: Project;
  readonly observed: Observed;
  readonly locate?: (path: string) => Location | undefined;
  /** What the config was filled with; the shell's alone where there is no config. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly build?: Partial<BuildSettings>;
  readonly hostPorts?: HostPorts;
  readonly layers?: ApplyContext['layers'];
  /** `--wait-timeout`: waiting longer than this fails. */
  readonly limitMs?: number;
  /** False: containers' output is shown meanwhile, and the caller listens to Ctrl-C itself. */
  readonly alone?: boolean;
  readonly signal?: AbortSignal;
  /** The caller's, which go to this run as long as it lasts. */
  readonly interrupts?: Interrupts;
  /** Steps of these kinds show no more than their begin and end. */
  readonly hushed?: ReadonlySet<Op['do']>;
  /** Takes what `pre_stop` commands print, by their container's name, instead of the progress. */
  readonly onHookLine?: (container: string, line: string) => void;
  /** Nothing is shown but warnings; what happens goes here. */
  readonly onEvent?: (event: Event) => void;
}

const defaultBuild: BuildSettings = { noCache: false, pull: false, args: {}, quiet: false };

/** Applies a plan and shows it. Throws what failed, or Cancelled after Ctrl-C. */
export async function runPlan(session: Session, engine: EngineClient, run: PlanRun): Promise<void> {
  const { plan, project } = run;
  const { onEvent } = run;
  const progress = onEvent ? await session.quietProgress() : await session.progress(run.alone === false);
  for (const text of plan.warnings) progress.emit({ kind: 'warning', text });
  const abort = new AbortController();
  const cancel = () => abort.abort(new Cancelled());
  if (run.interrupts?.count) throw new Cancelled();
  run.interrupts?.redirect(cancel);
  if (plan.steps.length === 0) return progress.end();
  const interrupts = run.alone === false || run.interrupts ? undefined : new Interrupts(cancel);
  const timer =
    run.limitMs === undefined ? undefined : setTimeout(() => abort.abort(tooSlow(run.limitMs!)), run.limitMs);
  run.signal?.addEventListener('abort', () => abort.abort(run.signal?.reason));
  const readiness = new Readiness(engine, project.name);
  progress.begin(plan);
  try {
    const context = applyContext(session, engine, run, {
      emit: (event) => {
        const { step, text } = event.kind === 'plan.step.progress' ? event : {};
        if (run.onHookLine && step?.op.do === 'container.stop') run.onHookLine(step.op.name, text ?? '');
        else if (!isHushed(event, run)) progress.emit(event);
        onEvent?.(event);
      },
      signal: abort.signal,
      readiness,
    });
    const { applyPlan } = await import('../apply/run.js'); // what does nothing loads nothing of it
    await applyPlan(plan, context, abort, session.options.parallel);
  } catch (error) {
    throw abort.signal.aborted && abort.signal.reason instanceof UserError ? abort.signal.reason : error;
  } finally {
    clearTimeout(timer);
    interrupts?.stop();
    run.interrupts?.redirect(() => undefined);
    readiness.close();
    await progress.end();
  }
}

const isHushed = (event: Event, { hushed }: PlanRun): boolean =>
  event.kind === 'plan.step.progress' && (hushed?.has(event.step.op.do) ?? false);

/** What the handlers need, from what this run has. */
export function applyContext(
  session: Session,
  engine: EngineClient,
  run: Pick<PlanRun, 'project' | 'observed' | 'locate' | 'variables' | 'build' | 'hostPorts' | 'layers'>,
  live: Pick<ApplyContext, 'emit' | 'signal' | 'readiness'>,
): ApplyContext {
  return {
    ...live,
    engine,
    project: run.project,
    locate: run.locate ?? (() => undefined),
    ids: new Map(run.observed.containers.map((one) => [one.name, one.id])),
    images: new Map(Object.entries(run.observed.images)),
    containers: run.observed.containers,
    build: { ...defaultBuild, ...run.build },
    hostPorts: run.hostPorts ?? {},
    ...(run.layers ? { layers: run.layers } : {}),
    version: session.world.version,
    env: run.variables ?? session.world.env,
    secrets: new Map(),
    privateFolder: privateFolder(session, engine, run.project.name),
  };
}

function tooSlow(limitMs: number): UserError {
  return new UserError('timeout', `The services were not ready within ${limitMs / 1000} s.`, [
    'devenv ps shows their state; a longer --wait-timeout waits longer.',
  ]);
}
