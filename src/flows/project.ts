import { UserError, UserErrors } from '../errors.js';
import { composeLabel } from '../model/labels.js';
import type { ObservedContainer } from '../model/observed.js';
import type { Dependency, LoadedProject, Project, Service } from '../model/project.js';
import type { Session } from './session.js';

/** A project by its config or, where there is none, by the name that was given: then labels alone tell what is its. */
export interface KnownProject {
  readonly name: string;
  readonly loaded: LoadedProject | undefined;
}

/**
 * For commands that work on what is there: `-p NAME` alone is enough for them, and env files need not be there any more. A
 * config that is there but wrong is an error all the same.
 */
export async function findProject(session: Session, services: readonly string[] = []): Promise<KnownProject> {
  try {
    const loaded = await session.load(services, { noServiceFiles: true });
    return { name: loaded.project.name, loaded };
  } catch (error) {
    const name = session.options.projectName ?? session.world.env.COMPOSE_PROJECT_NAME;
    if (!name || session.options.files.length || !isNoConfig(error)) throw error;
    return { name, loaded: undefined };
  }
}

function isNoConfig(error: unknown): boolean {
  const first = error instanceof UserErrors ? error.errors[0] : error;
  return first instanceof UserError && first.code === 'no-config';
}

/**
 * Where services were named, the loader gives these and what they need alone. Others of the config are no orphans for
 * that: their names go to those that take no part. The second look is only had when something would be an orphan.
 */
export async function withUnselected(
  session: Session,
  project: Project,
  named: readonly string[],
  containers: readonly ObservedContainer[],
): Promise<Project> {
  const known = new Set([...Object.keys(project.services), ...project.disabledServices]);
  if (named.length === 0 || containers.every((one) => known.has(one.service))) return project;
  const all = await allServices(session);
  const others = (all ?? containers.map((one) => one.service)).filter((name) => !known.has(name));
  return { ...project, disabledServices: [...project.disabledServices, ...others] };
}

/** Undefined: another service is not in order, so nothing can be said of what is an orphan. */
async function allServices(session: Session): Promise<string[] | undefined> {
  try {
    const { project } = await session.loadQuietly([], { noServiceFiles: true });
    return [...Object.keys(project.services), ...project.disabledServices];
  } catch (error) {
    if (error instanceof UserError || error instanceof UserErrors) return undefined;
    throw error;
  }
}

/** A project of which there is no config, as far as its containers' labels tell it: which service depends on which. */
export function projectOfLabels(known: KnownProject, containers: readonly ObservedContainer[]): Project {
  if (known.loaded) return known.loaded.project;
  const services = containers.map(({ service, labels }): [string, Service] => [
    service,
    { name: service, depends_on: dependenciesIn(labels[composeLabel.dependsOn]) } as Service,
  ]);
  return { ...bareProject(known), services: Object.fromEntries(services) };
}

/** `db:service_healthy:true,cache:service_started:false`: a name, its condition, whether it takes the service along. */
function dependenciesIn(label: string | undefined): Readonly<Record<string, Dependency>> {
  const found: Record<string, Dependency> = {};
  for (const text of (label ?? '').split(',')) {
    const [name, word, restart] = text.split(':');
    const condition = conditions.find((one) => one === word);
    if (name && condition)
      found[name] = { condition, required: true, ...(restart === 'true' ? { restart: true } : {}) };
  }
  return found;
}

const conditions = ['service_started', 'service_healthy', 'service_completed_successfully'] as const;

/** Enough of a project to look for what carries its name. */
export function bareProject({ name, loaded }: KnownProject): Project {
  return (
    loaded?.project ?? {
      name,
      workingDir: '/',
      configFiles: [],
      envFiles: [],
      environmentName: undefined,
      services: {},
      networks: {},
      volumes: {},
      secrets: {},
      configs: {},
      disabledServices: [],
      extensions: {},
    }
  );
}
