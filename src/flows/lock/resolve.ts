/** A reference → the digest that its registry has for it now. */
import { registryAuth } from '../../apply/registry-auth.js';
import { EngineAnswerError } from '../../engine/errors.js';
import { inspectDistribution, inspectImage } from '../../engine/images.js';
import { UserError } from '../../errors.js';
import type { LockedImage } from '../../parity/lock-file.js';
import type { Session } from '../session.js';

/**
 * Where no registry answers, an image that was made on this machine is locked by its id. Throws UserError `no-digest` for what
 * neither a registry nor this machine has, and for platforms that the registry's image lacks.
 */
export async function resolveImage(session: Session, name: string, platforms: readonly string[]): Promise<LockedImage> {
  const engine = await session.engine();
  try {
    const auth = await registryAuth(name, session.world.env);
    const found = await inspectDistribution(engine, name, auth);
    const has = found.platforms.filter((one) => !one.startsWith('unknown'));
    const missing = has.length === 0 ? [] : platforms.filter((one) => !has.includes(one));
    if (missing.length > 0)
      throw new UserError('no-platform', `${name} has no image for ${missing.join(', ')} (it has ${has.join(', ')}).`);
    return { digest: found.digest, platforms: [...(platforms.length ? platforms : has)].sort() };
  } catch (error) {
    if (!(error instanceof EngineAnswerError)) throw error;
    const local = await inspectImage(engine, name);
    if (!local || hasRegistry(local.RepoDigests)) throw notResolved(name, error);
    return { digest: local.Id, platforms: [`${local.Os}/${local.Architecture}`], local: true };
  }
}

const hasRegistry = (digests: readonly string[] | null | undefined) => (digests ?? []).length > 0;

function notResolved(name: string, { message }: Error): UserError {
  return new UserError('no-digest', `The digest of ${name} could not be had: ${message}`, [
    'Its registry must be reachable to lock it; devenv login SERVER logs in.',
  ]);
}
