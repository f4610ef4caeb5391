/**
 * Which way of keeping layers works on the data's file system: tried out once for each boot and file system, since kernels
 * and file systems say much and mean various things by it.
 */
import { constants, type Stats } from 'node:fs';
import { copyFile, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import { errnoSentence } from './sentences.js';
import type { SnapshotsOptions, StorageDriver } from './types.js';

interface Remembered extends StorageDriver {
  readonly boot: string;
  readonly device: number;
}

/** Failures that a kernel or a file system answers with where it has no overlays; others may be gone the next time. */
const REFUSALS = new Set(['EACCES', 'EINVAL', 'ENODEV', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EXDEV']);

/**
 * Unless one is wished: the one that the layers of `home` are in, else overlay where it works.
 * Throws `system` when overlay is wished, or is what the layers are in, where it does not work.
 */
export async function chooseDriver(options: SnapshotsOptions, boot: string): Promise<StorageDriver> {
  const { home, driver: wished } = options;
  const used = await usedDrivers(home);
  const found = await findDriver(options, boot, used);
  if (wished === found.name) return found;
  const sharesBlocks = found.sharesBlocks;
  if (wished === 'vfs') return { name: wished, sharesBlocks };
  const failed = `the storage driver overlay2 does not work in ${home}: ${found.because}`;
  if (wished === 'overlay2') throw new EngineError('system', failed);
  if (found.name === 'vfs' && used.includes('overlay2') && !used.includes('vfs'))
    throw new EngineError(
      'system',
      `${failed}. The images there are in its form; with the storage driver vfs the engine starts without them`,
    );
  if (found.name === 'overlay2' && used.length === 1 && used[0] === 'vfs') return { name: 'vfs', sharesBlocks };
  return found;
}

async function usedDrivers(home: string): Promise<StorageDriver['name'][]> {
  const hasLayers = (place: string) =>
    readdir(join(home, place, 'layers')).then(
      (names) => names.length > 0,
      () => false,
    );
  const [overlay, trees] = await Promise.all(['.', 'vfs'].map(hasLayers));
  return [...(overlay ? (['overlay2'] as const) : []), ...(trees ? (['vfs'] as const) : [])];
}

/** What is remembered counts unless the layers there say that overlay has worked. */
async function findDriver(
  options: SnapshotsOptions,
  boot: string,
  used: readonly StorageDriver['name'][],
): Promise<StorageDriver> {
  const file = join(options.home, 'driver.json');
  const { dev: device } = await stat(options.home);
  const known = await readFile(file, 'utf8')
    .then((text) => JSON.parse(text) as Remembered)
    .catch(() => undefined);
  const isKnown = known && boot !== '' && known.boot === boot && known.device === device;
  if (isKnown && (known.name === 'overlay2' || !used.includes('overlay2'))) return driverOf(known);
  const { driver, isCertain } = await tryOut(options);
  if (isCertain) {
    await writeFile(`${file}.new`, JSON.stringify({ ...driver, boot, device } satisfies Remembered));
    await rename(`${file}.new`, file);
  }
  return driver;
}

function driverOf({ name, because, sharesBlocks }: Remembered): StorageDriver {
  return { name, sharesBlocks, ...(because === undefined ? {} : { because }) };
}

async function tryOut(options: SnapshotsOptions): Promise<{ driver: StorageDriver; isCertain: boolean }> {
  const folder = await mkdtemp(join(options.home, 'probe-'));
  try {
    const refusal = await refusalOfOverlay(options, folder);
    const sharesBlocks = await clones(folder);
    if (refusal === undefined) return { driver: { name: 'overlay2', sharesBlocks }, isCertain: true };
    const { because, isCertain } = refusal;
    return { driver: { name: 'vfs', because, sharesBlocks }, isCertain };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Refusal {
  readonly because: string;
  readonly isCertain: boolean;
}

/** Undefined when all works that layers and roots need: marks of all kinds, and a writable overlay that leaves them. */
async function refusalOfOverlay(options: SnapshotsOptions, folder: string): Promise<Refusal | undefined> {
  const at = (name: string) => join(folder, name);
  const { launcher, userXattr } = options;
  const [lower, upper, work, mountpoint] = [at('lower'), at('upper'), at('work'), at('merged')];
  await Promise.all([lower, upper, work, mountpoint].map((path) => mkdir(path)));
  try {
    const layer = { kind: 'directory', path: lower } as const;
    const marks = ['f', 'd/', 'd/x', 'd/.wh..wh..opq', '.wh.gone'];
    await launcher.unpack({ root: layer, path: '/', mode: 'layer', userXattr }, await tarOf(marks));
    const root = { kind: 'overlay', lower: [lower], upper, work, mountpoint, binds: [] } as const;
    await launcher.unpack({ root, path: '/', mode: 'plain' }, await tarOf(['f/', 'd']));
  } catch (error) {
    const { errno, operation, message } = error as { errno?: string; operation?: string; message: string };
    if (errno === undefined) return { because: message, isCertain: false };
    const because = `${operation === 'tar.root' ? 'mounting one' : 'writing in one'} failed: ${errnoSentence(errno)}`;
    return { because, isCertain: REFUSALS.has(errno) };
  }
  const kind = async (name: string, is: (stats: Stats) => boolean) => lstat(join(upper, name)).then(is, () => false);
  const replaced = (await kind('f', (one) => one.isDirectory())) && (await kind('d', (one) => one.isFile()));
  return replaced ? undefined : { because: 'what is written does not reach its folder', isCertain: true };
}

/** Empty files, and folders whose names end with a slash. */
async function tarOf(names: readonly string[]): Promise<import('node:stream').Readable> {
  const { pack } = await import('tar-stream');
  const archive = pack();
  for (const name of names) archive.entry({ name, type: name.endsWith('/') ? 'directory' : 'file' }, '');
  archive.finalize();
  return archive as unknown as import('node:stream').Readable;
}

async function clones(folder: string): Promise<boolean> {
  await writeFile(join(folder, 'one'), 'x');
  return copyFile(join(folder, 'one'), join(folder, 'two'), constants.COPYFILE_FICLONE_FORCE).then(
    () => true,
    () => false,
  );
}
