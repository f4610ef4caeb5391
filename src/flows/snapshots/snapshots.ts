/** `snapshot save|ls|restore|rm`, and `up --from-snapshot`. */
import { volumeRequest } from '../../apply/request/project.js';
import type { EngineClient } from '../../engine/client.js';
import { createVolume, inspectVolume } from '../../engine/volumes.js';
import { UserError } from '../../errors.js';
import type { Observed, ObservedContainer } from '../../model/observed.js';
import type { Project } from '../../model/project.js';
import { observeByName } from '../../observe/observe.js';
import { hashVolume } from '../../plan/hash.js';
import { planStart, planStop } from '../../plan/lifecycle.js';
import { runPlan } from '../run-plan.js';
import type { Session } from '../session.js';
import { copyTree, reachable, replaceTree } from './copy-tree.js';
import { whileQuiet } from './quiet.js';
import { findSnapshot, forgetSnapshot, keepSnapshot, listSnapshots, type Snapshot, volumeFolder } from './store.js';

export async function saveSnapshot(session: Session, name: string): Promise<void> {
  if (!/^[a-zA-Z0-9][\w.-]*$/.test(name))
    throw new UserError('bad-name', `"${name}" is no name: letters, digits, . _ -`);
  const { project } = await session.load();
  const engine = await session.engine();
  const known = await listSnapshots(session, project.name);
  if (known.some((one) => one.name === name))
    throw new UserError('name-taken', `There is a snapshot "${name}" already.`, [`devenv snapshot rm ${name}`]);
  const observed = await observeByName(engine, project);
  const volumes = observed.volumes.flatMap(({ key, name: volume }) => (key === undefined ? [] : [{ key, volume }]));
  if (volumes.length === 0)
    throw new UserError('no-volumes', 'The project has no volume yet: there is nothing to keep.', ['devenv up']);
  const images = Object.fromEntries(observed.containers.map((one) => [one.service, one.image]));
  const snapshot: Snapshot = {
    name,
    project: project.name,
    createdAt: new Date().toISOString(),
    volumes: volumes.map(({ key }) => key).sort(),
    images,
  };
  const began = performance.now();
  await keepSnapshot(session, snapshot, (folder) =>
    whileQuiet(
      session,
      project,
      usersOf(
        observed,
        volumes.map(({ volume }) => volume),
      ),
      async () => {
        for (const { key, volume } of volumes) await copyTree(await folderOf(engine, volume), `${folder}/${key}`);
      },
    ),
  );
  await session.terminal.status(`Snapshot ${name}: ${snapshot.volumes.join(', ')} in ${seconds(began)}.\n`);
}

const seconds = (began: number) => `${((performance.now() - began) / 1000).toFixed(1)} s`;

function usersOf(observed: Observed, volumes: readonly string[]): ObservedContainer[] {
  return observed.containers.filter((one) =>
    one.mounts.some(({ name }) => name !== undefined && volumes.includes(name)),
  );
}

async function folderOf(engine: EngineClient, volume: string): Promise<string> {
  return reachable(volume, (await inspectVolume(engine, volume)).Mountpoint);
}

/** Volumes become what they were; services that use them are stopped for it and started again. */
export async function restoreSnapshot(session: Session, name: string): Promise<void> {
  const { project, locate } = await session.load();
  const engine = await session.engine();
  const snapshot = await findSnapshot(session, project.name, name);
  await makeMissing(engine, session, project, snapshot);
  const observed = await observeByName(engine, project);
  const wanted = observed.volumes.filter(({ key }) => key !== undefined && snapshot.volumes.includes(key));
  const users = usersOf(
    observed,
    wanted.map((one) => one.name),
  );
  const running = users.filter((one) => one.state === 'running' || one.state === 'paused');
  const began = performance.now();
  await runPlan(session, engine, { plan: planStop(project, running, undefined), project, observed, locate });
  try {
    for (const { key, name: volume } of wanted)
      await replaceTree(volumeFolder(session, snapshot, key!), await folderOf(engine, volume));
  } finally {
    const after = await observeByName(engine, project);
    const stopped = after.containers.filter((one) => running.some(({ id }) => id === one.id));
    await runPlan(session, engine, { plan: planStart(project, stopped, false), project, observed: after, locate });
  }
  await session.terminal.status(
    `Restored ${snapshot.name}: ${wanted.map((one) => one.key).join(', ')} in ${seconds(began)}.\n`,
  );
}

/** Volumes of the snapshot that the project names and the engine lacks. Gives their keys. */
async function makeMissing(
  engine: EngineClient,
  session: Session,
  project: Project,
  snapshot: Snapshot,
): Promise<string[]> {
  const { volumes } = await observeByName(engine, project);
  const unknown = snapshot.volumes.filter((key) => !project.volumes[key]);
  if (unknown.length > 0)
    throw new UserError(
      'other-volumes',
      `The snapshot has the volume ${unknown.join(', ')}, which this project does not name.`,
    );
  const missing = snapshot.volumes.filter(
    (key) => !volumes.some((one) => one.key === key) && !project.volumes[key]!.external,
  );
  for (const key of missing)
    await createVolume(engine, volumeRequest(project, key, hashVolume(project.volumes[key]!), session.world.version));
  return missing;
}

/** Before `up`: volumes that are not there yet begin as the snapshot has them; those that are there stay as they are. */
export async function seedVolumes(session: Session, name: string): Promise<void> {
  const { project } = await session.loadQuietly([]);
  const engine = await session.engine();
  const snapshot = await findSnapshot(session, project.name, name);
  const made = await makeMissing(engine, session, project, snapshot);
  for (const key of made)
    await replaceTree(volumeFolder(session, snapshot, key), await folderOf(engine, project.volumes[key]!.name));
  const kept = snapshot.volumes.filter((key) => !made.includes(key));
  if (kept.length > 0)
    await session.terminal.status(
      `${kept.join(', ')}: there already, and left as they are (devenv snapshot restore ${name} replaces them).\n`,
    );
}

export async function removeSnapshots(session: Session, names: readonly string[]): Promise<void> {
  const { project } = await session.loadQuietly([]);
  for (const name of names) {
    const snapshot = await findSnapshot(session, project.name, name);
    if (snapshot.project !== project.name && !name.includes('/'))
      throw new UserError('other-project', `Snapshot ${name} is of project ${snapshot.project}.`, [
        `devenv snapshot rm ${snapshot.project}/${name}`,
      ]);
    await forgetSnapshot(session, snapshot);
    await session.terminal.data(`${name}\n`);
  }
}

export interface SnapshotRow {
  readonly Name: string;
  readonly Project: string;
  readonly CreatedAt: string;
  readonly Volumes: string;
}

export async function snapshotRows(session: Session, all: boolean): Promise<SnapshotRow[]> {
  const project = all ? undefined : (await session.loadQuietly([])).project.name;
  const found = await listSnapshots(session, project);
  return found.map(({ name: Name, project: Project, createdAt: CreatedAt, volumes }) => ({
    Name,
    Project,
    CreatedAt,
    Volumes: volumes.join(', '),
  }));
}
