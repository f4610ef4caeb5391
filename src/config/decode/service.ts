/** The final form of a service: Compose Specification, "services", in the order in which the reference prints it. */
import {
  always,
  anyInteger,
  anyText,
  choice,
  count,
  fillingIn,
  flag,
  float,
  integer,
  isObject,
  list,
  map,
  mapOfSome,
  type Shape,
  struct,
  structOrNull,
  text,
  variable,
} from './shape.js';
import { bytes, duration, fileMode } from './units.js';
import { command, environment, hosts, sshKeys, ulimit } from './values.js';

const texts = list(anyText);
const labels = map(anyText);
const ulimits = map(ulimit);

const mounted = list(struct({ source: text, target: text, uid: text, gid: text, mode: fileMode }));

const build = struct({
  context: text,
  dockerfile: text,
  dockerfile_inline: text,
  entitlements: texts,
  args: map(variable),
  provenance: text,
  sbom: text,
  ssh: sshKeys,
  labels,
  cache_from: texts,
  cache_to: texts,
  no_cache: flag,
  additional_contexts: labels,
  pull: flag,
  extra_hosts: hosts,
  isolation: text,
  network: text,
  target: text,
  secrets: mounted,
  shm_size: bytes,
  tags: texts,
  ulimits,
  platforms: texts,
  privileged: flag,
});

const hook = { command, user: text, privileged: flag, working_dir: text, environment: map(variable) };
const hooks = list(struct(hook));

const develop = struct({
  watch: list(
    struct({
      path: text,
      action: text,
      target: text,
      exec: always(hook),
      include: texts,
      ignore: texts,
      initial_sync: flag,
    }),
  ),
});

const limits = list(struct({ path: text, rate: bytes }));

const blkio = struct({
  weight: integer,
  weight_device: list(struct({ path: text, weight: integer })),
  device_read_bps: limits,
  device_read_iops: limits,
  device_write_bps: limits,
  device_write_iops: limits,
});

const deviceRequests = list(
  struct({ capabilities: texts, driver: text, count: integer, device_ids: texts, options: labels }),
);

const resources = struct({
  cpus: float,
  memory: bytes,
  pids: integer,
  devices: deviceRequests,
  generic_resources: list(struct({ discrete_resource_spec: struct({ kind: text, value: integer }) })),
});

const update = struct({
  parallelism: anyInteger,
  delay: duration,
  failure_action: text,
  monitor: duration,
  max_failure_ratio: float,
  order: text,
});

const deploy = struct({
  mode: text,
  replicas: anyInteger,
  labels,
  update_config: update,
  rollback_config: update,
  resources: always({ limits: resources, reservations: resources }),
  restart_policy: struct({ condition: text, delay: duration, max_attempts: anyInteger, window: duration }),
  placement: always({
    constraints: texts,
    preferences: list(struct({ spread: text })),
    max_replicas_per_node: integer,
  }),
  endpoint_mode: text,
});

const healthcheck = struct({
  test: texts,
  timeout: duration,
  interval: duration,
  retries: count,
  start_period: duration,
  start_interval: duration,
  disable: flag,
});

const network = structOrNull({
  aliases: texts,
  driver_opts: labels,
  gw_priority: integer,
  interface_name: text,
  ipv4_address: text,
  ipv6_address: text,
  link_local_ips: texts,
  mac_address: text,
  priority: integer,
});

const ports = list(
  struct({
    name: text,
    mode: text,
    host_ip: text,
    target: integer,
    published: text,
    protocol: text,
    app_protocol: text,
  }),
);

const volumes = list(
  struct({
    type: text,
    source: text,
    target: text,
    read_only: flag,
    consistency: text,
    bind: struct({ selinux: text, propagation: text, create_host_path: flag, recursive: text }),
    volume: struct({ labels, nocopy: flag, subpath: text }),
    tmpfs: struct({ size: bytes, mode: integer }),
    image: struct({ subpath: text }),
  }),
);

const envFile = struct({ path: text, required: fillingIn((value) => value !== false), format: text });

/** As Go writes one as JSON: a path alone where the file has to be there. */
const envFiles = list((value, at) => {
  const file = envFile(value, at);
  return isObject(file) && file.required ? file.path : file;
});

const gone: Shape = () => undefined;

const fields = {
  profiles: texts,
  annotations: labels,
  attach: choice,
  build,
  develop,
  blkio_config: blkio,
  cap_add: texts,
  cap_drop: texts,
  cgroup_parent: text,
  cgroup: text,
  cpu_count: integer,
  cpu_percent: float,
  cpu_period: integer,
  cpu_quota: integer,
  cpu_rt_period: integer,
  cpu_rt_runtime: integer,
  cpus: float,
  cpuset: text,
  cpu_shares: integer,
  command,
  configs: mounted,
  container_name: text,
  credential_spec: struct({ config: text, file: text, registry: text }),
  depends_on: map(struct({ condition: text, restart: flag, required: fillingIn((value) => value !== false) })),
  deploy,
  device_cgroup_rules: texts,
  devices: list(struct({ source: text, target: text, permissions: text })),
  dns: texts,
  dns_opt: texts,
  dns_search: texts,
  domainname: text,
  entrypoint: command,
  provider: struct({ type: text, options: mapOfSome(texts) }),
  environment,
  env_file: gone,
  expose: texts,
  extends: struct({ file: text, service: text }),
  external_links: texts,
  extra_hosts: hosts,
  group_add: texts,
  gpus: deviceRequests,
  hostname: text,
  healthcheck,
  image: text,
  init: choice,
  ipc: text,
  isolation: text,
  labels,
  links: texts,
  logging: struct({ driver: text, options: labels }),
  mem_limit: bytes,
  mem_reservation: bytes,
  memswap_limit: bytes,
  mem_swappiness: bytes,
  mac_address: text,
  models: map(structOrNull({ endpoint_var: text, model_var: text })),
  network_mode: text,
  networks: map(network),
  oom_kill_disable: flag,
  oom_score_adj: integer,
  pid: text,
  pids_limit: integer,
  platform: text,
  ports,
  privileged: flag,
  pull_policy: text,
  read_only: flag,
  restart: text,
  runtime: text,
  scale: anyInteger,
  secrets: mounted,
  security_opt: texts,
  shm_size: bytes,
  stdin_open: flag,
  stop_grace_period: duration,
  stop_signal: text,
  storage_opt: labels,
  sysctls: labels,
  tmpfs: texts,
  tty: flag,
  ulimits,
  use_api_socket: flag,
  user: text,
  userns_mode: text,
  uts: text,
  volumes,
  volumes_from: texts,
  working_dir: text,
  post_start: hooks,
  pre_stop: hooks,
};

/** `env_file` and `label_file` have done their part by now and are gone; `extends` is left of a service whose base is empty. */
export const service: Shape = struct(fields);

/** A service whose env files have not been read. */
export const serviceWithEnvFiles: Shape = struct({ ...fields, env_file: envFiles });
