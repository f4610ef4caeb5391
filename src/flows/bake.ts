/** `build --print`: what would be built, as the file that `docker buildx bake` takes. */
import { UserError } from '../errors.js';
import { dockerfilePath } from '../model/build-place.js';
import { parseBytes } from '../model/bytes.js';
import { composeLabel } from '../model/labels.js';
import { imageName } from '../model/names.js';
import type { Project, Service } from '../model/project.js';
import { selectServices } from '../plan/order.js';
import type { BuildRequest } from './images.js';
import type { Session } from './session.js';

/** Throws UserError `bad-size`. */
export function parseMemory(text: string | undefined): number | undefined {
  const bytes = parseBytes(text);
  if (text !== undefined && bytes === undefined)
    throw new UserError('bad-size', `"${text}" is no size: use 512m or 2g`);
  return bytes;
}

export async function bakeFile(session: Session, request: BuildRequest): Promise<string> {
  const { project } = await session.load(request.services);
  const selected = selectServices(project, request.services, request.dependencies);
  const built = Object.values(project.services).filter((one) => one.build && selected.has(one.name));
  const targets = built.map((service) => [service.name, targetOf(session, project, service, request)] as const);
  const file = { group: { default: { targets: built.map(({ name }) => name) } }, target: Object.fromEntries(targets) };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

function targetOf({ world }: Session, project: Project, service: Service, request: BuildRequest): object {
  const build = service.build!;
  const args = { ...build.args, ...request.args };
  const given = Object.entries(args).flatMap(([key, value]) => {
    const known = value ?? world.env[key];
    return known === undefined ? [] : [[key, known] as const];
  });
  return {
    context: build.context,
    ...(build.dockerfile_inline
      ? { 'dockerfile-inline': build.dockerfile_inline }
      : { dockerfile: dockerfilePath(build) }),
    ...(given.length ? { args: Object.fromEntries(given) } : {}),
    labels: {
      ...build.labels,
      [composeLabel.project]: project.name,
      [composeLabel.service]: service.name,
      [composeLabel.version]: world.version,
    },
    tags: [imageName(project, service), ...(build.tags ?? [])],
    ...(build.target ? { target: build.target } : {}),
    ...(build.platforms ? { platforms: build.platforms } : {}),
    ...(build.cache_from ? { 'cache-from': build.cache_from } : {}),
    ...(build.network ? { network: build.network } : {}),
    ...(request.noCache || build.no_cache ? { 'no-cache': true } : {}),
    ...(request.pull || build.pull ? { pull: true } : {}),
    output: ['type=docker'],
  };
}
