/** `snapshot save`. */
import type { EngineClient } from '../../engine/client.js';
import { inspectVolume } from '../../engine/volumes.js';
import { UserError } from '../../errors.js';
import type { Observed, ObservedContainer } from '../../model/observed.js';
import { observeByName } from '../../observe/observe.js';
import type { Session } from '../session.js';
import { copyTree, reachable } from './copy-tree.js';
import { keepLayers } from './layers.js';
import { whileQuiet } from './quiet.js';
import { type KeptLayer, keepSnapshot, listSnapshots, type Snapshot } from './store.js';

/** `withLayers`: what containers wrote beside their volumes, too. Throws UserError `bad-name`, `name-taken`, `no-volumes`. */
export async function saveSnapshot(session: Session, name: string, withLayers: boolean): Promise<void> {
  const { project } = await session.load();
  await checkName(session, project.name, name);
  const engine = await session.engine();
  const observed = await observeByName(engine, project);
  const volumes = observed.volumes.flatMap(({ key, name: volume }) => (key === undefined ? [] : [{ key, volume }]));
  const layered = withLayers ? observed.containers.filter((one) => !one.oneOff) : [];
  if (volumes.length + layered.length === 0) throw nothingToKeep(withLayers);
  const snapshot: Snapshot = {
    name,
    project: project.name,
    createdAt: new Date().toISOString(),
    volumes: volumes.map(({ key }) => key).sort(),
    images: Object.fromEntries(observed.containers.map((one) => [one.service, one.image])),
  };
  const names = volumes.map(({ volume }) => volume);
  const users = [...new Set([...usersOf(observed, names), ...layered])];
  const began = performance.now();
  const kept = await keepSnapshot(session, snapshot, (folder) =>
    whileQuiet(session, project, users, async () => {
      for (const { key, volume } of volumes) await copyTree(await folderOf(engine, volume), `${folder}/${key}`);
      return keepLayers(engine, project, name, layered);
    }),
  );
  for (const text of unnamedVolumes(observed, names)) await session.terminal.status(`warning: ${text}\n`);
  await session.terminal.status(`Snapshot ${name}: ${whatOf(kept)} in ${seconds(began)}.\n`);
}

/** What no snapshot has: volumes that an image or a service asks for without a name are another container's next time. */
function unnamedVolumes({ containers }: Observed, named: readonly string[]): string[] {
  return containers
    .filter((one) => !one.oneOff)
    .flatMap(({ service, mounts }) =>
      mounts
        .filter(({ type, name }) => type === 'volume' && name !== undefined && !named.includes(name))
        .map(({ target }) => `${service}: ${target} is a volume without a name in the config, and is not kept`),
    );
}

async function checkName(session: Session, project: string, name: string): Promise<void> {
  if (!/^[a-zA-Z0-9][\w.-]*$/.test(name))
    throw new UserError('bad-name', `"${name}" is no name: letters, digits, . _ -`);
  const known = await listSnapshots(session, project);
  if (known.some((one) => one.name === name))
    throw new UserError('name-taken', `There is a snapshot "${name}" already.`, [`devenv snapshot rm ${name}`]);
}

function nothingToKeep(withLayers: boolean): UserError {
  return new UserError('no-volumes', 'The project has no volume yet: there is nothing to keep.', [
    'devenv up',
    ...(withLayers ? [] : ['--layers keeps what containers wrote elsewhere.']),
  ]);
}

/** `data; layers of api, db`. */
export function whatOf({ volumes, layers = [] }: Snapshot): string {
  const parts = [volumes.join(', '), layers.length > 0 ? `layers of ${servicesOf(layers).join(', ')}` : ''];
  return parts.filter(Boolean).join('; ');
}

export const servicesOf = (layers: readonly KeptLayer[]): string[] => [
  ...new Set(layers.map(({ service }) => service)),
];

export const seconds = (began: number): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;

export function usersOf(observed: Observed, volumes: readonly string[]): ObservedContainer[] {
  return observed.containers.filter((one) =>
    one.mounts.some(({ name }) => name !== undefined && volumes.includes(name)),
  );
}

export async function folderOf(engine: EngineClient, volume: string): Promise<string> {
  return reachable(volume, (await inspectVolume(engine, volume)).Mountpoint);
}
