/** `reproduce`: what runs elsewhere as an environment of this project, brought up here. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError, UserErrors } from '../../errors.js';
import type { LoadedProject, Project } from '../../model/project.js';
import { type KnownService, reproduce } from '../../parity/reproduce.js';
import { Session } from '../session.js';
import { up } from '../up-command.js';
import { againstSide } from './sides.js';

export interface ReproduceWish {
  /** `docker:CONTEXT`, `swarm:STACK`, `k8s:NAMESPACE`, or a config file. */
  readonly from: string;
  /** The environment that it is written as. */
  readonly name: string;
  /** Write the file and leave. */
  readonly writeOnly: boolean;
  readonly force: boolean;
}

/** Gives the exit code. */
export async function reproduceHere(session: Session, wish: ReproduceWish): Promise<number> {
  const { terminal, world, options } = session;
  if (!/^[\w-]+$/.test(wish.name))
    throw new UserError('bad-name', `"${wish.name}" is no name for an environment: letters, digits, _ and -.`);
  const loaded = await projectHere(session);
  const project = loaded?.project;
  const projectName = options.projectName ?? project?.name ?? path.basename(world.cwd).toLowerCase();
  const side = await againstSide(session, wish.from, projectName);
  const { text, secrets, warnings } = reproduce(side.facts, knownServices(project), {
    from: wish.from,
    ...(project ? {} : { projectName }),
  });
  const file = fileFor(
    world.cwd,
    project?.configFiles.find((one) => one !== '-'),
    wish.name,
  );
  try {
    await writeFile(file, text, { flag: wish.force ? 'w' : 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new UserError('file-there', `${path.relative(world.cwd, file)} is there already.`, [
      '--force writes over it; --name takes another name.',
    ]);
  }
  for (const warning of warnings) await terminal.status(`warning: ${warning}\n`);
  await terminal.status(`Written: ${path.relative(world.cwd, file)}\n`);
  const missing = secrets.filter((name) => (loaded?.variables ?? world.env)[name] === undefined);
  if (missing.length > 0)
    await terminal.status(`Set before it can come up: ${missing.join(', ')} (in the shell, or in .env)\n`);
  if (wish.writeOnly || missing.length > 0) return 0;
  const environment = project ? { environment: wish.name } : { files: [file] };
  const other = new Session(world, { ...options, ...environment });
  try {
    return await up(other, { services: [], detach: true, wait: true, watch: false });
  } finally {
    await other.close();
  }
}

function knownServices(project: Project | undefined): Map<string, KnownService> {
  return new Map(
    Object.values(project?.services ?? {}).map((service) => {
      const keys = Object.entries(service).flatMap(([name, value]) =>
        value === null || value === undefined ? [] : name,
      );
      return [service.name, { isBuilt: service.build !== undefined, keys: new Set(keys) }];
    }),
  );
}

/** Undefined where there is no config: what runs elsewhere is then all there is. */
async function projectHere(session: Session): Promise<LoadedProject | undefined> {
  try {
    return await session.loadQuietly([]);
  } catch (error) {
    const first = error instanceof UserErrors ? error.errors[0] : error;
    if (first instanceof UserError && first.code === 'no-config') return undefined;
    throw error;
  }
}

/** Where `--env NAME` looks: beside the main file. */
function fileFor(cwd: string, main: string | undefined, name: string): string {
  if (main === undefined) return path.join(cwd, 'devenv.yml');
  const ending = path.extname(main);
  return path.join(path.dirname(main), `${path.basename(main, ending)}.${name}${ending}`);
}
