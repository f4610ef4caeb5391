/** Plans over containers that are there already: start, stop, restart, kill, pause, unpause, rm. */
import type { ObservedContainer } from '../model/observed.js';
import type { Op, Plan } from '../model/plan.js';
import type { Project } from '../model/project.js';
import { dependentsFirst } from './down.js';
import { Draft } from './draft.js';
import { dependenciesOf } from './order.js';
import { isLive } from './orphans.js';

type Containers = readonly ObservedContainer[];

/** Dependents stop before what they depend on. What has ended is told as stopped too, as Compose does. */
export function planStop(project: Project | undefined, containers: Containers, graceMs: number | undefined): Plan {
  const draft = new Draft();
  const stops = new Map<string, number[]>();
  for (const { name, service, state } of dependentsFirst(containers, project)) {
    const after = dependentsOf(project, service).flatMap((dependent) => stops.get(dependent) ?? []);
    const step = draft.add({ do: 'container.stop', name, graceMs }, `it is ${state}`, after);
    stops.set(service, [...(stops.get(service) ?? []), step]);
  }
  return draft.finish();
}

function dependentsOf(project: Project | undefined, service: string): string[] {
  if (!project) return [];
  return Object.values(project.services)
    .filter((other) => service in dependenciesOf(project, other))
    .map((other) => other.name);
}

/** In start order; what waits for a healthy or completed dependency waits here too. */
export function planStart(project: Project | undefined, containers: Containers, wait: boolean): Plan {
  const draft = new Draft();
  const starts = new Map<string, number[]>();
  for (const container of dependentsFirst(containers, project).reverse()) {
    if (isLive(container.state) && container.state !== 'paused') continue;
    const { name, service } = container;
    const after = startConditions(draft, project, containers, service, starts);
    const step = draft.add({ do: 'container.start', name }, `it is ${container.state}`, after);
    starts.set(service, [...(starts.get(service) ?? []), step]);
  }
  if (wait) {
    for (const { name, service } of containers) {
      const op = { do: 'container.wait', name, service, until: 'running', required: true } as const;
      draft.add(op, 'asked for by --wait', starts.get(service) ?? []);
    }
  }
  return draft.finish();
}

function startConditions(
  draft: Draft,
  project: Project | undefined,
  containers: Containers,
  service: string,
  starts: ReadonlyMap<string, number[]>,
): number[] {
  const wanted = project?.services[service];
  if (!project || !wanted) return [];
  return Object.entries(dependenciesOf(project, wanted)).flatMap(([name, { condition, required }]) => {
    const started = starts.get(name) ?? [];
    if (condition === 'service_started') return started;
    const until = condition === 'service_healthy' ? 'healthy' : 'completed';
    return containers
      .filter((one) => one.service === name && !(until === 'healthy' && one.health === 'healthy'))
      .map((one) =>
        draft.add(
          { do: 'container.wait', name: one.name, service: name, until, required },
          `${service} depends on it`,
          started,
        ),
      );
  });
}

/** Dependencies first, each after the ones it depends on: one that is to be healthy has to be so again. */
export function planRestart(project: Project, containers: Containers, graceMs: number | undefined): Plan {
  const draft = new Draft();
  const done = new Map<string, number[]>();
  for (const { name, service } of dependentsFirst(containers, project).reverse()) {
    const fresh = containers.map((one) => ({ ...one, health: undefined }));
    const after = startConditions(draft, project, fresh, service, done);
    const step = draft.add({ do: 'container.restart', name, graceMs }, 'asked for', after);
    done.set(service, [...(done.get(service) ?? []), step]);
  }
  return draft.finish();
}

/** The same op for each container, all at once. */
export function planEach(containers: Containers, opOf: (container: ObservedContainer) => Op): Plan {
  const draft = new Draft();
  for (const container of containers) draft.add(opOf(container), `it is ${container.state}`);
  return draft.finish();
}

/** `rm`: stopped ones go; live ones only when they are to be stopped first. */
export function planRemove(
  containers: Containers,
  options: { stop: boolean; volumes: boolean; graceMs: number | undefined },
): Plan {
  const draft = new Draft();
  for (const { name, state } of containers) {
    if (isLive(state) && !options.stop) continue;
    const stopped = isLive(state)
      ? draft.add({ do: 'container.stop', name, graceMs: options.graceMs }, 'asked for by --stop')
      : undefined;
    draft.add({ do: 'container.remove', name, volumes: options.volumes }, `it is ${state}`, [stopped]);
  }
  return draft.finish();
}
