/** Pure: a service of the config as the body of ContainerCreate (Engine API 1.51). */
import { UserError } from '../../errors.js';
import { parseDuration } from '../../model/durations.js';
import { type HostPorts, portVariables } from '../../model/host-ports.js';
import { composeLabel, configPartsLabel } from '../../model/labels.js';
import { imageName } from '../../model/names.js';
import type { ContainerCreate } from '../../model/plan.js';
import type { Healthcheck, Project, Service, VolumeMount } from '../../model/project.js';
import { hostConfig } from './host-config.js';
import { endpoints, exposedPorts, portBindings } from './networking.js';

export interface RequestContext {
  readonly project: Project;
  /** Id of the image that the container is made from, for its label. */
  readonly imageId: string | undefined;
  /** Id of the (first) container of a service, for shared namespaces and volumes. */
  readonly containerOf: (service: string) => string | undefined;
  /** Anonymous volumes of the container that this one replaces, by target. */
  readonly inherited: Readonly<Record<string, string>>;
  /** Of ports that the config leaves open, by `portKey`. */
  readonly hostPorts: HostPorts;
  /** Of devenv. */
  readonly version: string;
  /** The image of a snapshot that it is made from; for everyone else it is a container of `imageId`. */
  readonly layer?: string | undefined;
  /** Mounts of secrets and configs that were written for it. */
  readonly files?: readonly VolumeMount[];
  /** A container of `run`, beside the service's own: others do not find it by the service's name unless wanted. */
  readonly oneOff?: { readonly slug: string; readonly useAliases: boolean };
}

export function containerRequest(
  service: Service,
  op: ContainerCreate,
  context: RequestContext,
): Record<string, unknown> {
  const { project } = context;
  return {
    ...processConfig(service),
    Env: environment({ ...portVariables(project, context.hostPorts), ...service.environment }),
    Image: context.layer ?? imageName(project, service),
    Labels: { ...service.labels, ...composeLabels(service, op, context) },
    ExposedPorts: exposedPorts(service),
    HostConfig: { ...hostConfig(service, context), PortBindings: portBindings(service, op, context) },
    NetworkingConfig: { EndpointsConfig: endpoints(service, op, context) },
  };
}

function processConfig(service: Service): Record<string, unknown> {
  const graceMs = parseDuration(service.stop_grace_period);
  return {
    Hostname: service.hostname ?? '',
    Domainname: (service.domainname as string | undefined) ?? '',
    User: service.user ?? '',
    Tty: service.tty ?? false,
    OpenStdin: service.stdin_open ?? false,
    StdinOnce: service.stdin_open ?? false,
    AttachStdin: service.stdin_open ?? false,
    AttachStdout: true,
    AttachStderr: true,
    Cmd: service.command,
    Entrypoint: service.entrypoint,
    WorkingDir: service.working_dir ?? '',
    MacAddress: service.mac_address as string | undefined,
    StopSignal: service.stop_signal,
    StopTimeout: graceMs === undefined ? undefined : Math.ceil(graceMs / 1000),
    Healthcheck: healthcheck(service.healthcheck),
    NetworkDisabled: service.network_mode === 'disabled' ? true : undefined,
  };
}

/** `KEY=value`; a key whose value is null is one that the container takes away from its image. */
export function environment(values: Service['environment']): string[] {
  return Object.entries(values ?? {}).map(([key, value]) => (value === null ? key : `${key}=${value}`));
}

const nanoseconds = (text: string | undefined) => {
  const ms = parseDuration(text);
  return ms === undefined ? undefined : Math.round(ms * 1e6);
};

/** Throws UserError where the engine would leave `start_interval` aside: Compose refuses it there too, and not in `config`. */
function healthcheck(check: Healthcheck | undefined): Record<string, unknown> | undefined {
  if (!check) return undefined;
  if (check.disable) return { Test: ['NONE'] };
  if (check.start_interval !== undefined && check.start_period === undefined) {
    throw new UserError('no-start-period', 'healthcheck.start_interval requires healthcheck.start_period to be set', [
      'Add start_period: how long failures do not count, as 10s.',
    ]);
  }
  return {
    Test: check.test,
    Interval: nanoseconds(check.interval),
    Timeout: nanoseconds(check.timeout),
    Retries: check.retries === undefined ? undefined : Number(check.retries),
    StartPeriod: nanoseconds(check.start_period),
    StartInterval: nanoseconds(check.start_interval),
  };
}

function composeLabels(service: Service, op: ContainerCreate, context: RequestContext): Record<string, string> {
  const { project } = context;
  const dependencies = Object.entries(service.depends_on ?? {}).map(
    ([name, { condition, restart }]) => `${name}:${condition}:${restart ?? false}`,
  );
  return {
    [composeLabel.project]: project.name,
    [composeLabel.service]: service.name,
    [composeLabel.version]: context.version,
    [composeLabel.workingDir]: project.workingDir,
    [composeLabel.configFiles]: project.configFiles.join(','),
    ...(project.envFiles.length ? { [composeLabel.environmentFile]: project.envFiles.join(',') } : {}),
    [composeLabel.oneOff]: context.oneOff ? 'True' : 'False',
    ...(context.oneOff ? { [composeLabel.slug]: context.oneOff.slug } : {}),
    [composeLabel.containerNumber]: String(op.replica),
    [composeLabel.configHash]: op.configHash,
    [composeLabel.dependsOn]: dependencies.join(','),
    ...(context.imageId ? { [composeLabel.image]: context.imageId } : {}),
    ...(op.replaces ? { [composeLabel.replace]: op.replaces.name } : {}),
    [configPartsLabel]: JSON.stringify(op.configParts),
  };
}
