/** Containers that write nothing for a while. */

import { runInContainer } from '../../apply/hooks.js';
import { extensionsOf } from '../../config/decode/extensions.js';
import type { EngineClient } from '../../engine/client.js';
import { pauseContainer, startContainer, stopContainer, unpauseContainer } from '../../engine/containers.js';
import { UserError } from '../../errors.js';
import type { ObservedContainer } from '../../model/observed.js';
import type { ExecWish } from '../../model/plan.js';
import type { Project } from '../../model/project.js';
import { Cancelled, Interrupts } from '../interrupt.js';
import type { Session } from '../session.js';

/** `x-snapshot` of a service. */
interface SnapshotHooks {
  /** In the container, before its volumes are copied: flush, checkpoint, lock. */
  readonly pre?: ExecWish;
  /** Afterwards. */
  readonly post?: ExecWish;
  /** End the program instead of pausing it. */
  readonly stop?: boolean;
}

/** Runs `work` while the containers are paused, or stopped where their service says so. They go on whatever happens. */
export async function whileQuiet<T>(
  session: Session,
  project: Project,
  containers: readonly ObservedContainer[],
  work: () => Promise<T>,
): Promise<T> {
  const engine = await session.engine();
  const running = containers.filter((one) => one.state === 'running');
  const undo: (() => Promise<unknown>)[] = [];
  let interrupted = false;
  const interrupts = new Interrupts(() => {
    interrupted = true;
  });
  try {
    for (const container of running) {
      if (interrupted) throw new Cancelled();
      await quieten(session, engine, container, { hooks: hooksOf(project, container), undo });
    }
    const done = await work();
    if (interrupted) throw new Cancelled();
    return done;
  } finally {
    await allGoOn(undo.reverse());
    interrupts.stop();
  }
}

/** Each of them, whatever happens to the others. Throws the first failure. */
async function allGoOn(undo: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const goOn of undo) await goOn().catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

function hooksOf(project: Project, { service: name }: ObservedContainer): SnapshotHooks {
  const service = project.services[name];
  const { pre, post, stop } = ((service && extensionsOf(service)['x-snapshot']) ?? {}) as WrittenHooks;
  return { ...(pre ? { pre: toExec(pre) } : {}), ...(post ? { post: toExec(post) } : {}), stop: stop === true };
}

interface WrittenHooks {
  readonly pre?: WrittenHook;
  readonly post?: WrittenHook;
  readonly stop?: boolean;
}

/** As a service hook, or a shell's line alone. */
type WrittenHook = string | (Omit<ExecWish, 'command'> & { readonly command: string | readonly string[] });

function toExec(hook: WrittenHook): ExecWish {
  const wish = typeof hook === 'string' ? { command: hook } : hook;
  const { command } = wish;
  return { ...wish, command: typeof command === 'string' ? ['sh', '-c', command] : command };
}

/** Adds to `undo` what makes it go on, as soon as there is something to undo. */
async function quieten(
  session: Session,
  engine: EngineClient,
  { id, name }: ObservedContainer,
  { hooks: { pre, post, stop }, undo }: { readonly hooks: SnapshotHooks; readonly undo: (() => Promise<unknown>)[] },
): Promise<void> {
  if (pre) await hook(session, engine, name, id, pre);
  if (post) undo.push(() => hook(session, engine, name, id, post));
  if (stop) await stopContainer(engine, id);
  else await pauseContainer(engine, id);
  undo.push(() => (stop ? startContainer(engine, id) : unpauseContainer(engine, id)));
}

async function hook({ terminal }: Session, engine: EngineClient, name: string, id: string, wish: ExecWish) {
  const code = await runInContainer(wish, id, engine, (text) => void terminal.status(`${name}: ${text}\n`));
  if (code !== 0)
    throw new UserError('hook-failed', `${name}: ${wish.command.join(' ')} ended with ${code}; no snapshot was made.`);
}
