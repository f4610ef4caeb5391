/**
 * Which way of keeping layers works on the data's file system: tried out once for each boot and file system, since kernels
 * and file systems say much and mean various things by it.
 */
import { constants, type Stats } from 'node:fs';
import { copyFile, lstat, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import { errnoSentence } from './sentences.js';
import type { SnapshotsOptions, StorageDriver } from './types.js';

interface Remembered extends StorageDriver {
  readonly boot: string;
  readonly device: number;
}

/** `wished` undefined: overlay where it works. Throws `system` when overlay is wished where it does not. */
export async function chooseDriver(options: SnapshotsOptions, boot: string): Promise<StorageDriver> {
  const { home, driver: wished } = options;
  const found = await findDriver(options, boot);
  if (wished === undefined || wished === found.name) return found;
  if (wished === 'overlay2')
    throw new EngineError('system', `the storage driver overlay2 does not work in ${home}: ${found.because}`);
  return { name: wished, sharesBlocks: found.sharesBlocks };
}

async function findDriver(options: SnapshotsOptions, boot: string): Promise<StorageDriver> {
  const file = join(options.home, 'driver.json');
  const { dev: device } = await stat(options.home);
  const known = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as Remembered,
    () => undefined,
  );
  if (known && boot !== '' && known.boot === boot && known.device === device) return driverOf(known);
  const driver = await tryOut(options);
  await writeFile(`${file}.new`, JSON.stringify({ ...driver, boot, device } satisfies Remembered));
  await rename(`${file}.new`, file);
  return driver;
}

function driverOf({ name, because, sharesBlocks }: Remembered): StorageDriver {
  return { name, sharesBlocks, ...(because === undefined ? {} : { because }) };
}

async function tryOut(options: SnapshotsOptions): Promise<StorageDriver> {
  const folder = await mkdtemp(join(options.home, 'probe-'));
  try {
    const because = await refusalOfOverlay(options, folder);
    const sharesBlocks = await clones(folder);
    return because === undefined ? { name: 'overlay2', sharesBlocks } : { name: 'vfs', because, sharesBlocks };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Undefined when all works that layers and roots need: marks of all kinds, and a writable overlay that leaves them. */
async function refusalOfOverlay(options: SnapshotsOptions, folder: string): Promise<string | undefined> {
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
    if (errno === undefined) return message;
    return `${operation === 'tar.root' ? 'mounting one' : 'writing in one'} failed: ${errnoSentence(errno)}`;
  }
  const kind = async (name: string, is: (stats: Stats) => boolean) => lstat(join(upper, name)).then(is, () => false);
  const replaced = (await kind('f', (one) => one.isDirectory())) && (await kind('d', (one) => one.isFile()));
  return replaced ? undefined : 'what is written does not reach its folder';
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
