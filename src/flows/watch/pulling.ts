/** The action `pull`: the Engine API tells of no change in a container, so its rules are looked at again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pullFiles } from '../../apply/pull-files.js';
import type { EngineClient } from '../../engine/client.js';
import { statPath } from '../../engine/containers.js';
import type { ObservedContainer } from '../../model/observed.js';
import { pathInRule } from '../../watch/classify.js';
import type { WatchRule } from '../../watch/types.js';

export interface PullingOptions {
  readonly engine: () => Promise<EngineClient>;
  readonly rules: () => readonly WatchRule[];
  readonly containers: () => Promise<readonly ObservedContainer[]>;
  readonly onPulled: (service: string, files: readonly string[], ms: number) => void;
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
}

const EVERY_MS = 1000;
/** At most this part of the time goes into looking. */
const SHARE = 20;

/** Until the signal; one failure is told once, until something else happens. */
export async function pullForEver(options: PullingOptions): Promise<void> {
  const seen = new Map<WatchRule, string>();
  let complaint = '';
  while (!options.signal.aborted) {
    const began = performance.now();
    try {
      const rules = options.rules().filter(({ action }) => action === 'pull');
      for (const rule of rules) await pullRule(rule, options, seen);
      complaint = '';
    } catch (error) {
      const message = (error as Error).message;
      if (message !== complaint && !options.signal.aborted) options.onError(error);
      complaint = message;
    }
    const pauseMs = Math.max(EVERY_MS, (performance.now() - began) * SHARE);
    await sleep(pauseMs, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

/** From the first container of the service that runs. A file that stands as it stood is not fetched. */
async function pullRule(rule: WatchRule, options: PullingOptions, seen: Map<WatchRule, string>): Promise<void> {
  const from = rule.target;
  const running = (await options.containers()).filter((one) => one.service === rule.service && !one.oneOff);
  const container = running.find(({ state }) => state === 'running');
  if (from === undefined || container === undefined) return;
  const engine = await options.engine();
  const stat = await statPath(engine, container.id, from);
  if (stat === undefined) return;
  const isFolder = Math.floor(stat.mode / GO_DIRECTORY) % 2 === 1;
  const mark = `${container.id} ${stat.size} ${stat.mtime}`;
  if (!isFolder && seen.get(rule) === mark) return;
  const began = performance.now();
  const wants = (below: string) => pathInRule(rule, below === '' ? rule.path : `${rule.path}/${below}`) !== undefined;
  const files = await pullFiles(engine, container.id, { from, to: rule.path, wants });
  seen.set(rule, mark);
  if (files.length > 0) options.onPulled(rule.service, files, performance.now() - began);
}

/** Go's bit for a folder in a mode (io/fs ModeDir, 1<<31): beyond what JavaScript's bit operators take. */
const GO_DIRECTORY = 2 ** 31;
