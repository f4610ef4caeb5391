/** Takes a container away: its process, its writable root, its folder, its record, and its volumes where asked. */
import { EngineError } from '../errors.js';
import type { Container, WaitResult } from './container.js';
import type { Engine } from './engine.js';
import { giveUpRestart, sendSignal } from './kill.js';
import { containerDirectory } from './paths.js';
import type { ContainerRecord } from './types.js';
import { removeVolume } from './volumes.js';

export interface RemoveOptions {
  readonly force: boolean;
  /** Its anonymous volumes too. */
  readonly volumes: boolean;
  /** What the client called it. */
  readonly reference?: string;
}

const SIGKILL = 9;

/** Throws `conflict` when it runs and `force` is not set, or when it is being removed already. */
export async function removeContainer(engine: Engine, container: Container, options: RemoveOptions): Promise<void> {
  if (container.removing)
    throw new EngineError('conflict', `removal of container ${container.name} is already in progress`);
  refuseRunning(container, options);
  container.removing = true;
  try {
    await endProcess(engine, container);
    await container.lock.run(async () => {
      // A start that was under way may have brought it to life meanwhile.
      await endProcess(engine, container);
      await removeLocked(engine, container, options);
    });
  } catch (error) {
    container.removing = false;
    throw error;
  }
}

function refuseRunning(container: Container, { force, reference = container.id }: RemoveOptions): void {
  const { state } = container.record;
  if (!state.Running || force) return;
  const why = state.Paused
    ? 'container is paused and must be unpaused first'
    : state.Restarting
      ? 'container is restarting: stop the container before removing or force remove'
      : 'container is running: stop the container before removing or force remove';
  throw new EngineError('conflict', `cannot remove container ${JSON.stringify(reference)}: ${why}`);
}

async function endProcess(engine: Engine, container: Container): Promise<void> {
  if (container.record.state.Restarting) giveUpRestart(engine, container);
  if (container.isRunning && container.monitor !== undefined) await sendSignal(engine, container, SIGKILL);
  await container.settled;
}

async function removeLocked(engine: Engine, container: Container, options: RemoveOptions): Promise<void> {
  const { snapshots, networks, paths } = engine.foundations;
  const { record } = container;
  for (const id of container.execIds) engine.execs.delete(id);
  await networks.detach(container.id).catch(() => undefined);
  const forgotten = engine.forget(container);
  await Promise.all([snapshots.discard(container.id, [containerDirectory(paths, container.id)]), forgotten]);
  if (options.volumes) await removeAnonymousVolumes(engine, record);
  engine.tell(container, 'destroy');
  answerRemoval(container, { StatusCode: record.state.ExitCode });
}

function answerRemoval(container: Container, result: WaitResult): void {
  const all = [...container.removalWaiters, ...container.exitWaiters];
  container.removalWaiters.clear();
  container.exitWaiters.clear();
  for (const answer of all) answer(result);
}

/** Volumes that belong to nobody but this container. */
async function removeAnonymousVolumes(engine: Engine, record: ContainerRecord): Promise<void> {
  for (const mount of record.mounts)
    if (mount.Type === 'volume' && mount.anonymous === true)
      await removeVolume(engine, mount.Name!, true).catch(() => undefined);
}
