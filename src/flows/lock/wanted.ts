/** Which images an environment's services are made of. */
import { isProduction } from '../../model/names.js';
import type { Build, Project } from '../../model/project.js';
import { baseImages } from '../../parity/bases.js';
import type { LockedService } from '../../parity/lock-file.js';
import { dockerfileText } from '../dockerfile.js';
import { fullName } from '../pinned-images.js';

/**
 * Service → its image by its full name, or what its build stands on; both where production has the image and it can be built
 * as well. What is built elsewhere (a git context) stands on nothing that is known.
 */
export async function wantedImages(project: Project): Promise<Record<string, LockedService>> {
  const services = await Promise.all(
    Object.values(project.services).map(async (service): Promise<[string, LockedService]> => {
      const image = service.image ? { image: withoutDigest(service.image) } : {};
      if (!service.build) return [service.name, image];
      const bases = await basesOf(service.build);
      return [service.name, { ...(isProduction(project) ? image : {}), bases }];
    }),
  );
  return Object.fromEntries(services.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** As a lock file names it: `docker.io/library/postgres:15`. */
function withoutDigest(image: string): string {
  return fullName(image.replace(/@sha256:[0-9a-f]+$/, ''));
}

async function basesOf(build: Build): Promise<string[]> {
  const text = await dockerfileText(build);
  if (text === undefined) return [];
  const contexts = new Set(Object.keys((build.additional_contexts as object | undefined) ?? {}));
  return baseImages(text, build.args ?? {}, build.target, contexts)
    .map(withoutDigest)
    .sort();
}
