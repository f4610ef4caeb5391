/** `ls`, `version`, `top`, `volumes`: lists over projects and containers. */

import { listContainers, topContainer } from '../engine/containers.js';
import { engineVersion } from '../engine/system.js';
import { listVolumes } from '../engine/volumes.js';
import { UserError } from '../errors.js';
import { composeLabel } from '../model/labels.js';
import { chooseContainers } from './containers.js';
import { findProject } from './project.js';
import type { Session } from './session.js';

export interface ProjectRow {
  readonly Name: string;
  /** `running(2), exited(1)` */
  readonly Status: string;
  readonly ConfigFiles: string;
}

/** `name=PATTERN`, a regular expression; any of several will do. Throws UserError `bad-filter` for other filters. */
export function nameFilter(filters: readonly string[]): (name: string) => boolean {
  const patterns = filters.map((filter) => {
    const [key, ...value] = filter.split('=');
    if (value.length > 0 && key === 'name') return value.join('=');
    const sentence = value.length > 0 ? `invalid filter '${key}'` : 'invalid argument: bad format of filter';
    throw new UserError('bad-filter', sentence, ['Write --filter name=PATTERN.']);
  });
  return (name) => patterns.length === 0 || patterns.some((pattern) => name === pattern || matches(pattern, name));
}

function matches(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern).test(name);
  } catch {
    return false;
  }
}

/** Every project that has containers; without `all`, those that run alone count. */
export async function listProjects(session: Session, all: boolean): Promise<ProjectRow[]> {
  const containers = await listContainers(await session.engine(), { label: [composeLabel.project] }, all);
  const projects = new Map<string, { states: Map<string, number>; files: Set<string> }>();
  for (const { Labels, State } of containers) {
    const name = Labels?.[composeLabel.project] ?? '';
    const project = projects.get(name) ?? { states: new Map(), files: new Set() };
    projects.set(name, project);
    project.states.set(State, (project.states.get(State) ?? 0) + 1);
    const files = Labels?.[composeLabel.configFiles];
    if (files) project.files.add(files);
  }
  return [...projects]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([Name, { states, files }]) => ({
      Name,
      Status: [...states]
        .sort()
        .map(([state, count]) => `${state}(${count})`)
        .join(', '),
      ConfigFiles: [...files].join(','),
    }));
}

export interface VersionAnswer {
  readonly version: string;
  readonly engine: { readonly name: string; readonly version: string; readonly apiVersion: string } | undefined;
}

/** Starts no engine for this: one that does not answer is left out. */
export async function versions(session: Session, withEngine: boolean): Promise<VersionAnswer> {
  const { version } = session.world;
  if (!withEngine) return { version, engine: undefined };
  const answer = await engineVersion(await session.engine());
  const name = answer.Platform?.Name || answer.Components?.[0]?.Name || 'engine';
  return { version, engine: { name, version: answer.Version, apiVersion: answer.ApiVersion } };
}

export interface TopTable {
  readonly container: string;
  readonly service: string;
  readonly replica: number;
  readonly titles: readonly string[];
  readonly processes: readonly (readonly string[])[];
}

export async function listProcesses(session: Session, services: readonly string[]): Promise<TopTable[]> {
  const { engine, containers } = await chooseContainers(session, { services, oneOffs: true });
  const running = containers.filter((one) => one.state === 'running' || one.state === 'paused');
  return Promise.all(
    running.map(async ({ id, name, service, replica }) => {
      const { Titles, Processes } = await topContainer(engine, id);
      return { container: name, service, replica, titles: Titles, processes: Processes ?? [] };
    }),
  );
}

export interface VolumeRow {
  readonly Name: string;
  readonly Driver: string;
  readonly Mountpoint: string;
  readonly Scope: string;
  /** `key=value,key=value` */
  readonly Labels: string;
  /** The docker command has these columns, and no engine of one machine has a word for them. */
  readonly Availability: 'N/A';
  readonly Group: 'N/A';
  readonly Links: 'N/A';
  readonly Size: 'N/A';
  readonly Status: 'N/A';
}

const unknown = { Availability: 'N/A', Group: 'N/A', Links: 'N/A', Size: 'N/A', Status: 'N/A' } as const;

/** The project's volumes; with services, those that they mount. */
export async function listProjectVolumes(session: Session, services: readonly string[]): Promise<VolumeRow[]> {
  const known = await findProject(session, services);
  const engine = await session.engine();
  const volumes = await listVolumes(engine, { label: [`${composeLabel.project}=${known.name}`] });
  const { containers } = services.length ? await chooseContainers(session, { services }) : { containers: [] };
  const mounted = new Set(containers.flatMap((one) => one.mounts.map((mount) => mount.name)));
  return volumes
    .filter((volume) => services.length === 0 || mounted.has(volume.Name))
    .map(({ Name, Driver, Mountpoint, Scope = 'local', Labels }) => {
      const labels = Object.entries(Labels ?? {}).map(([key, value]) => `${key}=${value}`);
      return { Name, Driver, Mountpoint, Scope, Labels: labels.sort().join(','), ...unknown };
    });
}
