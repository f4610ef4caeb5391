/** Looks at an engine: what is there of one project. Three lists and one look at each image's name, all at once. */
import type { EngineClient } from '../engine/client.js';
import { listContainers } from '../engine/containers.js';
import { inspectImage } from '../engine/images.js';
import { listNetworks } from '../engine/networks.js';
import { listVolumes } from '../engine/volumes.js';
import { composeLabel } from '../model/labels.js';
import { imageName } from '../model/names.js';
import type { Observed, ObservedContainer } from '../model/observed.js';
import type { Project } from '../model/project.js';
import { decodeContainer, decodeNetwork, decodeVolume } from './decode.js';

const ofProject = (name: string) => ({ label: [`${composeLabel.project}=${name}`] });

export async function observeContainers(engine: EngineClient, projectName: string): Promise<ObservedContainer[]> {
  const summaries = await listContainers(engine, ofProject(projectName));
  return summaries.map(decodeContainer).filter((container) => container.service !== '');
}

export async function observeProject(engine: EngineClient, project: Project): Promise<Observed> {
  const images = new Set(Object.values(project.services).map((service) => imageName(project, service)));
  const [observed, ids] = await Promise.all([
    observeByName(engine, project),
    Promise.all([...images].map(async (name) => [name, (await inspectImage(engine, name))?.Id] as const)),
  ]);
  return { ...observed, images: Object.fromEntries(ids.filter((pair): pair is [string, string] => Boolean(pair[1]))) };
}

/** Everything but images, of a project that may be known by its name alone. */
export async function observeByName(
  engine: EngineClient,
  project: Pick<Project, 'name' | 'networks' | 'volumes'>,
): Promise<Observed> {
  const [containers, networks, volumes] = await Promise.all([
    observeContainers(engine, project.name),
    observeNamed(
      project.name,
      project.networks,
      (filters) => listNetworks(engine, filters),
      (one) => one.Name,
    ),
    observeNamed(
      project.name,
      project.volumes,
      (filters) => listVolumes(engine, filters),
      (one) => one.Name,
    ),
  ]);
  return { containers, networks: networks.map(decodeNetwork), volumes: volumes.map(decodeVolume), images: {} };
}

/**
 * The project's own by label and, where the config names some that the label did not find (external, or made by
 * hand), those by name: the engine's name filter matches parts, so the answer is narrowed here.
 */
async function observeNamed<T>(
  projectName: string,
  wanted: Readonly<Record<string, { readonly name: string }>>,
  list: (filters: Readonly<Record<string, readonly string[]>>) => Promise<T[]>,
  nameOf: (one: T) => string,
): Promise<T[]> {
  const own = await list(ofProject(projectName));
  const known = new Set(own.map(nameOf));
  const missing = new Set(Object.values(wanted).map((one) => one.name));
  for (const name of known) missing.delete(name);
  if (missing.size === 0) return own;
  const others = await list({ name: [...missing] });
  return [...own, ...others.filter((one) => missing.has(nameOf(one)) && !known.has(nameOf(one)))];
}
