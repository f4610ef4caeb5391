import { rm } from 'node:fs/promises';
import { observeByName, observeProject } from '../observe/observe.js';
import { type DownOptions, planDown } from '../plan/down.js';
import { renderPlan } from '../plan/render.js';
import { isOn } from './compose-variables.js';
import { privateFolder } from './private-folder.js';
import { bareProject, findProject } from './project.js';
import { endProviders } from './providers.js';
import { runPlan } from './run-plan.js';
import type { Session } from './session.js';
import { endBackgroundWatch } from './watch/background.js';

export async function bringDown(session: Session, asked: DownOptions, dryRun: boolean): Promise<void> {
  const options = {
    ...asked,
    removeOrphans: asked.removeOrphans || isOn(session.world.env.COMPOSE_REMOVE_ORPHANS),
  };
  const known = await findProject(session);
  const engine = await session.engine();
  const project = bareProject(known);
  const observed = options.images ? await observeProject(engine, project) : await observeByName(engine, project);
  const plan = planDown(known.loaded?.project, observed, options);
  if (dryRun) return session.terminal.data(plan.steps.length ? renderPlan(plan) : 'Nothing to do.\n');
  if (options.services.length === 0) {
    await endBackgroundWatch(session, project.name);
    if (known.loaded) await endProviders(session, known.loaded);
  }
  await runPlan(session, engine, { plan, project, observed });
  const folder = options.services.length === 0 ? privateFolder(session, engine, project.name) : undefined;
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  if (plan.steps.length === 0)
    await session.terminal.status(`Nothing of project ${project.name} is there: nothing to do.\n`);
}
