import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { type Location, UserError } from '../errors.js';
import { dockerfilePath, isRemoteContext } from '../model/build-place.js';
import { type IgnorePatterns, parseIgnorePatterns } from '../model/ignore-patterns.js';
import type { Build } from '../model/project.js';

export interface BuildContext {
  readonly tar: Readable;
  /** Its name inside the tar. */
  readonly dockerfile: string;
  /** A context that the engine fetches itself. */
  readonly remote?: string;
}

const inlineName = '.devenv.inline.dockerfile';
const outsideName = '.devenv.outside.dockerfile';

/** Where a context is: behind an address, or a folder with the Dockerfiles that are not in it. */
export type ContextPlace =
  | { readonly remote: string; readonly dockerfile: string }
  | { readonly root: string; readonly dockerfile: string; readonly extra: Readonly<Record<string, string>> };

type Locate = (path: string) => Location | undefined;

/** Throws UserError when something is missing. */
export async function findContext(build: Build, locate: Locate, service: string): Promise<ContextPlace> {
  if (isRemoteContext(build.context)) {
    return { remote: build.context, dockerfile: build.dockerfile ?? 'Dockerfile' };
  }
  const root = path.resolve(build.context);
  const stats = await lstatOrUndefined(root);
  if (!stats?.isDirectory() && !stats?.isSymbolicLink())
    throw missing(`unable to prepare context: path "${root}" not found`, 'build', locate, service);
  const extra: Record<string, string> = {};
  const dockerfile = await chooseDockerfile(build, root, extra, locate, service);
  return { root, dockerfile, extra };
}

/** The context of a build as a tar, without what `.dockerignore` names. Throws UserError when something is missing. */
export async function openContext(build: Build, locate: Locate, service: string): Promise<BuildContext> {
  const place = await findContext(build, locate, service);
  const { dockerfile } = place;
  if ('remote' in place) return { tar: Readable.from([]), dockerfile, remote: place.remote };
  const { root, extra } = place;
  const patterns = await readIgnoreFile(root, dockerfile);
  const pack = tar.pack();
  writeTree(pack, root, patterns, dockerfile, extra).catch((error) => pack.destroy(error));
  return { tar: pack as unknown as Readable, dockerfile };
}

async function chooseDockerfile(
  build: Build,
  root: string,
  extra: Record<string, string>,
  locate: (path: string) => Location | undefined,
  service: string,
): Promise<string> {
  if (build.dockerfile_inline !== undefined) {
    extra[inlineName] = build.dockerfile_inline;
    return inlineName;
  }
  const file = dockerfilePath(build);
  if (!(await lstatOrUndefined(file))) {
    throw missing(
      `failed to read dockerfile: open ${file}: no such file or directory`,
      'build.dockerfile',
      locate,
      service,
    );
  }
  const relative = path.relative(root, file);
  if (!relative.startsWith('..')) return relative;
  extra[outsideName] = await readFile(file, 'utf8');
  return outsideName;
}

function missing(
  sentence: string,
  key: string,
  locate: (path: string) => Location | undefined,
  service: string,
): UserError {
  const at = `services.${service}.${key}`;
  const location = locate(at) ?? locate(`services.${service}.build`);
  return new UserError('build-context', sentence, [`Change ${at}, or create it.`], location);
}

async function lstatOrUndefined(file: string): Promise<Stats | undefined> {
  try {
    return await lstat(file);
  } catch {
    return undefined;
  }
}

/** `<Dockerfile>.dockerignore` beats `.dockerignore`. `dockerfile`: from `root`, or absolute. */
export async function readIgnoreFile(root: string, dockerfile: string): Promise<IgnorePatterns> {
  for (const name of [`${dockerfile}.dockerignore`, '.dockerignore']) {
    try {
      return parseIgnorePatterns(await readFile(path.resolve(root, name), 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return parseIgnorePatterns('');
}

async function writeTree(
  pack: tar.Pack,
  root: string,
  patterns: IgnorePatterns,
  dockerfile: string,
  extra: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, content] of Object.entries(extra)) pack.entry({ name }, content);
  await writeFolder(
    pack,
    root,
    '',
    (name) => name !== dockerfile && name !== '.dockerignore' && patterns.ignores(name),
    patterns,
  );
  pack.finalize();
}

/** In the order of names, so that the same tree gives the same tar. */
async function writeFolder(
  pack: tar.Pack,
  root: string,
  folder: string,
  ignores: (name: string) => boolean,
  patterns: IgnorePatterns,
): Promise<void> {
  const names = (await readdir(path.join(root, folder))).sort();
  for (const leaf of names) {
    const name = folder ? `${folder}/${leaf}` : leaf;
    const stats = await lstatOrUndefined(path.join(root, name));
    if (!stats) continue; // gone since the folder was read
    const ignored = ignores(name);
    if (stats.isDirectory()) {
      if (ignored && patterns.mayPrune(name)) continue;
      if (!ignored) await writeHeader(pack, { name: `${name}/`, type: 'directory', ...common(stats) });
      await writeFolder(pack, root, name, ignores, patterns);
    } else if (!ignored) await writeFile(pack, path.join(root, name), name, stats);
  }
}

/** Owner root, as the docker command sends contexts. */
const common = (stats: Stats) => ({ mode: stats.mode & 0o7777, mtime: stats.mtime, uid: 0, gid: 0 });

async function writeFile(pack: tar.Pack, file: string, name: string, stats: Stats): Promise<void> {
  if (stats.isSymbolicLink()) {
    await writeHeader(pack, { name, type: 'symlink', linkname: await readlink(file), ...common(stats) });
  } else if (stats.isFile() && stats.size <= 1 << 16) {
    const content = await readFile(file);
    await new Promise<void>((resolve, reject) => {
      pack.entry({ name, ...common(stats) }, content, (error) => (error ? reject(error) : resolve()));
    });
  } else if (stats.isFile()) {
    const entry = pack.entry({ name, size: stats.size, ...common(stats) });
    if (stats.size > 0)
      await pipeline(createReadStream(file, { end: stats.size - 1 }), entry as unknown as NodeJS.WritableStream);
    else entry.end(undefined);
  }
}

function writeHeader(pack: tar.Pack, header: Partial<tar.Header> & { name: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    pack.entry(header, (error) => (error ? reject(error) : resolve()));
  });
}
