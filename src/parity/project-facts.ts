/** A project's services as facts. Pure. */
import { parseBytes } from '../model/bytes.js';
import { imageName, replicaCount } from '../model/names.js';
import type { Port, Project, Service, VolumeMount } from '../model/project.js';
import type { EnvironmentFacts, ServiceFacts } from './facts.js';

/** `digestOf` gives what a lock file has for an image. */
export function projectFacts(project: Project, digestOf: (image: string) => string | undefined): EnvironmentFacts {
  return Object.fromEntries(
    Object.values(project.services).map((service) => [service.name, serviceFacts(project, service, digestOf)]),
  );
}

interface Limits {
  readonly memory?: string | number;
  readonly cpus?: string | number;
}

function serviceFacts(
  project: Project,
  service: Service,
  digestOf: (image: string) => string | undefined,
): ServiceFacts {
  const image = imageName(project, service);
  const limits = (service.deploy as { resources?: { limits?: Limits } } | undefined)?.resources?.limits ?? {};
  const memory = limits.memory ?? (service.mem_limit as string | number | undefined);
  const cpus = limits.cpus ?? (service.cpus as string | number | undefined);
  return {
    image,
    digest: /@(sha256:[0-9a-f]+)$/.exec(image)?.[1] ?? digestOf(image),
    command: service.command ?? undefined,
    entrypoint: service.entrypoint ?? undefined,
    user: service.user,
    workingDir: service.working_dir,
    environment: withoutEmpty(service.environment ?? {}),
    mounts: mountFacts(service),
    ports: (service.ports ?? []).map(portFact).sort(),
    memory: memory === undefined ? undefined : parseBytes(String(memory)),
    cpus: cpus === undefined ? undefined : Number(cpus),
    replicas: replicaCount(service),
    restart: service.restart,
    privileges: privilegeFacts(service),
    health: service.healthcheck?.disable ? undefined : service.healthcheck?.test,
    networks: Object.keys(service.networks ?? {}).sort(),
  };
}

function withoutEmpty(environment: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, value ?? '']));
}

function mountFacts(service: Service): string[] {
  const volumes = (service.volumes ?? []).map(mountFact);
  const tmpfs = (service.tmpfs ?? []).map((entry) => `${entry.split(':')[0]} tmpfs`);
  return [...volumes, ...tmpfs].sort();
}

function mountFact({ target, type, read_only }: VolumeMount): string {
  return `${target} ${type}${read_only ? ' read-only' : ''}`;
}

function portFact({ published, target, protocol }: Port): string {
  return `${published ? `${published}->` : ''}${target}/${protocol}`;
}

function privilegeFacts(service: Service): string[] {
  const added = (service.cap_add as readonly string[] | undefined) ?? [];
  const dropped = (service.cap_drop as readonly string[] | undefined) ?? [];
  return [
    ...(service.privileged ? ['privileged'] : []),
    ...(service.read_only ? ['read-only'] : []),
    ...added.map((name) => `+${bare(name)}`),
    ...dropped.map((name) => `-${bare(name)}`),
  ].sort();
}

export const bare = (capability: string) => capability.toUpperCase().replace(/^CAP_/, '');
