import type { Port, Service, VolumeMount } from '../model/project.js';

/** What `run` asks of the service's container; undefined: as the config says. */
export interface OneOffWish {
  readonly command: readonly string[];
  readonly entrypoint: readonly string[] | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string | undefined;
  readonly workingDir: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly publish: readonly Port[];
  readonly servicePorts: boolean;
  readonly volumes: readonly VolumeMount[];
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly name: string;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
}

/** A service as `run` changes it: no ports of its own unless asked for, never restarted, a command of the person's. */
export function oneOffService(service: Service, wish: OneOffWish): Service {
  const list = (key: string) => (service[key] as readonly string[] | undefined) ?? [];
  return {
    ...service,
    command: wish.command.length ? wish.command : wish.entrypoint ? [] : service.command,
    entrypoint: wish.entrypoint ?? service.entrypoint,
    environment: { ...service.environment, ...wish.environment },
    labels: { ...service.labels, ...wish.labels },
    ports: [...(wish.servicePorts ? (service.ports ?? []) : []), ...wish.publish],
    volumes: [...(service.volumes ?? []), ...wish.volumes],
    restart: 'no',
    container_name: wish.name,
    tty: wish.tty,
    stdin_open: wish.stdin,
    ...(wish.user ? { user: wish.user } : {}),
    ...(wish.workingDir ? { working_dir: wish.workingDir } : {}),
    ...(wish.capAdd.length ? { cap_add: [...list('cap_add'), ...wish.capAdd] } : {}),
    ...(wish.capDrop.length ? { cap_drop: [...list('cap_drop'), ...wish.capDrop] } : {}),
  };
}

/** `[HOST_IP:][HOST_PORT:]PORT[/PROTOCOL]`, as `docker run -p` takes it; undefined: it is not that. */
export function parsePublish(text: string): Port | undefined {
  const match = /^(?:(?:(\[[^\]]+\]|[\d.]+):)?(\d*(?:-\d+)?):)?(\d+)(?:\/(tcp|udp|sctp))?$/.exec(text);
  if (!match) return undefined;
  const [, ip, published, target, protocol] = match;
  return {
    mode: 'ingress',
    target: Number(target),
    protocol: protocol ?? 'tcp',
    ...(published ? { published } : {}),
    ...(ip ? { host_ip: ip.replace(/^\[|\]$/g, '') } : {}),
  };
}

/** `SOURCE:TARGET[:ro]` or `TARGET`, as `docker run -v` takes it; sources that are paths must be absolute by now. */
export function parseVolume(text: string): VolumeMount {
  const [first, second, mode] = text.split(':');
  if (second === undefined) return { type: 'volume', target: first! };
  const type = first!.startsWith('/') ? 'bind' : 'volume';
  return {
    type,
    source: first!,
    target: second,
    read_only: mode?.split(',').includes('ro') ?? false,
    ...(type === 'bind' ? { bind: { create_host_path: true } } : {}),
  };
}
