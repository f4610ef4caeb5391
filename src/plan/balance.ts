/** Replicas behind one host port: our engine deals connections out among containers that carry the same word. Pure. */
import { balanceLabel } from '../model/labels.js';
import { replicaCount } from '../model/names.js';
import type { Observed } from '../model/observed.js';
import type { Port, Project, Service } from '../model/project.js';

/**
 * The project with that word on each service that wants more than one container at a fixed host port, and on those that had it
 * before, so that going back to one makes nothing anew. It is part of the service's config: a container that listens alone is
 * made anew when others join it.
 */
export function balanced(project: Project, observed: Observed, scale: Readonly<Record<string, number>>): Project {
  const joined = new Set(observed.containers.filter(({ labels }) => labels[balanceLabel]).map((one) => one.service));
  const services = Object.entries(project.services).map(([name, service]): [string, Service] => {
    const several = (scale[name] ?? replicaCount(service)) > 1 || joined.has(name);
    if (!several || !service.ports?.some(isFixed)) return [name, service];
    return [name, { ...service, labels: { ...service.labels, [balanceLabel]: `${project.name}/${name}` } }];
  });
  return { ...project, services: Object.fromEntries(services) };
}

/** A number, neither open nor a range, from which each container takes one. */
const isFixed = ({ published }: Port) => /^\d+$/.test(String(published ?? ''));

export const isBalanced = (project: Project, service: string): boolean =>
  project.services[service]?.labels?.[balanceLabel] !== undefined;

/** Services of which a container listens alone now where several are to: it must have gone before others can join. */
export function joiningServices(project: Project, observed: Observed): Set<string> {
  const alone = observed.containers.filter(({ labels, oneOff }) => !oneOff && !labels[balanceLabel]);
  return new Set(alone.map((one) => one.service).filter((name) => isBalanced(project, name)));
}
