import { imageName } from '../model/names.js';
import type { Observed, ObservedContainer } from '../model/observed.js';
import type { Project, Service } from '../model/project.js';
import { type ConfigHash, changedParts } from './hash.js';
import type { UpOptions } from './options.js';
import { hostsOf } from './order.js';
import { networksOf, volumesOf } from './resources.js';

export interface DivergenceContext {
  readonly project: Project;
  readonly observed: Observed;
  readonly changedNetworks: ReadonlySet<string>;
  /** Volumes that are made anew. */
  readonly changedVolumes: ReadonlySet<string>;
  /** Services of which a container is made anew in this plan. */
  readonly recreated: ReadonlySet<string>;
}

/** Why a container must be made anew; undefined: it is as the config says. */
export function whyRecreate(
  container: ObservedContainer,
  service: Service,
  hash: ConfigHash,
  mode: UpOptions['recreate'],
  context: DivergenceContext,
): string | undefined {
  if (mode === 'never') return undefined;
  if (mode === 'force') return 'asked for by --force-recreate';
  return (
    configChange(container, service, hash, context) ??
    imageChange(container, service, context) ??
    volumeSwitch(container, service, context) ??
    hostChange(service, context)
  );
}

function configChange(
  container: ObservedContainer,
  service: Service,
  hash: ConfigHash,
  { project }: DivergenceContext,
): string | undefined {
  const parts = changedParts(container.configParts, hash.parts);
  if (container.configHash === hash.whole && parts.length === 0) return undefined;
  const image = imageName(project, service);
  if (container.configParts === undefined) return 'another tool made it with another config';
  const others = parts.filter((part) => part !== 'image' || container.image === image);
  const said = others.length ? `${others.join(', ')} changed` : undefined;
  const images =
    parts.includes('image') && container.image !== image ? `image ${container.image} -> ${image}` : undefined;
  return [images, said].filter(Boolean).join('; ') || 'its config changed';
}

function imageChange(
  container: ObservedContainer,
  service: Service,
  { project, observed }: DivergenceContext,
): string | undefined {
  const image = imageName(project, service);
  const now = observed.images[image];
  return now !== undefined && now !== container.imageId ? `image ${image} has new content` : undefined;
}

/** Another volume under the same key: what is external, or got another `name`, is not in the service's hash. */
function volumeSwitch(
  { mounts }: ObservedContainer,
  service: Service,
  { project }: DivergenceContext,
): string | undefined {
  for (const { type, source = '', target } of service.volumes ?? []) {
    const wanted = type === 'volume' ? project.volumes[source]?.name : undefined;
    const mounted = mounts.find((mount) => mount.type === 'volume' && mount.target === target)?.name;
    if (wanted !== undefined && mounted !== undefined && wanted !== mounted) return `volume ${mounted} -> ${wanted}`;
  }
  return undefined;
}

/** Whose namespace or network it is in is another one now. */
function hostChange(
  service: Service,
  { project, recreated, changedNetworks, changedVolumes }: DivergenceContext,
): string | undefined {
  const host = hostsOf(service).find((name) => recreated.has(name));
  if (host !== undefined) return `${host} is made anew, and it is bound to that container`;
  const network = networksOf(service).find((key) => changedNetworks.has(key));
  if (network !== undefined) return `network ${network} is made anew`;
  const volume = volumesOf(project, service).find((key) => changedVolumes.has(key));
  return volume === undefined ? undefined : `volume ${volume} is made anew`;
}
