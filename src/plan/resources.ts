import { UserError } from '../errors.js';
import type { Observed } from '../model/observed.js';
import type { Project, Service } from '../model/project.js';
import type { Draft } from './draft.js';
import { hashNetwork, hashVolume } from './hash.js';
import type { UpOptions } from './options.js';

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

/** What no service of the project uses: loaded only with `--all-resources`, and made then. */
function unusedBy(project: Project, keys: readonly string[], used: (service: Service) => readonly string[]): string[] {
  const taken = new Set(Object.values(project.services).flatMap(used));
  return keys.filter((key) => !taken.has(key));
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
  const unused = unusedBy(project, Object.keys(project.networks), networksOf);
  for (const key of new Set([...services.flatMap(networksOf), ...unused])) {
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

/** Keys of volumes that are there with another config and may be made anew. */
export function replacedVolumes(
  project: Project,
  observed: Observed,
  services: readonly Service[],
  { replaceVolumes, recreate }: Pick<UpOptions, 'replaceVolumes' | 'recreate'>,
): Set<string> {
  if (recreate === 'never') return new Set(); // whoever is on it would have to go
  const keys = new Set(services.flatMap((service) => volumesOf(project, service)));
  return new Set(
    [...keys].filter(
      (key) => volumeChanged(project, observed, key) && replaceVolumes.includes(project.volumes[key]!.name),
    ),
  );
}

function volumeChanged(project: Project, observed: Observed, key: string): boolean {
  const volume = project.volumes[key]!;
  const there = observed.volumes.find((one) => one.name === volume.name);
  return !volume.external && there?.configHash !== undefined && there.configHash !== hashVolume(volume);
}

/** The question's id, by which its answer comes back as `replaceVolumes`. */
const volumeQuestion = (name: string) => `volume:${name}`;

export const volumesOfQuestions = (ids: readonly string[]) =>
  ids.filter((id) => id.startsWith('volume:')).map((id) => id.slice('volume:'.length));

/**
 * Creates missing volumes. One whose config changed has data in it: only who is asked and says yes has it made anew, after
 * `freed`; else it is kept, and warned of.
 */
export function planVolumes(
  draft: Draft,
  project: Project,
  observed: Observed,
  services: readonly Service[],
  replaced: ReadonlySet<string>,
  freed: readonly number[],
): Map<string, number> {
  const steps = new Map<string, number>();
  const volumesOfOne = (service: Service) => volumesOf(project, service);
  const unused = unusedBy(project, Object.keys(project.volumes), volumesOfOne);
  for (const key of new Set([...services.flatMap(volumesOfOne), ...unused])) {
    const volume = project.volumes[key]!;
    const there = observed.volumes.find((one) => one.name === volume.name);
    if (volume.external && !there) throw missingExternal('volume', volume.name, key);
    if (volume.external) continue;
    const configHash = hashVolume(volume);
    const create = { do: 'volume.create', volume: key, name: volume.name, configHash } as const;
    if (!there) steps.set(key, draft.add(create, 'not there yet'));
    else if (replaced.has(key)) {
      const removal = draft.add({ do: 'volume.remove', name: volume.name }, 'its config changed', freed);
      steps.set(key, draft.add(create, `replaces #${removal}`, [removal]));
    } else if (volumeChanged(project, observed, key)) {
      draft.ask({
        id: volumeQuestion(volume.name),
        text: `Volume "${volume.name}" exists but doesn't match the config. Make it anew (its data will be lost)?`,
        defaultAnswer: false,
      });
      draft.warn(
        `The config of volume "${key}" changed. It keeps its data and its old config; to apply the new one and lose the data: devenv up --yes.`,
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
