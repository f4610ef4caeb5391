import type { Project, Service } from './project.js';

/** `proj-web-1`, or the service's own `container_name`. */
export function containerName(project: Project, service: Service, replica: number): string {
  return service.container_name ?? `${project.name}-${service.name}-${replica}`;
}

/** The image that a service runs: named, or `proj-web` for one that is built. */
export function imageName(project: Project, service: Service): string {
  return service.image ?? `${project.name}-${service.name}`;
}

/** Where one does not develop: images are as they were published, and as they were locked. */
export const isProduction = ({ environmentName }: Pick<Project, 'environmentName'>): boolean =>
  environmentName === 'prod';

/** How many containers a service wants: `scale`, else `deploy.replicas`, else 1. */
export function replicaCount(service: Service): number {
  const deploy = service.deploy as { replicas?: number; mode?: string } | undefined;
  return Number(service.scale ?? deploy?.replicas ?? 1);
}
