/** A config as a person may look over somebody's shoulder at it. Pure. */
import type { Project, Service } from '../model/project.js';
import { shownValue } from './secret-names.js';

export interface Masked {
  readonly project: Project;
  /** How many values are hidden. */
  readonly hidden: number;
}

/** Hides the values of variables and build arguments whose names, or passwords in whose addresses, say that they are secret. */
export function maskProject(project: Project): Masked {
  let hidden = 0;
  const mask = <T extends string | null>(values: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => {
        const shown = value === null ? value : (shownValue(name, value) as T);
        if (shown !== value) hidden += 1;
        return [name, shown];
      }),
    );
  const maskService = (service: Service): Service => {
    const { environment, build } = service;
    // In place of the old values, so that the order and the extensions of the service stay.
    return Object.assign(Object.create(Object.getPrototypeOf(service)), service, {
      ...(environment ? { environment: mask(environment) } : {}),
      ...(build?.args ? { build: Object.assign({}, build, { args: mask(build.args) }) } : {}),
    });
  };
  const services = Object.entries(project.services).map(([name, service]) => [name, maskService(service)]);
  return { project: { ...project, services: Object.fromEntries(services) }, hidden };
}
