/** Freezes and thaws all processes of a container. */
import { EngineError } from '../errors.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';
import { holdContainer } from './freeze.js';

/** Throws `conflict` when it does not run or is paused already, `system` when the kernel cannot. */
export async function pauseContainer(engine: Engine, container: Container): Promise<void> {
  const { state } = container.record;
  if (!state.Running) throw new EngineError('conflict', `container ${container.id} is not running`);
  if (state.Paused) throw new EngineError('conflict', `Container ${container.id} is already paused`);
  if (state.Restarting)
    throw new EngineError('conflict', `Container ${container.id} is restarting, wait until the container is running`);
  await freeze(engine, container, true);
  engine.saveSoon(container, { state: { ...container.record.state, Paused: true, Status: 'paused' } });
  engine.tell(container, 'pause');
}

/** Throws `system` when it is not paused, as Docker does. */
export async function unpauseContainer(engine: Engine, container: Container): Promise<void> {
  if (!container.record.state.Paused) throw new EngineError('system', `Container ${container.id} is not paused`);
  await freeze(engine, container, false);
  engine.saveSoon(container, { state: { ...container.record.state, Paused: false, Status: 'running' } });
  engine.tell(container, 'unpause');
}

async function freeze(engine: Engine, container: Container, frozen: boolean): Promise<void> {
  try {
    await holdContainer(engine, container, frozen);
  } catch (cause) {
    throw new EngineError(
      'system',
      `cannot ${frozen ? 'pause' : 'unpause'} container ${container.id}: ${(cause as Error).message}`,
      { cause },
    );
  }
}
