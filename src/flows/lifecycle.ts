/** `start`, `stop`, `restart`, `kill`, `pause`, `unpause`, `rm`: what happens to containers that are there. */
import { UserError } from '../errors.js';
import type { Plan } from '../model/plan.js';
import type { Project } from '../model/project.js';
import { planEach, planRemove, planRestart, planStart, planStop } from '../plan/lifecycle.js';
import { inStartOrder, selectServices } from '../plan/order.js';
import { renderPlan } from '../plan/render.js';
import { type Chosen, chooseContainers } from './containers.js';
import { ask } from './questions.js';
import { runPlan } from './run-plan.js';
import type { Session } from './session.js';

export interface LifecycleRequest {
  readonly services: readonly string[];
  readonly dryRun: boolean;
  readonly graceMs?: number | undefined;
}

async function perform(session: Session, request: LifecycleRequest, chosen: Chosen, plan: Plan, limitMs?: number) {
  const { engine, project, known, containers } = chosen;
  if (request.dryRun) return session.terminal.data(plan.steps.length ? renderPlan(plan) : 'Nothing to do.\n');
  const observed = { containers, networks: [], volumes: [], images: {} };
  await runPlan(session, engine, {
    plan,
    project,
    observed,
    ...(known.loaded ? { locate: known.loaded.locate } : {}),
    ...(limitMs ? { limitMs } : {}),
  });
}

export async function stopServices(session: Session, request: LifecycleRequest): Promise<void> {
  const chosen = await chooseContainers(session, { ...request, orphans: false });
  await perform(session, request, chosen, planStop(chosen.project, chosen.containers, request.graceMs));
}

export async function startServices(
  session: Session,
  request: LifecycleRequest & { readonly wait: boolean; readonly waitTimeoutMs?: number | undefined },
): Promise<void> {
  const chosen = await chooseContainers(session, { ...request, orphans: false, dependencies: true });
  const missing = request.services.find((name) => !chosen.containers.some((one) => one.service === name));
  if (missing !== undefined || (chosen.containers.length === 0 && chosen.known.loaded)) {
    const what =
      missing === undefined ? 'This project has no containers' : `service "${missing}" has no container to start`;
    throw new UserError('no-container', `${what}.`, ['Make it first: devenv up -d']);
  }
  const plan = planStart(chosen.project, chosen.containers, request.wait);
  await perform(session, request, chosen, plan, request.waitTimeoutMs);
}

/** With `dependents`, services whose `depends_on` says `restart: true` of a named one are restarted too. */
export async function restartServices(
  session: Session,
  request: LifecycleRequest & { readonly dependents: boolean },
): Promise<void> {
  const { services } = request;
  const all = await chooseContainers(session, { services: [], orphans: false });
  const { project } = all;
  selectServices(project, services, false);
  const wanted = new Set(services.length ? services : all.containers.map((one) => one.service));
  if (request.dependents) addDependents(project, wanted);
  const chosen = { ...all, containers: all.containers.filter((one) => wanted.has(one.service)) };
  await perform(session, request, chosen, planRestart(project, chosen.containers, request.graceMs));
}

function addDependents(project: Project, wanted: Set<string>) {
  for (const service of inStartOrder(project)) {
    const causes = Object.entries(service.depends_on ?? {}).filter(
      ([name, { restart }]) => restart && wanted.has(name),
    );
    if (causes.length > 0) wanted.add(service.name);
  }
}

export async function killServices(
  session: Session,
  request: LifecycleRequest & { readonly signal: string; readonly removeOrphans: boolean },
): Promise<void> {
  const chosen = await chooseContainers(session, { ...request, oneOffs: true, orphans: request.removeOrphans });
  const live = chosen.containers.filter((one) => one.state === 'running' || one.state === 'paused');
  const { signal } = request;
  if (live.length === 0) return session.terminal.status('no container to kill\n');
  await perform(
    session,
    request,
    chosen,
    planEach(live, ({ name }) => ({ do: 'container.kill', name, signal })),
  );
}

export async function pauseServices(
  session: Session,
  request: LifecycleRequest,
  verb: 'pause' | 'unpause',
): Promise<void> {
  const chosen = await chooseContainers(session, { ...request, orphans: false });
  // The engine refuses what is so already, which is the person's to know.
  const affected = chosen.containers.filter((one) => ['running', 'paused'].includes(one.state));
  await perform(
    session,
    request,
    chosen,
    planEach(affected, ({ name }) => ({ do: `container.${verb}`, name })),
  );
}

export async function removeServices(
  session: Session,
  request: LifecycleRequest & { readonly stop: boolean; readonly volumes: boolean; readonly force: boolean },
): Promise<void> {
  const chosen = await chooseContainers(session, request);
  const { stop, volumes, graceMs } = request;
  const plan = planRemove(chosen.containers, { stop, volumes, graceMs });
  const names = plan.steps.flatMap(({ op }) => (op.do === 'container.remove' ? op.name : []));
  if (names.length === 0) return session.terminal.status('No stopped containers\n');
  if (!request.force && !request.dryRun && !(await ask(session, `Going to remove ${names.join(', ')}. Go on?`, false)))
    return;
  if (request.force && !request.dryRun) await session.terminal.data(`Going to remove ${names.join(', ')}\n`);
  await perform(session, request, chosen, plan);
}
