/** Containers, as an engine's inspect tells of them, as facts. Pure. */
import type { EnvironmentFacts, ServiceFacts } from './facts.js';
import { bare } from './project-facts.js';

/** The part of a ContainerInspect that is looked at. */
export interface InspectedContainer {
  readonly Config: {
    readonly Image: string;
    readonly Env?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly Entrypoint?: readonly string[] | null;
    readonly User?: string;
    readonly WorkingDir?: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly Healthcheck?: { readonly Test?: readonly string[] | null } | null;
  };
  readonly HostConfig: {
    readonly Memory?: number;
    readonly NanoCpus?: number;
    readonly Privileged?: boolean;
    readonly ReadonlyRootfs?: boolean;
    readonly CapAdd?: readonly string[] | null;
    readonly CapDrop?: readonly string[] | null;
    readonly RestartPolicy?: { readonly Name?: string } | null;
    readonly PortBindings?: Readonly<Record<string, readonly { readonly HostPort?: string }[] | null>> | null;
    /** By target; they are not among the mounts. */
    readonly Tmpfs?: Readonly<Record<string, string>> | null;
  };
  readonly Mounts?: readonly { readonly Type: string; readonly Destination: string; readonly RW?: boolean }[] | null;
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, unknown>> | null };
}

/** What an image brings by itself: a container that only has that says nothing of its own. */
export interface ImageDefaults {
  readonly digest: string | undefined;
  readonly env: readonly string[];
  readonly command: readonly string[] | undefined;
  readonly entrypoint: readonly string[] | undefined;
  readonly user: string | undefined;
  readonly workingDir: string | undefined;
  readonly health: readonly string[] | undefined;
}

export interface ServiceContainer {
  readonly service: string;
  readonly container: InspectedContainer;
  readonly image: ImageDefaults;
}

/** Replicas of a service are taken to be alike: the first one tells. */
export function containerFacts(found: readonly ServiceContainer[]): EnvironmentFacts {
  const services: Record<string, ServiceFacts> = {};
  for (const one of found) {
    const known = services[one.service];
    services[one.service] = known ? { ...known, replicas: known.replicas + 1 } : factsOf(one);
  }
  return services;
}

function factsOf({ container, image }: ServiceContainer): ServiceFacts {
  const { Config, HostConfig, Mounts, NetworkSettings } = container;
  const { PortBindings, Memory, NanoCpus } = HostConfig;
  return {
    image: Config.Image,
    digest: image.digest,
    command: unlessSame(Config.Cmd, image.command),
    entrypoint: unlessSame(Config.Entrypoint, image.entrypoint),
    user: Config.User && Config.User !== image.user ? Config.User : undefined,
    workingDir: Config.WorkingDir && Config.WorkingDir !== image.workingDir ? Config.WorkingDir : undefined,
    environment: ownEnvironment(Config.Env ?? [], image.env),
    mounts: [
      ...(Mounts ?? [])
        .filter(isData)
        .map(({ Destination, Type, RW }) => `${Destination} ${Type}${RW === false ? ' read-only' : ''}`),
      ...Object.keys(HostConfig.Tmpfs ?? {}).map((target) => `${target} tmpfs`),
    ].sort(),
    secretFiles: (Mounts ?? [])
      .filter((mount) => !isData(mount))
      .map(({ Destination }) => Destination.slice(SECRETS.length))
      .sort(),
    ports: portFacts(PortBindings ?? {}),
    memory: Memory || undefined,
    cpus: NanoCpus ? NanoCpus / 1e9 : undefined,
    replicas: 1,
    restart: HostConfig.RestartPolicy?.Name === 'no' ? undefined : HostConfig.RestartPolicy?.Name || undefined,
    privileges: privileges(HostConfig),
    health: unlessSame(Config.Healthcheck?.Test, image.health),
    networks: Object.keys(NetworkSettings?.Networks ?? {})
      .map(networkKey(Config.Labels ?? {}))
      .sort(),
  };
}

/** Secrets that are mounted one by one are no data, and a config's facts do not have them. */
const isData = ({ Destination }: { readonly Destination: string }) => !Destination.startsWith(SECRETS);
const SECRETS = '/run/secrets/';

function unlessSame(
  own: readonly string[] | null | undefined,
  images: readonly string[] | undefined,
): readonly string[] | undefined {
  if (!own || own.length === 0) return undefined;
  return JSON.stringify(own) === JSON.stringify(images) ? undefined : own;
}

function ownEnvironment(env: readonly string[], images: readonly string[]): Record<string, string> {
  const known = new Set(images);
  return Object.fromEntries(
    env
      // The ports that devenv chose are of this machine, not of the environment.
      .filter((entry) => !known.has(entry) && !entry.startsWith('DEVENV_PORT_'))
      .map((entry) => {
        const at = entry.indexOf('=');
        return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
      }),
  );
}

function portFacts(bindings: Readonly<Record<string, readonly { readonly HostPort?: string }[] | null>>): string[] {
  return Object.entries(bindings)
    .flatMap(([port, hosts]) => (hosts ?? []).map(({ HostPort }) => (HostPort ? `${HostPort}->${port}` : port)))
    .sort();
}

function privileges({ Privileged, ReadonlyRootfs, CapAdd, CapDrop }: InspectedContainer['HostConfig']): string[] {
  return [
    ...(Privileged ? ['privileged'] : []),
    ...(ReadonlyRootfs ? ['read-only'] : []),
    ...(CapAdd ?? []).map((name) => `+${bare(name)}`),
    ...(CapDrop ?? []).map((name) => `-${bare(name)}`),
  ].sort();
}

/** `shop_default` is `default` to the project `shop`. */
function networkKey(labels: Readonly<Record<string, string>>): (name: string) => string {
  const prefix = `${labels['com.docker.compose.project'] ?? ''}_`;
  return (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name);
}
