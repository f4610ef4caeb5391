/** An update that failed is taken back: what ran before runs again (`deploy.update_config.failure_action: rollback`). */
import { inspectContainer, removeContainer, renameContainer, startContainer } from '../engine/containers.js';
import { isStatus } from '../engine/errors.js';
import type { ReplacedContainer, ServiceUpdate } from '../model/plan.js';
import type { ApplyContext } from './context.js';

/** However far the update came: a new container that has the old one's place goes, and the old one gets it back. */
export async function rollBack({ service, replaced }: ServiceUpdate, context: ApplyContext): Promise<void> {
  for (const one of replaced) await bringBack(one, context);
  context.emit({ kind: 'warning', text: `${service} is back to the containers that ran before the update` });
}

async function bringBack({ id, name, temporary, ran }: ReplacedContainer, { engine }: ApplyContext): Promise<void> {
  const before = await look(id, engine);
  if (before === undefined) return;
  for (const taken of [temporary, name]) {
    const other = await look(taken, engine);
    if (other && other.Id !== id) await removeContainer(engine, other.Id, { volumes: false, force: true });
  }
  if (before.Name !== `/${name}`) await renameContainer(engine, id, name);
  if (ran && !before.State.Running) await startContainer(engine, id);
}

/** Undefined when it is not there. */
async function look(container: string, engine: ApplyContext['engine']) {
  try {
    return await inspectContainer(engine, container);
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}
