import { imageName, isProduction } from '../model/names.js';
import type { Observed } from '../model/observed.js';
import type { Project, Service } from '../model/project.js';
import type { Draft } from './draft.js';
import type { UpOptions } from './options.js';

type ImageOptions = Pick<UpOptions, 'build' | 'pull' | 'builtOn'>;

/**
 * Gets the images that the services need: built where the service says how (when missing, or with `--build`), pulled
 * otherwise as `pull_policy` or `--pull` says. An image that several services name is got once. In production an image that
 * has a name is pulled, even where the service also says how it is built, unless `--build`.
 * Gives image name → number of the step that brings it.
 */
export function planImages(
  draft: Draft,
  project: Project,
  observed: Observed,
  services: readonly Service[],
  options: ImageOptions,
): Map<string, number> {
  const steps = new Map<string, number>();
  const isBuilt = ({ build, image, pull_policy }: Service) =>
    build !== undefined &&
    (image === undefined || !isProduction(project) || options.build === 'always' || pull_policy === 'build');
  const builders = services.filter(isBuilt);
  for (const service of [...inBuildOrder(project, builders, options), ...services.filter((one) => !isBuilt(one))]) {
    const image = imageName(project, service);
    if (steps.has(image)) continue;
    const isHere = observed.images[image] !== undefined;
    const why = isBuilt(service) ? reasonToBuild(service, isHere, options) : reasonToPull(service, isHere, options);
    if (why === undefined) continue;
    const verb = isBuilt(service) ? 'image.build' : 'image.pull';
    const after = buildsBefore(project, service, options).flatMap((name) => steps.get(name) ?? []);
    steps.set(image, draft.add({ do: verb, service: service.name, image }, why, after));
  }
  return steps;
}

/** Images of services that this one's build takes files from (`additional_contexts: {x: service:NAME}`) or stands on. */
function buildsBefore(project: Project, { name, build }: Service, { builtOn }: ImageOptions): string[] {
  const contexts = (build?.additional_contexts ?? {}) as Readonly<Record<string, string>>;
  const named = Object.values(contexts).flatMap((value) => {
    const other = value.startsWith('service:') ? project.services[value.slice('service:'.length)] : undefined;
    return other ? [imageName(project, other)] : [];
  });
  return [...named, ...(builtOn?.[name] ?? [])];
}

/** With them those that they stand on, even where nobody asked for these. */
function inBuildOrder(project: Project, services: readonly Service[], options: ImageOptions): Service[] {
  const builders = Object.values(project.services).filter(({ build }) => build !== undefined);
  const ordered: Service[] = [];
  const visit = (service: Service, above: readonly Service[]) => {
    if (ordered.includes(service) || above.includes(service)) return;
    const needed = new Set(buildsBefore(project, service, options));
    for (const other of builders) if (needed.has(imageName(project, other))) visit(other, [...above, service]);
    ordered.push(service);
  };
  for (const service of services) visit(service, []);
  return ordered;
}

/** Undefined: what is here does. */
function reasonToBuild(service: Service, here: boolean, options: ImageOptions): string | undefined {
  if (options.build === 'never') return undefined;
  if (options.build === 'always') return 'asked for by --build';
  if (service.pull_policy === 'build') return 'pull_policy: build';
  return here ? undefined : 'not built yet';
}

/** Undefined: what is here does. */
function reasonToPull(service: Service, here: boolean, options: ImageOptions): string | undefined {
  const policy = options.pull ?? service.pull_policy ?? 'missing';
  if (policy === 'always') return options.pull ? 'asked for by --pull always' : 'pull_policy: always';
  if (policy === 'never' || here) return undefined;
  return 'not here yet';
}
