/** What changed files ask for, as steps over containers that are there. Pure. */
import type { ObservedContainer } from '../model/observed.js';
import type { ExecWish, Plan } from '../model/plan.js';
import { Draft } from './draft.js';

/** Of one service; a rebuild is no part of it, since that goes the way of `up`. */
export interface WatchWish {
  readonly service: string;
  readonly copies: ReadonlyMap<string, string>;
  readonly removals: ReadonlySet<string>;
  readonly restart: boolean;
  readonly execs: readonly ExecWish[];
  readonly because: string;
  readonly graceMs: number | undefined;
}

/** In each container: files first, then the restart, then commands. Containers that do not run get their files only. */
export function planWatch(wishes: readonly WatchWish[], containers: readonly ObservedContainer[]): Plan {
  const draft = new Draft();
  for (const wish of wishes) {
    for (const container of containers)
      if (container.service === wish.service && !container.oneOff) addSteps(draft, wish, container);
  }
  return draft.finish();
}

function addSteps(draft: Draft, wish: WatchWish, { name, service, state }: ObservedContainer): void {
  const { copies, removals, because, graceMs } = wish;
  const runs = state === 'running';
  const gone = runs ? [...removals] : [];
  const files = [...copies].map(([from, to]) => ({ from, to }));
  const synced =
    files.length + gone.length > 0
      ? draft.add({ do: 'container.sync', name, copies: files, removals: gone }, because)
      : undefined;
  let last = synced;
  if (wish.restart) last = draft.add({ do: 'container.restart', name, graceMs }, because, [synced]);
  if (!runs) return;
  for (const exec of wish.execs) last = draft.add({ do: 'container.exec', name, service, exec }, because, [last]);
}
