import type { Project, Service } from './project.js';

type Naming = Pick<Project, 'name' | 'nameSeparator'>;

/** `proj-web-1`; `proj_web_1` with `--compatibility`. */
export function projectObjectName({ name, nameSeparator }: Naming, ...parts: readonly (string | number)[]): string {
  return [name, ...parts].join(nameSeparator ?? '-');
}

/** `proj-web-1`, or the service's own `container_name`. */
export function containerName(project: Project, service: Service, replica: number): string {
  return service.container_name ?? projectObjectName(project, service.name, replica);
}

/** The image that a service runs: named, or `proj-web` for one that is built. */
export function imageName(project: Project, service: Service): string {
  return service.image ?? projectObjectName(project, service.name);
}

/** Where one does not develop: images are as they were published, and as they were locked. */
export const isProduction = ({ environmentName }: Pick<Project, 'environmentName'>): boolean =>
  environmentName === 'prod';

/** How many containers a service wants: `scale`, else `deploy.replicas`, else 1. */
export function replicaCount(service: Service): number {
  const deploy = service.deploy as { replicas?: number; mode?: string } | undefined;
  return Number(service.scale ?? deploy?.replicas ?? 1);
}
