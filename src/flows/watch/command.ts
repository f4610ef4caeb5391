/** `watch`: brings the services up, then keeps them as the files are until Ctrl-C. */
import { defaultUpOptions } from '../../plan/options.js';
import { Interrupts } from '../interrupt.js';
import type { Session } from '../session.js';
import { bringUp, hushedSteps } from '../up.js';
import { startWatch } from './start.js';
import { nothingToWatch } from './watching.js';

export interface WatchWish {
  readonly services: readonly string[];
  /** False: they run already. */
  readonly up: boolean;
  readonly dryRun: boolean;
  readonly graceMs: number | undefined;
  /** What a build prints is not shown. */
  readonly quiet: boolean;
  /** Images that a rebuild left without a name are removed. */
  readonly prune: boolean;
}

/** Gives the exit code: 130 after Ctrl-C, as Compose's. */
export async function watchServices(session: Session, wish: WatchWish): Promise<number> {
  const { services, graceMs, dryRun } = wish;
  if (wish.up) {
    const plan = { ...defaultUpOptions, services, graceMs };
    const hushed = hushedSteps({ quietBuild: wish.quiet });
    await bringUp(session, { plan, dryRun, hushed, waitTimeoutMs: undefined, yes: false, quiet: true });
  }
  const loaded = await session.loadQuietly(services);
  const watch = await startWatch(session, loaded, { services, graceMs, dryRun, quiet: wish.quiet, prune: wish.prune });
  if (!watch) throw nothingToWatch();
  let interrupted = false;
  const interrupts = new Interrupts(() => {
    interrupted = true;
    void watch.close();
  });
  try {
    await watch.done;
  } finally {
    interrupts.stop();
    await watch.close();
  }
  return interrupted ? 130 : 0;
}
