import { composeLabel } from '../model/labels.js';
import { imageName } from '../model/names.js';
import type { Observed, ObservedContainer } from '../model/observed.js';
import type { Plan } from '../model/plan.js';
import type { Project } from '../model/project.js';
import { Draft } from './draft.js';
import { dependenciesOf, unknownService } from './order.js';
import { isLive } from './orphans.js';

export interface DownOptions {
  /** Empty: the whole project with its networks. */
  readonly services: readonly string[];
  readonly volumes: boolean;
  /** `local`: images that were built here without a name of their own. */
  readonly images: 'all' | 'local' | undefined;
  readonly removeOrphans: boolean;
  readonly graceMs: number | undefined;
}

/** `project` undefined: there is no config, the labels of what is there must do. */
export function planDown(project: Project | undefined, observed: Observed, options: DownOptions): Plan {
  const draft = new Draft();
  for (const name of options.services) if (project && !project.services[name]) throw unknownService(project, name);
  const { chosen, left } = chooseContainers(project, observed, options);
  const removed = planRemovals(draft, project, chosen, options);
  if (options.services.length === 0) warnOfWhatStays(draft, left);
  if (options.services.length === 0) {
    planNetworkRemovals(draft, project, observed, removed);
    if (options.volumes) planVolumeRemovals(draft, project, observed, removed);
  }
  if (options.images && project) planImageRemovals(draft, project, observed, options, removed);
  return draft.finish();
}

type Kind = 'own' | 'one-off' | 'profile' | 'orphan';

function kindOf({ service, oneOff }: ObservedContainer, project: Project | undefined): Kind {
  if (oneOff) return 'one-off';
  if (!project || service in project.services) return 'own';
  return project.disabledServices.includes(service) ? 'profile' : 'orphan';
}

/** As Compose: containers of `run` go with the orphans, those of services whose profiles are off stay. */
function chooseContainers(project: Project | undefined, observed: Observed, options: DownOptions) {
  const wanted = (one: ObservedContainer) => {
    const kind = kindOf(one, project);
    if (options.services.length > 0 && !options.services.includes(one.service)) return false;
    return kind === 'own' || (options.removeOrphans && kind !== 'profile');
  };
  const left = observed.containers.filter((one) => !wanted(one));
  return {
    chosen: observed.containers.filter(wanted),
    left: left.map((one) => ({ name: one.name, kind: kindOf(one, project) })),
  };
}

const reasons: readonly [Kind, string, string][] = [
  ['orphan', 'orphan containers', '--remove-orphans takes them along'],
  ['one-off', 'containers of run', '--remove-orphans takes them along'],
  ['profile', 'containers of services whose profiles are off', '--profile NAME takes them along'],
];

function warnOfWhatStays(draft: Draft, left: readonly { readonly name: string; readonly kind: Kind }[]): void {
  for (const [kind, what, how] of reasons) {
    const names = left.filter((one) => one.kind === kind).map((one) => one.name);
    if (names.length > 0) draft.warn(`Found ${what} (${names.join(', ')}) of this project; ${how}.`);
  }
}

/** Services that a container's own needs, from the config or, without one, from its label (`db:service_healthy:true,…`). */
function neededBy(container: ObservedContainer, project: Project | undefined): string[] {
  const service = project?.services[container.service];
  if (project && service) return Object.keys(dependenciesOf(project, service));
  const label = container.labels[composeLabel.dependsOn] ?? '';
  return label.split(',').flatMap((entry) => entry.split(':')[0] || []);
}

/** What depends on others stops before them; what does not stops at once. Gives the removal steps. */
function planRemovals(
  draft: Draft,
  project: Project | undefined,
  containers: readonly ObservedContainer[],
  options: DownOptions,
): number[] {
  const stops = new Map<string, number[]>();
  const removals: number[] = [];
  for (const container of dependentsFirst(containers, project)) {
    const dependents = containers.filter((other) => neededBy(other, project).includes(container.service));
    const after = [...new Set(dependents.map((one) => one.service))].flatMap((service) => stops.get(service) ?? []);
    const { name, state, service } = container;
    let stopped: number | undefined;
    if (isLive(state)) {
      stopped = draft.add({ do: 'container.stop', name, graceMs: options.graceMs }, `it is ${state}`, after);
      stops.set(service, [...(stops.get(service) ?? []), stopped]);
    }
    removals.push(
      draft.add({ do: 'container.remove', name, volumes: options.volumes }, 'the project goes down', [stopped]),
    );
  }
  return removals;
}

export function dependentsFirst(
  containers: readonly ObservedContainer[],
  project: Project | undefined,
): ObservedContainer[] {
  const sorted: ObservedContainer[] = [];
  const seen = new Set<string>();
  const visit = (container: ObservedContainer) => {
    if (seen.has(container.id)) return;
    seen.add(container.id);
    for (const other of containers) if (neededBy(other, project).includes(container.service)) visit(other);
    sorted.push(container);
  };
  for (const container of containers) visit(container);
  return sorted;
}

function planNetworkRemovals(draft: Draft, project: Project | undefined, observed: Observed, after: readonly number[]) {
  const external = new Set(Object.values(project?.networks ?? {}).flatMap((one) => (one.external ? one.name : [])));
  for (const { name, key } of observed.networks) {
    if (key === undefined || external.has(name)) continue;
    draft.add({ do: 'network.remove', name }, 'the project goes down', after);
  }
}

function planVolumeRemovals(draft: Draft, project: Project | undefined, observed: Observed, after: readonly number[]) {
  const external = new Set(Object.values(project?.volumes ?? {}).flatMap((one) => (one.external ? one.name : [])));
  for (const { name, key } of observed.volumes) {
    if (key === undefined || external.has(name)) continue;
    draft.add({ do: 'volume.remove', name }, 'asked for by --volumes', after);
  }
}

function planImageRemovals(
  draft: Draft,
  project: Project,
  observed: Observed,
  options: DownOptions,
  after: readonly number[],
) {
  const services = Object.values(project.services).filter(
    (one) => options.services.length === 0 || options.services.includes(one.name),
  );
  const named = services.filter((one) => options.images === 'all' || !one.image);
  for (const image of new Set(named.map((one) => imageName(project, one)))) {
    if (observed.images[image] === undefined) continue;
    draft.add({ do: 'image.remove', image }, `asked for by --rmi ${options.images}`, after);
  }
}
