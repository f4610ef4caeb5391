import { UserError } from '../errors.js';
import type { Dependency, Project, Service } from '../model/project.js';

/**
 * What a service needs before it can start: `depends_on`, and what its links, volumes_from and shared namespaces imply
 * (Compose Specification, "depends_on" and "links").
 */
export function dependenciesOf(project: Project, service: Service): Readonly<Record<string, Dependency>> {
  const implied: Record<string, Dependency> = {};
  for (const name of [...linkedBy(service), ...hostsOf(service)]) {
    if (project.services[name] && name !== service.name)
      implied[name] = { condition: 'service_started', required: true };
  }
  return { ...implied, ...service.depends_on };
}

/** Services whose containers must exist before this one's can be made, since it names their ids. */
export function hostsOf(service: Service): string[] {
  const namespaces = [service.network_mode, service.ipc, service.pid].flatMap((mode) =>
    typeof mode === 'string' && mode.startsWith('service:') ? [mode.slice('service:'.length)] : [],
  );
  const volumes = (service.volumes_from ?? [])
    .filter((from) => !from.startsWith('container:'))
    .map((from) => from.split(':')[0]!);
  const links = service.network_mode === 'bridge' ? linkedBy(service) : [];
  return [...new Set([...namespaces, ...volumes, ...links])];
}

/** Services that are linked, by their names. */
export const linkedBy = ({ links }: Service): string[] => (links ?? []).map((link) => link.split(':')[0]!);

/** Dependencies first; services that do not depend on each other keep the file's order. */
export function inStartOrder(project: Project): Service[] {
  const sorted: Service[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (name: string, trail: readonly string[]) => {
    if (state.get(name) === 'done') return;
    if (state.get(name) === 'open') throw cycle([...trail.slice(trail.indexOf(name)), name]);
    const service = project.services[name];
    if (!service) return;
    state.set(name, 'open');
    for (const dependency of Object.keys(dependenciesOf(project, service))) visit(dependency, [...trail, name]);
    state.set(name, 'done');
    sorted.push(service);
  };
  for (const name of Object.keys(project.services)) visit(name, []);
  return sorted;
}

function cycle(names: readonly string[]): UserError {
  return new UserError('dependency-cycle', `Services depend on each other in a circle: ${names.join(' -> ')}.`, [
    'Take one of these out of depends_on, links, network_mode or volumes_from.',
  ]);
}

/** The named services, and what they depend on unless that is not wanted. Throws UserError for an unknown name. */
export function selectServices(project: Project, names: readonly string[], dependencies: boolean): Set<string> {
  const selected = new Set<string>();
  const add = (name: string) => {
    const service = project.services[name];
    if (!service || selected.has(name)) return;
    selected.add(name);
    if (dependencies) for (const next of Object.keys(dependenciesOf(project, service))) add(next);
  };
  for (const name of names) {
    if (!project.services[name]) throw unknownService(project, name);
  }
  for (const name of names.length ? names : Object.keys(project.services)) add(name);
  return selected;
}

export function unknownService(project: Project, name: string): UserError {
  if (project.disabledServices.includes(name)) {
    return new UserError('service-disabled', `The service "${name}" belongs to a profile that is not on.`, [
      'Name its profile with --profile, or in COMPOSE_PROFILES.',
    ]);
  }
  const known = Object.keys(project.services);
  return new UserError('unknown-service', `no such service: ${name}`, [
    `This project has ${known.join(', ') || 'none'}.`,
  ]);
}
