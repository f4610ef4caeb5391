/** `docker cp`, `export` and `diff`: files of a container, running or not, as tar archives. */
import { posix } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import { EngineError } from '../errors.js';
import { decompress } from '../images/decompress.js';
import { LaunchError, type TarRoot } from '../launch/types.js';
import type { DiffEntry } from '../snapshots/types.js';
import { lookUpIdentity } from './accounts.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';
import { readAccountFiles } from './root-files.js';
import { volumeData } from './volumes.js';
import { writableRoot } from './writable-root.js';

/** What a client is told of a path; `mode` is in the bits of Go's `os.FileMode`, as Docker sends it. */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  readonly mode: number;
  readonly mtime: string;
  readonly linkTarget: string;
}

const goModeBits = { directory: 2 ** 31, symlink: 2 ** 27, fifo: 2 ** 25, device: 2 ** 26, characterDevice: 2 ** 21 };
const goSetBits = { setuid: 2 ** 23, setgid: 2 ** 22, sticky: 2 ** 20 };

/** The file system as the container's process sees it, or would see it. */
async function tarRootOf(engine: Engine, container: Container): Promise<TarRoot> {
  if (container.isRunning && container.monitor) return { kind: 'process', pid: container.monitor.pid };
  const root = await writableRoot(engine, container);
  const binds = container.record.mounts
    .filter((mount) => mount.Type === 'bind' || mount.Type === 'volume')
    .map((mount) => ({
      source: mount.Type === 'volume' ? volumeData(engine, mount.Name!) : mount.Source,
      target: mount.Destination,
    }));
  return { kind: 'overlay', lower: root.lower, upper: root.upper, work: root.work, mountpoint: root.mountpoint, binds };
}

/** A trailing slash or `/.` asks for what a link points at. */
const follows = (path: string) => /\/\.?$/.test(path);

/** `/d/.` is about what is in the folder, and named so. */
function entryName(path: string): string {
  if (/(^|\/)\.$/.test(path) || posix.join('/', path) === '/') return '.';
  const clean = posix.join('/', path);
  return posix.basename(clean) || '/';
}

function missing(reference: string, path: string, cause: unknown): unknown {
  // Of a running container it is its process' root: that went.
  if (cause instanceof LaunchError && cause.operation === 'tar.root' && ['ENOENT', 'ESRCH'].includes(cause.errno))
    return new EngineError('conflict', `container ${reference} ended before its files were reached; try again`, {
      cause,
    });
  if (!(cause instanceof LaunchError) || !['ENOENT', 'ENOTDIR'].includes(cause.errno)) return cause;
  return new EngineError('not-found', `Could not find the file ${path} in container ${reference}`, { cause });
}

/** Packs lazily and fails before the first byte when the path is not there. */
async function pack(
  engine: Engine,
  container: Container,
  path: string,
  reference: string,
): Promise<{ stat: PathStat; tar: Readable }> {
  const root = await tarRootOf(engine, container);
  const name = entryName(path);
  const target = posix.join('/', path);
  const source = engine.foundations.launcher.pack({
    root,
    path: target,
    mode: 'plain',
    rename: name,
    followTop: follows(path),
  });
  const copy = new PassThrough({ highWaterMark: 1 << 20 });
  // Whoever reads it hears of a failure by `first` or by its own listener.
  copy.on('error', () => undefined);
  const parse = extract();
  const first = new Promise<Header>((resolve, reject) => {
    parse.once('entry', (header) => resolve(header));
    parse.on('error', reject);
    source.on('error', (error) => {
      reject(missing(reference, path, error));
      copy.destroy(error);
    });
  });
  let known = false;
  source.on('data', (chunk: Buffer) => {
    if (!known) parse.write(chunk);
    if (!copy.write(chunk)) source.pause();
  });
  copy.on('drain', () => source.resume());
  copy.on('close', () => source.destroy());
  source.on('end', () => copy.end());
  const header = await first;
  known = true;
  if (follows(path) && header.type !== 'directory') {
    source.destroy();
    throw new EngineError('system', `lstat ${path}: not a directory`);
  }
  const stat = statOf(posix.join('/', path) === '/' && !path.endsWith('.') ? '/' : name, header);
  return { stat: { ...stat, linkTarget: absoluteLink(target, stat.linkTarget) }, tar: copy };
}

const absoluteLink = (path: string, link: string) => (link === '' ? '' : posix.resolve(posix.dirname(path), link));

function statOf(name: string, header: Header): PathStat {
  const bits = (header.mode ?? 0) & 0o777;
  const special =
    ((header.mode ?? 0) & 0o4000 ? goSetBits.setuid : 0) +
    ((header.mode ?? 0) & 0o2000 ? goSetBits.setgid : 0) +
    ((header.mode ?? 0) & 0o1000 ? goSetBits.sticky : 0);
  const kind =
    {
      directory: goModeBits.directory,
      symlink: goModeBits.symlink,
      fifo: goModeBits.fifo,
      'block-device': goModeBits.device,
      'character-device': goModeBits.device + goModeBits.characterDevice,
    }[String(header.type)] ?? 0;
  return {
    name,
    size: header.size ?? 0,
    mode: bits + special + kind,
    mtime: (header.mtime ?? new Date(0)).toISOString(),
    linkTarget: header.type === 'symlink' ? (header.linkname ?? '') : '',
  };
}

/** Throws `not-found` for a path that is not there; `reference` is what the client called the container. */
export async function statPath(
  engine: Engine,
  container: Container,
  path: string,
  reference: string,
): Promise<PathStat> {
  const { stat, tar } = await pack(engine, container, path, reference);
  tar.destroy();
  return stat;
}

/** The path as an archive whose top entry carries its name. */
export function getArchive(engine: Engine, container: Container, path: string, reference: string) {
  return pack(engine, container, path, reference);
}

function refuseReadOnly(container: Container, path: string): void {
  const clean = posix.join('/', path);
  const { mounts, hostConfig } = container.record;
  const covering = mounts
    .filter((mount) => clean === mount.Destination || clean.startsWith(`${mount.Destination}/`))
    .sort((a, b) => b.Destination.length - a.Destination.length)[0];
  if (covering && !covering.RW) throw new EngineError('invalid', 'mounted volume is marked read-only');
  if (!covering && hostConfig.ReadonlyRootfs) throw new EngineError('invalid', 'container rootfs is marked read-only');
}

export interface PutOptions {
  readonly path: string;
  /** What the client called the container. */
  readonly reference: string;
  readonly noOverwriteDirNonDir: boolean;
  /** Files get the container's user instead of the archive's owners. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

/** Who its process runs as; undefined where nobody was named. Throws `invalid` for a user that its files do not know. */
export async function containerOwner(
  engine: Engine,
  { record }: Container,
): Promise<{ uid: number; gid: number } | undefined> {
  const { User = '' } = record.config;
  if (User === '') return undefined;
  const root = engine.foundations.snapshots.get(record.id, record.chainId);
  const { uid, gid } = lookUpIdentity(await readAccountFiles(root, record.mounts), User, []);
  return { uid, gid };
}

/** Unpacks an archive below a folder of the container. Throws `not-found`, `invalid` (no folder, read-only). The archive may be compressed. */
export async function putArchive(
  engine: Engine,
  container: Container,
  options: PutOptions,
  tar: Readable,
): Promise<void> {
  refuseReadOnly(container, options.path);
  const root = await tarRootOf(engine, container);
  const { path, noOverwriteDirNonDir, owner } = options;
  try {
    await engine.foundations.launcher.unpack(
      { root, path: posix.join('/', path), mode: 'plain', noOverwriteDirNonDir, owner },
      await decompress(tar),
    );
  } catch (cause) {
    if (cause instanceof LaunchError && cause.operation === 'tar.path' && cause.errno === 'ENOTDIR')
      throw new EngineError('invalid', 'extraction point is not a directory', { cause });
    if (cause instanceof LaunchError && cause.operation === 'tar.overwrite')
      throw new EngineError(
        'system',
        cause.errno === 'ENOTDIR'
          ? `cannot overwrite non-directory ${JSON.stringify(cause.subject)} with directory ${JSON.stringify(path)}`
          : `cannot overwrite directory ${JSON.stringify(cause.subject)} with non-directory ${JSON.stringify(path)}`,
        { cause },
      );
    if (cause instanceof LaunchError && ['tar.path', 'tar.root'].includes(cause.operation))
      throw missing(options.reference, path, cause);
    if (cause instanceof LaunchError && cause.operation === 'tar.escape')
      throw new EngineError('system', `invalid entry name ${JSON.stringify(cause.subject)}`, { cause });
    if (cause instanceof LaunchError && cause.operation === 'tar.archive')
      throw new EngineError('system', 'unexpected EOF', { cause });
    throw cause;
  }
}

/** The whole file system without what is mounted in it, as `docker export` gives it; a view beside that of the running process. */
export async function exportContainer(engine: Engine, container: Container): Promise<Readable> {
  const { lower, upper, work, mountpoint } = await writableRoot(engine, container);
  return engine.foundations.launcher.pack({
    root: { kind: 'overlay', lower, upper, work, mountpoint, binds: [] },
    path: '/',
    mode: 'plain',
  });
}

/** Mount points that the engine's own files need where an image lacks them. */
const ENGINE_FILES = new Set(['/etc/hostname', '/etc/hosts', '/etc/resolv.conf']);

/** What the container changed of its image. */
export async function containerChanges(engine: Engine, container: Container): Promise<DiffEntry[]> {
  const { id, chainId } = container.record;
  await writableRoot(engine, container);
  const changes = await engine.foundations.snapshots.changes(id, chainId);
  return changes.filter(({ path, change }) => change !== 'added' || !ENGINE_FILES.has(path));
}
