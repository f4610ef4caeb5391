/** Choosing containers of a project for the commands that work on what is there. */
import type { EngineClient } from '../engine/client.js';
import { UserError } from '../errors.js';
import type { ObservedContainer } from '../model/observed.js';
import type { Project } from '../model/project.js';
import { observeContainers } from '../observe/observe.js';
import { selectServices, unknownService } from '../plan/order.js';
import { findProject, type KnownProject, projectOfLabels } from './project.js';
import type { Session } from './session.js';

export interface Chosen {
  readonly engine: EngineClient;
  readonly known: KnownProject;
  readonly project: Project;
  /** Of the services that were named, or of all; sorted by service and number. */
  readonly containers: readonly ObservedContainer[];
}

export interface ChooseOptions {
  readonly services: readonly string[];
  readonly oneOffs?: boolean;
  /** Also of services that the config does not have (any more). */
  readonly orphans?: boolean;
  /** Also of what the named services depend on. */
  readonly dependencies?: boolean;
}

export async function chooseContainers(session: Session, options: ChooseOptions): Promise<Chosen> {
  const known = await findProject(session, options.services);
  const engine = await session.engine();
  const all = await observeContainers(engine, known.name);
  const project = projectOfLabels(known, all);
  const wanted = wantedServices(known, project, all, options);
  const containers = all
    .filter((one) => wanted.has(one.service) && (options.oneOffs || !one.oneOff))
    .sort((a, b) => (a.service === b.service ? a.replica - b.replica : a.service < b.service ? -1 : 1));
  return { engine, known, project, containers };
}

function wantedServices(
  { loaded }: KnownProject,
  project: Project,
  all: readonly ObservedContainer[],
  options: ChooseOptions,
): Set<string> {
  const { services } = options;
  const there = new Set(all.map((one) => one.service));
  if (!loaded) {
    const unknown = services.find((name) => !there.has(name));
    if (unknown !== undefined) throw new UserError('unknown-service', `no such service: ${unknown}`);
    return services.length ? selectServices(project, services, options.dependencies ?? false) : there;
  }
  const missing = services.find((name) => !project.services[name] && !there.has(name));
  if (missing !== undefined) throw unknownService(project, missing);
  if (services.length) {
    const own = services.filter((name) => project.services[name]);
    return options.dependencies ? selectServices(project, own, true) : new Set(services);
  }
  const known = new Set([...Object.keys(project.services), ...project.disabledServices]);
  return options.orphans === false ? known : new Set([...known, ...there]);
}

export interface ChooseOneOptions {
  readonly index?: number | undefined;
  readonly running?: boolean;
  /** A container of `run` will do where the service has none of its own; not with an index, since those have no number. */
  readonly oneOffs?: boolean;
}

/** The one container that `exec`, `port`, `commit`… are about. Throws UserError when it is not there or does not run. */
export async function chooseOne(
  session: Session,
  service: string,
  { index, running = true, oneOffs = true }: ChooseOneOptions,
): Promise<Chosen & { readonly container: ObservedContainer }> {
  const chosen = await chooseContainers(session, { services: [service], oneOffs: oneOffs && index === undefined });
  const candidates = chosen.containers
    .filter((one) => index === undefined || one.replica === index)
    .sort((a, b) => Number(a.oneOff) - Number(b.oneOff));
  const container = candidates.find((one) => one.state === 'running') ?? candidates[0];
  if (!container || (running && container.state !== 'running' && container.state !== 'paused')) {
    const which = index === undefined ? '' : ` container #${index}`;
    throw new UserError('not-running', `service "${service}" is not running${which}`, [
      `Start it: devenv up -d ${service}`,
    ]);
  }
  return { ...chosen, container };
}
