import type { Observed } from '../model/observed.js';
import type { Project } from '../model/project.js';
import type { Draft } from './draft.js';
import type { UpOptions } from './options.js';

/**
 * Containers of services that the config does not have (any more), and one-off containers that have ended: removed where that is
 * asked for, else named. Which they are is Compose's rule.
 */
export function planOrphans(
  draft: Draft,
  project: Project,
  observed: Observed,
  options: Pick<UpOptions, 'removeOrphans' | 'ignoreOrphans' | 'graceMs'>,
): void {
  const known = new Set([...Object.keys(project.services), ...project.disabledServices]);
  const orphans = observed.containers.filter((one) => (one.oneOff ? hasEnded(one.state) : !known.has(one.service)));
  if (orphans.length === 0) return;
  if (!options.removeOrphans) {
    if (options.ignoreOrphans) return;
    const names = orphans.map((one) => one.name).join(', ');
    draft.warn(
      `Found orphan containers (${names}) of this project. If their services were taken out of the config or renamed, --remove-orphans cleans them up.`,
    );
    return;
  }
  for (const { name, state, service, oneOff } of orphans) {
    const because = oneOff ? 'it ran once, and has ended' : `the config has no service ${service}`;
    const stopped = isLive(state)
      ? draft.add({ do: 'container.stop', name, graceMs: options.graceMs }, because)
      : undefined;
    draft.add({ do: 'container.remove', name, volumes: false }, because, [stopped]);
  }
}

const hasEnded = (state: string): boolean => state === 'exited' || state === 'dead';

export function isLive(state: string): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting';
}
