/** Services of a swarm (`GET /services`) as facts. Pure. */
import type { EnvironmentFacts, ServiceFacts } from './facts.js';
import { bare } from './project-facts.js';

/** The part of a swarm's Service that is looked at (Docker Engine API, ServiceSpec). */
export interface SwarmService {
  readonly Spec: {
    readonly Name: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly Mode?: { readonly Replicated?: { readonly Replicas?: number }; readonly Global?: object };
    readonly TaskTemplate: {
      readonly ContainerSpec?: SwarmContainer;
      readonly Resources?: { readonly Limits?: { readonly NanoCPUs?: number; readonly MemoryBytes?: number } };
      readonly RestartPolicy?: { readonly Condition?: string };
    };
    readonly EndpointSpec?: { readonly Ports?: readonly SwarmPort[] | null };
  };
}

interface SwarmContainer {
  readonly Image: string;
  /** The entrypoint. */
  readonly Command?: readonly string[] | null;
  /** The command. */
  readonly Args?: readonly string[] | null;
  readonly Env?: readonly string[] | null;
  readonly Dir?: string;
  readonly User?: string;
  readonly ReadOnly?: boolean;
  readonly CapabilityAdd?: readonly string[] | null;
  readonly CapabilityDrop?: readonly string[] | null;
  readonly Healthcheck?: { readonly Test?: readonly string[] | null } | null;
  readonly Mounts?: readonly { readonly Type: string; readonly Target: string; readonly ReadOnly?: boolean }[] | null;
  readonly Secrets?: readonly { readonly File?: { readonly Name: string } | null }[] | null;
}

interface SwarmPort {
  readonly Protocol?: string;
  readonly TargetPort: number;
  readonly PublishedPort?: number;
}

export const stackLabel = 'com.docker.stack.namespace';

/** `shop_api` of the stack `shop` is the service `api`. */
export function swarmFacts(services: readonly SwarmService[]): EnvironmentFacts {
  const facts: Record<string, ServiceFacts> = {};
  for (const { Spec } of services) {
    const container = Spec.TaskTemplate.ContainerSpec;
    if (!container) continue; // a plugin, which has no container
    const prefix = `${Spec.Labels?.[stackLabel] ?? ''}_`;
    const name = Spec.Name.startsWith(prefix) ? Spec.Name.slice(prefix.length) : Spec.Name;
    facts[name] = factsOf(container, Spec);
  }
  return facts;
}

const filled = (words: readonly string[] | null | undefined) => (words?.length ? words : undefined);

function factsOf(container: SwarmContainer, { TaskTemplate, Mode, EndpointSpec }: SwarmService['Spec']): ServiceFacts {
  const { NanoCPUs, MemoryBytes } = TaskTemplate.Resources?.Limits ?? {};
  return {
    image: container.Image.replace(/@sha256:[0-9a-f]+$/, ''),
    digest: /@(sha256:[0-9a-f]+)$/.exec(container.Image)?.[1],
    command: filled(container.Args),
    entrypoint: filled(container.Command),
    user: container.User || undefined,
    workingDir: container.Dir || undefined,
    environment: Object.fromEntries(
      (container.Env ?? []).map((entry) => [entry.split('=')[0]!, entry.split('=').slice(1).join('=')]),
    ),
    mounts: (container.Mounts ?? [])
      .map(({ Target, Type, ReadOnly }) => `${Target} ${Type}${ReadOnly ? ' read-only' : ''}`)
      .sort(),
    secretFiles: (container.Secrets ?? []).flatMap(({ File }) => File?.Name ?? []).sort(),
    ports: (EndpointSpec?.Ports ?? []).map(portFact).sort(),
    memory: MemoryBytes || undefined,
    cpus: NanoCPUs ? NanoCPUs / 1e9 : undefined,
    replicas: Mode?.Replicated?.Replicas ?? 1,
    restart: restarts[TaskTemplate.RestartPolicy?.Condition ?? ''],
    privileges: [
      ...(container.ReadOnly ? ['read-only'] : []),
      ...(container.CapabilityAdd ?? []).map((name) => `+${bare(name)}`),
      ...(container.CapabilityDrop ?? []).map((name) => `-${bare(name)}`),
    ].sort(),
    health: filled(container.Healthcheck?.Test),
    // A swarm's services name networks by their ids, which say nothing elsewhere.
    networks: undefined,
  };
}

/** The condition of a swarm in the words of `restart:`. */
const restarts: Readonly<Record<string, string>> = { any: 'always', 'on-failure': 'on-failure' };

function portFact({ Protocol = 'tcp', TargetPort, PublishedPort }: SwarmPort): string {
  return `${PublishedPort ? `${PublishedPort}->` : ''}${TargetPort}/${Protocol}`;
}
