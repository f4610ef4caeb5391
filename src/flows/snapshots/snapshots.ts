/** `snapshot ls|restore|rm`, and `up --from-snapshot`. */
import { volumeRequest } from '../../apply/request/project.js';
import type { EngineClient } from '../../engine/client.js';
import { createVolume } from '../../engine/volumes.js';
import { UserError } from '../../errors.js';
import type { Project } from '../../model/project.js';
import { observeByName } from '../../observe/observe.js';
import { hashVolume } from '../../plan/hash.js';
import { planStart, planStop } from '../../plan/lifecycle.js';
import { defaultUpOptions } from '../../plan/options.js';
import { runPlan } from '../run-plan.js';
import type { Session } from '../session.js';
import { bringUp } from '../up.js';
import { replaceTree } from './copy-tree.js';
import { layerImages, removeLayers } from './layers.js';
import { folderOf, seconds, servicesOf, usersOf, whatOf } from './save.js';
import { findSnapshot, forgetSnapshot, listSnapshots, type Snapshot, volumeFolder } from './store.js';

/** Volumes, and containers whose layers were kept, become what they were; services that run are stopped for it and started again. */
export async function restoreSnapshot(session: Session, name: string): Promise<void> {
  const { project, locate } = await session.load();
  const engine = await session.engine();
  const snapshot = await findSnapshot(session, project.name, name);
  const layers = await layerImages(engine, snapshot);
  await makeMissing(engine, session, project, snapshot);
  const observed = await observeByName(engine, project);
  const wanted = observed.volumes.filter(({ key }) => key !== undefined && snapshot.volumes.includes(key));
  const layered = observed.containers.filter((one) => !one.oneOff && layers.has(`${one.service}.${one.replica}`));
  const volumes = wanted.map((one) => one.name);
  const users = [...new Set([...usersOf(observed, volumes), ...layered])];
  const running = users.filter((one) => one.state === 'running' || one.state === 'paused');
  const began = performance.now();
  await runPlan(session, engine, { plan: planStop(project, running, undefined), project, observed, locate });
  try {
    for (const { key, name: volume } of wanted)
      await replaceTree(volumeFolder(session, snapshot, key!), await folderOf(engine, volume));
    if (layers.size > 0) await makeAnewFrom(session, project, layers);
  } finally {
    const after = await observeByName(engine, project);
    const stopped = after.containers.filter((one) => running.some(({ name: before }) => before === one.name));
    await runPlan(session, engine, { plan: planStart(project, stopped, false), project, observed: after, locate });
  }
  await session.terminal.status(`Restored ${snapshot.name}: ${whatOf(snapshot)} in ${seconds(began)}.\n`);
}

/** Containers as the config of now says them, upon what they had written then. Not started. */
async function makeAnewFrom(session: Session, project: Project, layers: ReadonlyMap<string, string>): Promise<void> {
  const kept = new Set([...layers.keys()].map((key) => key.replace(/\.\d+$/, '')));
  const services = [...kept].filter((name) => project.services[name]);
  if (services.length === 0) return;
  const plan = { ...defaultUpOptions, services, dependencies: false, recreate: 'force', start: false } as const;
  await bringUp(session, {
    plan,
    layers,
    dryRun: false,
    waitTimeoutMs: undefined,
    yes: false,
    quiet: true,
    locked: false,
  });
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

/**
 * Before `up`: volumes that are not there yet begin as the snapshot has them; those that are there stay as they are. Gives the
 * images that new containers begin from.
 */
export async function seedFrom(session: Session, name: string): Promise<ReadonlyMap<string, string>> {
  const { project } = await session.loadQuietly([]);
  const engine = await session.engine();
  const snapshot = await findSnapshot(session, project.name, name);
  const layers = await layerImages(engine, snapshot);
  const made = await makeMissing(engine, session, project, snapshot);
  for (const key of made)
    await replaceTree(volumeFolder(session, snapshot, key), await folderOf(engine, project.volumes[key]!.name));
  const kept = snapshot.volumes.filter((key) => !made.includes(key));
  if (kept.length > 0)
    await session.terminal.status(
      `${kept.join(', ')}: there already, and left as they are (devenv snapshot restore ${name} replaces them).\n`,
    );
  return layers;
}

export async function removeSnapshots(session: Session, names: readonly string[]): Promise<void> {
  const { project } = await session.loadQuietly([]);
  for (const name of names) {
    const snapshot = await findSnapshot(session, project.name, name);
    if (snapshot.project !== project.name && !name.includes('/'))
      throw new UserError('other-project', `Snapshot ${name} is of project ${snapshot.project}.`, [
        `devenv snapshot rm ${snapshot.project}/${name}`,
      ]);
    if (snapshot.layers) await removeLayers(await session.engine(), snapshot.layers);
    await forgetSnapshot(session, snapshot);
    await session.terminal.data(`${name}\n`);
  }
}

export interface SnapshotRow {
  readonly Name: string;
  readonly Project: string;
  readonly CreatedAt: string;
  readonly Volumes: string;
  /** Services whose containers' layers were kept. */
  readonly Layers: string;
}

export async function snapshotRows(session: Session, all: boolean): Promise<SnapshotRow[]> {
  const project = all ? undefined : (await session.loadQuietly([])).project.name;
  const found = await listSnapshots(session, project);
  return found.map(({ name: Name, project: Project, createdAt: CreatedAt, volumes, layers = [] }) => ({
    Name,
    Project,
    CreatedAt,
    Volumes: volumes.join(', '),
    Layers: servicesOf(layers).join(', '),
  }));
}
