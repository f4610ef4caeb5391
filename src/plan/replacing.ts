/** How a container that runs is replaced by a new one (Compose Specification, deploy.update_config.order). Pure. */
import type { ObservedContainer } from '../model/observed.js';
import type { Project, Service } from '../model/project.js';
import type { UpOptions } from './options.js';
import { hostsOf } from './order.js';

/**
 * `hand-over`: the new one starts behind the old one and gets its ports and names when it is ready, so that nobody is
 * refused. `beside`: both run for a moment, which a host port does not allow.
 */
export type Replacing = 'stop-first' | 'beside' | 'hand-over';

interface UpdateConfig {
  readonly parallelism?: number | string;
  readonly delay?: string;
  readonly monitor?: string;
  readonly failure_action?: string;
  readonly max_failure_ratio?: number | string;
  readonly order?: string;
}

/** What `deploy.update_config` says; undefined when it is not there. */
export function updateConfigOf({ deploy }: Service): UpdateConfig | undefined {
  return (deploy as { update_config?: UpdateConfig } | undefined)?.update_config;
}

export function howToReplace(
  project: Project,
  service: Service,
  old: ObservedContainer | undefined,
  options: Pick<UpOptions, 'startFirst' | 'handsOver'>,
): Replacing {
  const order = updateConfigOf(service)?.order;
  const usual = order === undefined && options.startFirst === true && startsFirstByItself(project, service, old);
  if (order !== 'start-first' && !usual) return 'stop-first';
  if (options.handsOver && old?.state === 'running' && mayRunTwice(project, service)) return 'hand-over';
  return order === 'start-first' && (service.ports ?? []).length === 0 ? 'beside' : 'stop-first';
}

/** In development, what can say that it is healthy and keeps nothing that two could spoil. */
export function startsFirstByItself(
  project: Project,
  service: Service,
  old: Pick<ObservedContainer, 'health'> | undefined,
): boolean {
  if (project.environmentName === 'prod') return false;
  const { healthcheck, volumes = [] } = service;
  const tells = healthcheck ? !healthcheck.disable && healthcheck.test?.[0] !== 'NONE' : old?.health !== undefined;
  return tells && !volumes.some(({ type }) => type === 'volume');
}

/** Neither an address of its own, nor another's network, nor services that live in its namespaces. */
function mayRunTwice(project: Project, service: Service): boolean {
  if (service.network_mode !== undefined && service.network_mode !== 'bridge') return false;
  if (service.mac_address !== undefined) return false;
  const fixed = Object.values(service.networks ?? {}).some(
    (network) => network?.ipv4_address ?? network?.ipv6_address ?? network?.mac_address,
  );
  return !fixed && !Object.values(project.services).some((other) => hostsOf(other).includes(service.name));
}
