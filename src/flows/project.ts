import { UserError, UserErrors } from '../errors.js';
import type { LoadedProject, Project } from '../model/project.js';
import type { Session } from './session.js';

/** A project by its config or, where there is none, by the name that was given: then labels alone tell what is its. */
export interface KnownProject {
  readonly name: string;
  readonly loaded: LoadedProject | undefined;
}

/**
 * For commands that work on what is there: `-p NAME` alone is enough for them. A config that is there but wrong is an
 * error all the same.
 */
export async function findProject(session: Session, services: readonly string[] = []): Promise<KnownProject> {
  try {
    const loaded = await session.load(services);
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
