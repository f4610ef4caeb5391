import { UserError } from '../errors.js';
import type { Observed } from '../model/observed.js';
import type { Project, Service } from '../model/project.js';
import type { Draft } from './draft.js';
import { hashNetwork, hashVolume } from './hash.js';

/** Keys of the project's networks that a service joins. */
export function networksOf(service: Service): string[] {
  if (service.network_mode) return [];
  const keys = Object.keys(service.networks ?? {});
  return keys.length ? keys : ['default'];
}

/** Keys of the project's volumes that a service mounts. */
export function volumesOf(project: Project, service: Service): string[] {
  return (service.volumes ?? [])
    .filter((mount) => mount.type === 'volume' && mount.source !== undefined && project.volumes[mount.source])
    .map((mount) => mount.source!);
}

export interface NetworkSteps {
  /** Key → step that creates it. */
  readonly created: ReadonlyMap<string, number>;
  /** Keys of networks that are there with another config: whoever is on them must go first. */
  readonly changed: ReadonlySet<string>;
}

/** Networks that are there, but no longer as the config says. */
export function changedNetworks(project: Project, observed: Observed, services: readonly Service[]): Set<string> {
  const changed = new Set<string>();
  for (const key of new Set(services.flatMap(networksOf))) {
    const network = project.networks[key];
    if (!network || network.external) continue;
    const there = observed.networks.find((one) => one.name === network.name);
    if (there?.configHash !== undefined && there.configHash !== hashNetwork(network)) changed.add(key);
  }
  return changed;
}

/**
 * Creates what is missing. `freed`: steps after which nobody uses a changed network any more.
 * Throws UserError for an external network that is not there.
 */
export function planNetworks(
  draft: Draft,
  project: Project,
  observed: Observed,
  services: readonly Service[],
  changed: ReadonlySet<string>,
  freed: readonly number[],
): Map<string, number> {
  const steps = new Map<string, number>();
  for (const key of new Set(services.flatMap(networksOf))) {
    const network = project.networks[key];
    if (!network) continue;
    const there = observed.networks.some((one) => one.name === network.name);
    if (network.external && !there && !predefined.has(network.name))
      throw missingExternal('network', network.name, key);
    if (network.external || (there && !changed.has(key))) continue;
    const op = { do: 'network.create', network: key, name: network.name, configHash: hashNetwork(network) } as const;
    if (!there) steps.set(key, draft.add(op, 'not there yet'));
    else {
      const removal = draft.add({ do: 'network.remove', name: network.name }, 'its config changed', freed);
      steps.set(key, draft.add(op, `replaces #${removal}`, [removal]));
    }
  }
  return steps;
}

const predefined = new Set(['bridge', 'host', 'none']);

/** Creates missing volumes; one whose config changed is kept, since its data is in it, and warned of. */
export function planVolumes(
  draft: Draft,
  project: Project,
  observed: Observed,
  services: readonly Service[],
): Map<string, number> {
  const steps = new Map<string, number>();
  for (const key of new Set(services.flatMap((service) => volumesOf(project, service)))) {
    const volume = project.volumes[key]!;
    const there = observed.volumes.find((one) => one.name === volume.name);
    if (volume.external && !there) throw missingExternal('volume', volume.name, key);
    if (volume.external) continue;
    const configHash = hashVolume(volume);
    if (!there)
      steps.set(key, draft.add({ do: 'volume.create', volume: key, name: volume.name, configHash }, 'not there yet'));
    else if (there.configHash !== undefined && there.configHash !== configHash) {
      draft.warn(
        `The config of volume "${key}" changed. It keeps its data and its old config; to apply the new one: devenv down, devenv volume rm ${volume.name}, devenv up.`,
      );
    }
  }
  return steps;
}

function missingExternal(kind: 'network' | 'volume', name: string, key: string): UserError {
  return new UserError(`external-${kind}-missing`, `${kind} ${name} declared as external, but could not be found`, [
    `Create it, or take "external" out of ${kind}s.${key}.`,
  ]);
}
