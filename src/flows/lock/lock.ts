/** `lock`: what every environment is made of, by digest, in a file of the repo. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { environmentNames } from '../../config/environment-names.js';
import { UserError } from '../../errors.js';
import type { LoadedProject, Project } from '../../model/project.js';
import { lockDrift } from '../../parity/drift.js';
import {
  type LockedImage,
  type LockedService,
  type LockFile,
  lockFileName,
  parseLockFile,
  renderLockFile,
  tidyLockFile,
} from '../../parity/lock-file.js';
import { Session } from '../session.js';
import { resolveImage } from './resolve.js';
import { wantedImages } from './wanted.js';

export interface LockWish {
  /** Digests of these services anew; empty with `update`: of all. */
  readonly services: readonly string[];
  readonly update: boolean;
  /** Only say whether the file is whole. */
  readonly check: boolean;
  /** `linux/arm64`; empty: all that each image has. */
  readonly platforms: readonly string[];
}

/** What an environment is called in the lock file of a project that has none. */
export const defaultEnvironment = 'default';

/** Gives the exit code: 1 when `--check` found drift. */
export async function lock(session: Session, wish: LockWish): Promise<number> {
  const loaded = await session.load();
  const file = lockFileOf(loaded.project);
  const wanted = await wantedOfAll(session, loaded);
  const before = await readLockFile(file);
  if (wish.check) return check(session, file, wanted, before);
  const images = await resolveAll(session, wish, wanted, before);
  const lockFile = tidyLockFile({ images, environments: published(wanted, images) });
  const text = renderLockFile(lockFile);
  const old = await readFile(file, 'utf8').catch(() => '');
  await writeFile(file, text);
  await tell(session, file, before, lockFile, old === text);
  return 0;
}

/** Beside the main config file. */
export function lockFileOf(project: Project): string {
  const main = project.configFiles.find((one) => one !== '-');
  return path.join(main === undefined ? project.workingDir : path.dirname(main), lockFileName);
}

/** Undefined when there is none. Throws UserError `bad-lock`. */
export async function readLockFile(file: string): Promise<LockFile | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : parseLockFile(text, path.basename(file));
}

type Wanted = Record<string, Record<string, LockedService>>;

/** Also of services whose profiles are off: one day somebody switches them on. */
async function wantedOfAll(session: Session, loaded: LoadedProject): Promise<Wanted> {
  const names = environmentNames(loaded.project.configFiles);
  const wanted = async (environment: string | undefined) => {
    const wish = { ...session.options, ...(environment === undefined ? {} : { environment }), profiles: ['*'] };
    return wantedImages((await new Session(session.world, wish).loadQuietly([])).project);
  };
  if (names.length === 0) return { [defaultEnvironment]: await wanted(undefined) };
  const all: Wanted = {};
  for (const environment of names) all[environment] = await wanted(environment);
  return all;
}

function imagesOf(wanted: Wanted, services?: readonly string[]): Set<string> {
  const found = new Set<string>();
  for (const environment of Object.values(wanted)) {
    for (const [name, { image, bases = [] }] of Object.entries(environment)) {
      if (services && !services.includes(name)) continue;
      for (const one of image === undefined ? bases : [image, ...bases]) found.add(one);
    }
  }
  return found;
}

async function resolveAll(
  session: Session,
  { services, update, platforms }: LockWish,
  wanted: Wanted,
  before: LockFile | undefined,
): Promise<Record<string, LockedImage>> {
  const needed = imagesOf(
    mapServices(wanted, ({ bases, image }) => (bases ? { bases } : image === undefined ? {} : { image })),
  );
  const renewed = update ? imagesOf(wanted, services.length ? services : undefined) : new Set<string>();
  const images: Record<string, LockedImage> = {};
  await Promise.all(
    [...imagesOf(wanted)].map(async (name) => {
      const known = renewed.has(name) ? undefined : before?.images[name];
      const found = known ?? (await resolveOr(session, name, platforms, !needed.has(name)));
      if (found) images[name] = found;
    }),
  );
  return images;
}

/** Undefined, and said, for an image that can be built as well and that no registry has. */
async function resolveOr(
  session: Session,
  name: string,
  platforms: readonly string[],
  isBuilt: boolean,
): Promise<LockedImage | undefined> {
  try {
    return await resolveImage(session, name, platforms);
  } catch (error) {
    if (!isBuilt || !(error instanceof UserError && error.code === 'no-digest')) throw error;
    await session.terminal.status(`${name} is in no registry yet: what its build stands on is locked alone.\n`);
    return undefined;
  }
}

/** Without the images of builds that no registry has. */
function published(wanted: Wanted, images: Readonly<Record<string, LockedImage>>): Wanted {
  return mapServices(wanted, ({ image, bases }) => ({
    ...(image !== undefined && images[image] ? { image } : {}),
    ...(bases ? { bases } : {}),
  }));
}

function mapServices(wanted: Wanted, change: (service: LockedService) => LockedService): Wanted {
  const environments = Object.entries(wanted).map(([name, services]) => [
    name,
    Object.fromEntries(Object.entries(services).map(([service, one]) => [service, change(one)])),
  ]);
  return Object.fromEntries(environments);
}

async function check(session: Session, file: string, wanted: Wanted, before: LockFile | undefined): Promise<number> {
  if (!before) throw new UserError('no-lock', `There is no ${path.basename(file)}.`, ['devenv lock writes it.']);
  const environments = new Set([...Object.keys(wanted), ...Object.keys(before.environments)]);
  const drift = [...environments].flatMap((name) =>
    wanted[name]
      ? lockDrift(before, name, wanted[name]).map((text) => (environments.size > 1 ? `${name}: ${text}` : text))
      : [`environment ${name} is locked, and not in the project any more`],
  );
  for (const text of drift) await session.terminal.status(`${text}\n`);
  if (drift.length > 0) await session.terminal.status('devenv lock brings the file up to date.\n');
  else await session.terminal.status(`${path.basename(file)} is up to date.\n`);
  return drift.length > 0 ? 1 : 0;
}

async function tell(
  { terminal, world }: Session,
  file: string,
  before: LockFile | undefined,
  after: LockFile,
  same: boolean,
): Promise<void> {
  const short = ({ digest }: LockedImage) => digest.slice(0, 19);
  for (const [name, image] of Object.entries(after.images)) {
    const old = before?.images[name];
    if (old?.digest === image.digest) continue;
    await terminal.status(
      `${name} ${old ? `${short(old)} -> ` : ''}${short(image)}${image.local ? ' (made on this machine)' : ''}\n`,
    );
  }
  const written = `${path.relative(world.cwd, file)}: ${Object.keys(after.images).length} images`;
  await terminal.status(same ? `${written}, nothing changed.\n` : `${written}.\n`);
}
