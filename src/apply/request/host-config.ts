import { parseBytes } from '../../model/bytes.js';
import type { Service } from '../../model/project.js';
import type { RequestContext } from './container.js';
import { mounts } from './mounts.js';
import { links, networkMode } from './networking.js';
import { resources } from './resources.js';

type Values = Readonly<Record<string, unknown>>;

export function hostConfig(service: Service, context: RequestContext): Record<string, unknown> {
  return {
    ...mounts(service, context),
    ...resources(service),
    ...security(service),
    ...names(service),
    AutoRemove: false,
    NetworkMode: networkMode(service, context),
    Links: service.network_mode === 'bridge' ? links(service, context) : undefined,
    IpcMode: namespace(service.ipc, context),
    PidMode: namespace(service.pid, context),
    UTSMode: service.uts,
    UsernsMode: service.userns_mode,
    CgroupnsMode: service.cgroup,
    Init: service.init,
    Isolation: service.isolation,
    Runtime: service.runtime,
    RestartPolicy: restartPolicy(service),
    LogConfig: logConfig(service.logging as Values | undefined),
    ShmSize: parseBytes(service.shm_size as string | undefined),
    Sysctls: stringMap(service.sysctls),
    StorageOpt: service.storage_opt,
    VolumesFrom: volumesFrom(service, context),
    Annotations: service.annotations,
  };
}

function security(service: Service): Record<string, unknown> {
  return {
    CapAdd: service.cap_add,
    CapDrop: service.cap_drop,
    SecurityOpt: service.security_opt,
    Privileged: service.privileged ?? false,
    ReadonlyRootfs: service.read_only ?? false,
    GroupAdd: (service.group_add as readonly unknown[] | undefined)?.map(String),
  };
}

const list = (value: unknown) => (value === undefined || value === null ? undefined : [value].flat());

function names(service: Service): Record<string, unknown> {
  return {
    Dns: list(service.dns),
    DnsSearch: list(service.dns_search),
    DnsOptions: list(service.dns_opt),
    ExtraHosts: extraHosts(service.extra_hosts),
  };
}

/** `host=address` or a map, as the API's `host:address`. */
function extraHosts(hosts: unknown): string[] | undefined {
  if (!hosts) return undefined;
  if (Array.isArray(hosts)) return hosts.map((entry) => String(entry).replace(/^([^:=]+)=/, '$1:'));
  return Object.entries(hosts as Values).flatMap(([host, addresses]) =>
    [addresses].flat().map((address) => `${host}:${address}`),
  );
}

/** `service:NAME` is the container of that service. */
function namespace(mode: unknown, context: RequestContext): unknown {
  if (typeof mode !== 'string' || !mode.startsWith('service:')) return mode;
  return `container:${context.containerOf(mode.slice('service:'.length))}`;
}

/** `no`, `always`, `unless-stopped`, `on-failure[:retries]`; else what `deploy.restart_policy` means. */
function restartPolicy(service: Service): Record<string, unknown> | undefined {
  if (service.restart) {
    const [name, retries] = service.restart.split(':');
    return { Name: name, MaximumRetryCount: Number(retries ?? 0) };
  }
  const policy = (service.deploy as { restart_policy?: { condition?: string; max_attempts?: number } } | undefined)
    ?.restart_policy;
  if (!policy) return undefined;
  const words: Record<string, string> = { any: 'always', none: 'no', 'on-failure': 'on-failure' };
  const name = words[policy.condition ?? 'any'] ?? policy.condition;
  return { Name: name, MaximumRetryCount: name === 'on-failure' ? Number(policy.max_attempts ?? 0) : 0 };
}

function logConfig(logging: Values | undefined): Record<string, unknown> | undefined {
  return logging && { Type: logging.driver ?? '', Config: stringMap(logging.options) ?? {} };
}

function stringMap(values: unknown): Record<string, string> | undefined {
  if (!values) return undefined;
  if (Array.isArray(values)) return Object.fromEntries(values.map((entry) => splitOnce(String(entry))));
  return Object.fromEntries(Object.entries(values as Values).map(([key, value]) => [key, String(value ?? '')]));
}

function splitOnce(entry: string): [string, string] {
  const at = entry.indexOf('=');
  return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
}

/** `service[:mode]` or `container:name[:mode]`. */
function volumesFrom(service: Service, context: RequestContext): string[] | undefined {
  return service.volumes_from?.map((from) => {
    if (from.startsWith('container:')) return from.slice('container:'.length);
    const [name, mode] = from.split(':');
    return `${context.containerOf(name!)}${mode ? `:${mode}` : ''}`;
  });
}
