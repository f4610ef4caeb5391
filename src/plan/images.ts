import { imageName } from '../model/names.js';
import type { Observed } from '../model/observed.js';
import type { Project, Service } from '../model/project.js';
import type { Draft } from './draft.js';
import type { UpOptions } from './options.js';

type ImageOptions = Pick<UpOptions, 'build' | 'pull'>;

/**
 * Gets the images that the services need: built where the service says how (when missing, or with `--build`), pulled
 * otherwise as `pull_policy` or `--pull` says. An image that several services name is got once.
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
  const builders = services.filter((service) => service.build);
  for (const service of [...builders, ...services.filter((one) => !one.build)]) {
    const image = imageName(project, service);
    if (steps.has(image)) continue;
    const why = reasonToGet(service, observed.images[image] !== undefined, options);
    if (why === undefined) continue;
    const verb = service.build ? 'image.build' : 'image.pull';
    steps.set(image, draft.add({ do: verb, service: service.name, image }, why));
  }
  return steps;
}

/** Undefined: what is here does. */
function reasonToGet(service: Service, here: boolean, options: ImageOptions): string | undefined {
  const policy = options.pull ?? service.pull_policy ?? 'missing';
  if (service.build) {
    if (options.build === 'never') return undefined;
    if (options.build === 'always') return 'asked for by --build';
    if (service.pull_policy === 'build') return 'pull_policy: build';
    return here ? undefined : 'not built yet';
  }
  if (policy === 'always') return options.pull ? 'asked for by --pull always' : 'pull_policy: always';
  if (policy === 'never' || here) return undefined;
  return 'not here yet';
}
