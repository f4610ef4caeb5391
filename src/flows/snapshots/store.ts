/** Where snapshots lie: `$DEVENV_HOME/snapshots/PROJECT/NAME/`, a folder a volume beside `snapshot.json`. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { enginePaths } from '../../engine/paths.js';
import { UserError } from '../../errors.js';
import type { Session } from '../session.js';

/** What a snapshot says of itself: names and digests only, never a value of an environment. */
export interface Snapshot {
  readonly name: string;
  readonly project: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Keys of the config. */
  readonly volumes: readonly string[];
  /** Service → the image that it ran. */
  readonly images: Readonly<Record<string, string>>;
  /** Of its containers, where they were asked for. */
  readonly layers?: readonly KeptLayer[];
}

/** What a container's file system was, as an image of the engine. */
export interface KeptLayer {
  readonly service: string;
  readonly replica: number;
  readonly image: string;
}

const record = 'snapshot.json';

function root({ world }: Session): string {
  return path.join(enginePaths(world.env, world.uid).home, 'snapshots');
}

function snapshotFolder(session: Session, { project, name }: Pick<Snapshot, 'project' | 'name'>): string {
  return path.join(root(session), project, name);
}

export function volumeFolder(session: Session, snapshot: Snapshot, volume: string): string {
  return path.join(snapshotFolder(session, snapshot), 'volumes', volume);
}

/** Sorted by age; `project` undefined: of all projects. */
export async function listSnapshots(session: Session, project?: string): Promise<Snapshot[]> {
  const projects = project === undefined ? await entries(root(session)) : [project];
  const found: Snapshot[] = [];
  for (const one of projects) {
    for (const name of await entries(path.join(root(session), one))) {
      const text = await readFile(path.join(root(session), one, name, record), 'utf8').catch(() => undefined);
      if (text !== undefined) found.push(JSON.parse(text) as Snapshot);
    }
  }
  return found.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

/** `NAME` of this project, else of the only other one that has it; or `PROJECT/NAME`. Throws UserError `no-snapshot`. */
export async function findSnapshot(session: Session, project: string, wanted: string): Promise<Snapshot> {
  const all = await listSnapshots(session);
  const own = all.find((one) => one.name === wanted && one.project === project);
  const others = all.filter((one) => `${one.project}/${one.name}` === wanted || one.name === wanted);
  if (own) return own;
  if (others.length === 1) return others[0]!;
  const names = all.map((one) => (one.project === project ? one.name : `${one.project}/${one.name}`));
  const what =
    others.length > 1 ? `Several projects have a snapshot "${wanted}".` : `There is no snapshot "${wanted}".`;
  throw new UserError('no-snapshot', what, [
    names.length ? `Snapshots: ${names.join(', ')}.` : 'devenv snapshot save NAME makes one.',
  ]);
}

/** `fill` writes into the folder that it gets, and gives the layers; the snapshot is there when all of it is. Gives it whole. */
export async function keepSnapshot(
  session: Session,
  snapshot: Snapshot,
  fill: (folder: string) => Promise<readonly KeptLayer[]>,
): Promise<Snapshot> {
  const folder = snapshotFolder(session, snapshot);
  const partial = path.join(path.dirname(folder), `.${snapshot.name}.partial`);
  await rm(partial, { recursive: true, force: true });
  await mkdir(path.join(partial, 'volumes'), { recursive: true, mode: 0o700 });
  try {
    const layers = await fill(path.join(partial, 'volumes'));
    const whole: Snapshot = layers.length > 0 ? { ...snapshot, layers } : snapshot;
    await writeFile(path.join(partial, record), `${JSON.stringify(whole, null, 2)}\n`);
    await rename(partial, folder);
    return whole;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

export async function forgetSnapshot(session: Session, snapshot: Snapshot): Promise<void> {
  await rm(snapshotFolder(session, snapshot), { recursive: true, force: true });
}

async function entries(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => !name.startsWith('.'));
}
