/** `up --locked`: images are what the lock file says, or nothing is done. */
import path from 'node:path';
import { registryAuth } from '../../apply/registry-auth.js';
import type { EngineClient } from '../../engine/client.js';
import { inspectImage, pullImage, tagImage } from '../../engine/images.js';
import { UserError } from '../../errors.js';
import type { LoadedProject, Project } from '../../model/project.js';
import { lockDrift } from '../../parity/drift.js';
import type { LockedImage, LockedService, LockFile } from '../../parity/lock-file.js';
import type { Session } from '../session.js';
import { defaultEnvironment, lockFileOf, readLockFile } from './lock.js';
import { wantedImages } from './wanted.js';

/**
 * Makes every image that the project names be the locked one, by pulling it by digest where the engine has another. Gives
 * false where there is no lock file and nobody asked for one. `builds`: what can be built is, whatever image it names.
 * Throws UserError `lock-drift` with everything that is not as locked.
 */
export async function holdToLock(
  session: Session,
  engine: EngineClient,
  { project }: LoadedProject,
  { asked, builds }: { readonly asked: boolean; readonly builds: boolean },
): Promise<boolean> {
  const file = lockFileOf(project);
  const lock = await readLockFile(file);
  if (!lock) {
    if (!asked) return false;
    throw new UserError('no-lock', `There is no ${path.basename(file)} to hold to.`, ['devenv lock writes it.']);
  }
  const environment = project.environmentName ?? defaultEnvironment;
  const wanted = await wantedImages(project);
  const drift = lockDrift(withoutDisabled(lock, environment, project), environment, wanted);
  if (drift.length > 0) throw drifted(path.basename(file), drift);
  const pulled = ({ image, bases }: LockedService) =>
    image !== undefined && !(builds && bases) && lock.images[image] ? [image] : (bases ?? []);
  const names = new Set(Object.values(wanted).flatMap(pulled));
  const moved = await Promise.all([...names].map((name) => bring(session, engine, name, lock.images[name]!)));
  const failed = moved.filter((text): text is string => text !== undefined);
  if (failed.length > 0) throw drifted(path.basename(file), failed);
  return true;
}

/** What is locked of services whose profiles are off is no drift. */
function withoutDisabled(lock: LockFile, environment: string, { disabledServices }: Project): LockFile {
  const locked = Object.entries(lock.environments[environment] ?? {});
  const enabled = Object.fromEntries(locked.filter(([name]) => !disabledServices.includes(name)));
  return locked.length === 0 ? lock : { ...lock, environments: { ...lock.environments, [environment]: enabled } };
}

function drifted(file: string, drift: readonly string[]): UserError {
  return new UserError(
    'lock-drift',
    ['The project is not what was locked:', ...drift.map((text) => `  ${text}`)].join('\n'),
    [`devenv lock renews ${file}; --no-locked goes on without it.`],
  );
}

/** Undefined when it is there now; otherwise why it cannot be. */
async function bring(
  session: Session,
  engine: EngineClient,
  name: string,
  { digest, local }: LockedImage,
): Promise<string | undefined> {
  const there = await inspectImage(engine, name);
  if (there && (there.Id === digest || there.RepoDigests?.some((one) => one.endsWith(`@${digest}`)))) return undefined;
  if (local) {
    return there
      ? `${name} was made on this machine and is ${there.Id.slice(0, 19)} now, not ${digest.slice(0, 19)}`
      : `${name} was made on this machine, and is not there any more`;
  }
  const pinned = `${name.replace(/:[^:/]+$/, '')}@${digest}`;
  await session.terminal.status(`Pulling ${name} as locked (${digest.slice(0, 19)})\n`);
  const auth = await registryAuth(name, session.world.env);
  for await (const { error } of pullImage(engine, pinned, auth ? { auth } : {}))
    if (error !== undefined) return `${name}: ${digest.slice(0, 19)} could not be pulled: ${error}`;
  await tagImage(engine, pinned, name);
  return undefined;
}
