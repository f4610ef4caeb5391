/** Images by the digests that their tags have at their registries just now. */
import { registryAuth } from '../apply/registry-auth.js';
import { EngineAnswerError } from '../engine/errors.js';
import { distributionDigest } from '../engine/images.js';
import { UserError } from '../errors.js';
import type { Project, Service } from '../model/project.js';
import type { Session } from './session.js';

/** The project with `image: host/name:tag@digest`. Throws UserError `no-digest` for what its registry does not have. */
export async function pinnedImages(session: Session, project: Project): Promise<Project> {
  const pinned = await Promise.all(
    Object.values(project.services).map(async (service): Promise<[string, Service]> => {
      const { image } = service;
      if (!image || image.includes('@')) return [service.name, service];
      return [service.name, { ...service, image: await withDigest(session, fullName(image)) }];
    }),
  );
  return { ...project, services: Object.fromEntries(pinned) };
}

/** `nginx` -> `docker.io/library/nginx:latest` (distribution reference, "familiar names"). */
export function fullName(image: string): string {
  const [first, ...rest] = image.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first!) || first === 'localhost');
  const path = hasHost ? image : `docker.io/${rest.length === 0 ? 'library/' : ''}${image}`;
  return path.lastIndexOf(':') > path.lastIndexOf('/') ? path : `${path}:latest`;
}

async function withDigest(session: Session, image: string): Promise<string> {
  try {
    const auth = await registryAuth(image, session.world.env);
    return `${image}@${await distributionDigest(await session.engine(), image, auth)}`;
  } catch (error) {
    if (!(error instanceof EngineAnswerError)) throw error;
    throw new UserError('no-digest', `failed to resolve digest for ${image}: ${error.message}`, [
      'The image has to be in a registry that can be reached: push it, or leave this flag out.',
    ]);
  }
}
