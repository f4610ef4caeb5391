/** `cp`: files between this machine and a service's container, by the rules of `docker cp`. */
import { createReadStream, createWriteStream } from 'node:fs';
import { lchown, lstat, mkdir, readdir, readlink, realpath, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import type { EngineClient } from '../engine/client.js';
import { getArchive, putArchive } from '../engine/containers.js';
import { isStatus } from '../engine/errors.js';
import { UserError } from '../errors.js';
import { chooseContainers } from './containers.js';
import { writeStream } from './objects/images.js';
import type { Session } from './session.js';

export interface CopyRequest {
  readonly source: string;
  readonly target: string;
  readonly index: number | undefined;
  /** Also containers of `run`. */
  readonly oneOffs: boolean;
  /** Owners go along. */
  readonly archive: boolean;
  /** A link as source stands for what it points to. */
  readonly followLink: boolean;
}

interface Place {
  readonly service: string | undefined;
  readonly path: string;
}

/** `SERVICE:PATH`, or a path of this machine. */
export function parsePlace(text: string): Place {
  const match = /^([a-zA-Z0-9][\w.-]*):(.*)$/.exec(text);
  return match ? { service: match[1]!, path: match[2]! } : { service: undefined, path: text };
}

export async function copyFiles(session: Session, request: CopyRequest): Promise<void> {
  const from = parsePlace(request.source);
  const to = parsePlace(request.target);
  if (Boolean(from.service) === Boolean(to.service)) {
    throw new UserError('bad-copy', 'One of the two must be SERVICE:PATH, and the other a path of this machine.');
  }
  const { index, oneOffs } = request;
  const { engine, containers } = await containersFor(session, from.service ?? to.service!, index, oneOffs);
  if (from.service && to.path === '-')
    return writeStream(session, () => getArchive(engine, containers[0]!.id, from.path), undefined);
  if (to.service && from.path === '-') {
    const tar = await buffer(session.world.stdin); // each of several containers gets all of it
    await Promise.all(containers.map(({ id }) => putArchive(engine, id, to.path, tar)));
    return;
  }
  const local = path.resolve(session.world.cwd, from.service ? to.path : from.path);
  if (from.service) {
    const source = request.followLink ? await linkTarget(engine, containers[0]!.id, from.path) : from.path;
    await copyOut(engine, containers[0]!.id, source, {
      local,
      mustBeFolder: to.path.endsWith('/'),
      owners: request.archive,
    });
    return;
  }
  const source = request.followLink ? await realpath(local).catch(() => local) : local;
  const contents = from.path.endsWith('/.');
  for (const { id } of containers) {
    await copyIn(engine, id, {
      local: source,
      target: to.path,
      contents,
      owners: request.archive,
      name: path.basename(local),
    });
  }
}

/** What is copied in goes into every container of the service, as Compose does it. */
async function containersFor(session: Session, service: string, index: number | undefined, oneOffs: boolean) {
  const chosen = await chooseContainers(session, { services: [service], oneOffs });
  const containers = chosen.containers.filter((one) => index === undefined || one.replica === index);
  if (containers.length > 0) return { ...chosen, containers };
  const which = index === undefined ? '' : ` (container ${index})`;
  throw new UserError('no-container', `service "${service}" has no container${which}`, [
    `Make it: devenv up -d ${service}`,
  ]);
}

/** Into a folder that is there, or under the name that the path ends with. */
async function copyOut(
  engine: EngineClient,
  id: string,
  source: string,
  { local, mustBeFolder, owners }: { local: string; mustBeFolder: boolean; owners: boolean },
): Promise<void> {
  const response = await getArchive(engine, id, source);
  const isFolder = (await statOrUndefined(local))?.isDirectory() ?? false;
  if (mustBeFolder && !isFolder) throw new UserError('no-folder', `${local} is no folder.`);
  const extract = tar.extract();
  response.pipe(extract as unknown as NodeJS.WritableStream);
  const contents = source.endsWith('/.');
  for await (const entry of extract) {
    const [, ...below] = entry.header.name
      .replace(/^\.?\//, '')
      .split('/')
      .filter(Boolean);
    const inside = isFolder && !contents ? entry.header.name : below.join('/');
    const file = path.resolve(local, inside);
    if (file !== local && !file.startsWith(local.endsWith('/') ? local : `${local}/`)) {
      throw new UserError('bad-archive', `The container's archive holds a path outside of it: ${entry.header.name}`);
    }
    await writeEntry(entry as unknown as EntryStream, file, owners);
  }
}

interface EntryStream extends Readable {
  readonly header: tar.Header;
}

async function writeEntry(entry: EntryStream, file: string, owners: boolean): Promise<void> {
  const { type, mode, linkname } = entry.header;
  if (type === 'directory') await mkdir(file, { recursive: true });
  else {
    await mkdir(path.dirname(file), { recursive: true });
    if (type === 'symlink' && linkname) await symlink(linkname, file);
    else if (type === 'file') await pipeline(entry, createWriteStream(file, { mode: mode ?? 0o644 }));
  }
  if (owners) await lchown(file, entry.header.uid ?? 0, entry.header.gid ?? 0);
  entry.resume();
}

interface Incoming {
  readonly local: string;
  readonly target: string;
  readonly contents: boolean;
  readonly owners: boolean;
  /** What it is called where it gets no other name. */
  readonly name: string;
}

async function copyIn(engine: EngineClient, id: string, incoming: Incoming): Promise<void> {
  const { local, target, contents, owners } = incoming;
  const stats = await statOrUndefined(local);
  if (!stats) throw new UserError('no-file', `${local} does not exist.`);
  const isFolder = await isContainerFolder(engine, id, target);
  const name = isFolder ? incoming.name : path.basename(target);
  const pack = tar.pack();
  const root = contents && isFolder ? '' : name;
  writeLocal(pack, local, root, owners).then(
    () => pack.finalize(),
    (error) => pack.destroy(error as Error),
  );
  await putArchive(engine, id, isFolder ? target : path.posix.dirname(target), pack as unknown as Readable);
}

/** What the engine says of a path in its header (Engine API, ContainerArchiveInfo). */
async function containerStat(engine: EngineClient, id: string, target: string) {
  const response = await getArchive(engine, id, target);
  const header = response.headers['x-docker-container-path-stat'];
  response.destroy();
  const text = Buffer.from(String(header), 'base64').toString('utf8');
  return JSON.parse(text) as { mode: number; linkTarget?: string };
}

const linkTarget = async (engine: EngineClient, id: string, source: string): Promise<string> =>
  (await containerStat(engine, id, source)).linkTarget || source;

async function isContainerFolder(engine: EngineClient, id: string, target: string): Promise<boolean> {
  try {
    const { mode } = await containerStat(engine, id, target);
    return mode >= 2 ** 31; // Go's ModeDir
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}

/** Without `owners` all belongs to root, as `docker cp` has it. */
async function writeLocal(pack: tar.Pack, file: string, name: string, owners: boolean): Promise<void> {
  const stats = await lstat(file);
  const owner = owners ? { uid: stats.uid, gid: stats.gid } : { uid: 0, gid: 0 };
  const common = { mode: stats.mode & 0o7777, mtime: stats.mtime, ...owner };
  const add = (header: Partial<tar.Header> & { name: string }) =>
    new Promise<void>((resolve, reject) => {
      pack.entry(header, (error) => (error ? reject(error) : resolve()));
    });
  if (stats.isSymbolicLink()) return add({ name, type: 'symlink', linkname: await readlink(file), ...common });
  if (stats.isFile()) {
    const entry = pack.entry({ name, size: stats.size, ...common });
    if (stats.size === 0) {
      entry.end(undefined);
      return;
    }
    return pipeline(createReadStream(file, { end: stats.size - 1 }), entry as unknown as NodeJS.WritableStream);
  }
  if (!stats.isDirectory()) return; // a socket or a device has nothing to copy
  if (name) await add({ name: `${name}/`, type: 'directory', ...common });
  for (const leaf of (await readdir(file)).sort())
    await writeLocal(pack, path.join(file, leaf), name ? `${name}/${leaf}` : leaf, owners);
}

async function statOrUndefined(file: string) {
  try {
    return await stat(file);
  } catch {
    return undefined;
  }
}
