/** Brings a build's context into a folder: the tar that a client sends, a tarball or a text behind a URL, a git repository. */
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Readable } from 'node:stream';
import { isTarHeader } from '../build/files/tar-header.js';
import { spoolTar } from '../build/files/tar-tree.js';
import type { Tree } from '../build/files/tree.js';
import { fetchGit } from '../build/git.js';
import { type GitSource, parseGitSource } from '../build/git-source.js';
import type { BuildOptions } from '../build/types.js';
import { EngineError } from '../errors.js';
import { decompress, isCompressed } from '../images/decompress.js';
import { networkSentence } from '../images/registry/failures.js';
import { refused } from './download.js';
import type { Engine } from './engine.js';

export { parseCachePlace } from '../build/cache-places.js';
export type { BuildEvent, BuildOptions, CacheEntry } from '../build/types.js';

export interface ContextRequest {
  readonly body: Readable;
  /** URL in place of the body; empty: the body it is. */
  readonly remote: string;
  /** Path below the context; empty: `Dockerfile`. */
  readonly dockerfile: string;
  readonly signal: AbortSignal;
  /** What the body brings stays one file and is given as a `tree`; else it is unpacked into the folder. */
  readonly inOneFile?: boolean;
}

export interface BuildContext {
  readonly directory: string;
  /** What was sent, when it stayed in one file. */
  readonly tree?: Tree;
  readonly dockerfile: BuildOptions['dockerfile'];
  discard(): Promise<void>;
}

/** Throws `invalid` for a body that is no archive and a remote that is no URL, `system` for one that does not answer. */
export async function takeContext(engine: Engine, request: ContextRequest): Promise<BuildContext> {
  const parent = join(engine.foundations.paths.home, 'build', 'contexts');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(parent, 'context-'));
  const discard = () => rm(directory, { recursive: true, force: true });
  try {
    if (request.remote) request.body.resume();
    const folder = request.remote ? await fetchRemote(engine, directory, request) : directory;
    const given = { directory: folder, dockerfile: { path: request.dockerfile || 'Dockerfile' }, discard };
    if (request.remote) return given;
    if (!request.inOneFile) {
      await unpack(engine, directory, request.body);
      return given;
    }
    return { ...given, tree: await spoolTar(await decompress(request.body), join(directory, 'context.tar')) };
  } catch (error) {
    await discard();
    throw error;
  }
}

/** A folder of this machine, read where it is; `dockerfile` is its path in there, or its text. */
export async function localContext(directory: string, dockerfile: BuildOptions['dockerfile']): Promise<BuildContext> {
  const stats = await stat(directory).catch(() => undefined);
  if (!isAbsolute(directory) || !stats?.isDirectory())
    throw new EngineError('invalid', `the context ${directory} is no folder of this machine`);
  return { directory, dockerfile, discard: async () => undefined };
}

async function unpack(engine: Engine, directory: string, source: Readable): Promise<void> {
  const tar = await decompress(source);
  await engine.foundations.launcher.unpack(
    { root: { kind: 'directory', path: directory }, path: '/', mode: 'plain' },
    tar,
  );
}

/** A git repository, a tarball or a Dockerfile behind an address. Returns the folder of the files. */
export async function fetchRemote(
  engine: Engine,
  directory: string,
  request: Pick<ContextRequest, 'remote' | 'dockerfile' | 'signal'>,
): Promise<string> {
  const { remote } = request;
  const git = gitSource(remote);
  if (git !== undefined) return cloneRepository(engine, directory, git);
  if (!/^https?:\/\//.test(remote))
    throw new EngineError('system', `remoteURL (${remote}) could not be recognized as URL`);
  const answer = await engine.foundations.download(remote, request.signal).catch((cause) => {
    throw new EngineError('system', `error downloading remote context ${remote}: ${networkSentence(cause)}`, { cause });
  });
  if (answer.status >= 300) {
    const { kind, message } = await refused(answer);
    throw new EngineError(kind, `error downloading remote context ${remote}: ${message}`);
  }
  await takeDownload(engine, directory, { body: answer.body, dockerfile: request.dockerfile });
  return directory;
}

/** An archive is told by its bytes, whatever the server calls it; anything else is a Dockerfile. */
async function takeDownload(
  engine: Engine,
  directory: string,
  { body, dockerfile }: { readonly body: Readable; readonly dockerfile: string },
): Promise<void> {
  const file = `${directory}.download`;
  try {
    await writeFile(file, body);
    if (await isArchive(file)) await unpack(engine, directory, createReadStream(file));
    else await copyFile(file, join(directory, dockerfile || 'Dockerfile'));
  } finally {
    await rm(file, { force: true });
  }
}

async function isArchive(path: string): Promise<boolean> {
  if (await isCompressed(path)) return true;
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    return isTarHeader(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/** Throws as `takeContext` does for an address that cannot be read. */
export const isRepository = (remote: string): boolean => gitSource(remote) !== undefined;

function gitSource(remote: string): GitSource | undefined {
  try {
    return parseGitSource(remote);
  } catch (cause) {
    throw new EngineError('invalid', (cause as Error).message, { cause });
  }
}

/** Throws `invalid` with the words of BuildKit or git. Returns the folder that was asked for. */
async function cloneRepository(engine: Engine, directory: string, source: GitSource): Promise<string> {
  try {
    const run = (args: readonly string[]) => engine.foundations.launcher.spawn(args);
    const keepGitDir = source.keepGitDir === true;
    return (await fetchGit(run, source, { directory: join(directory, 'tree'), keepGitDir })).directory;
  } catch (cause) {
    throw new EngineError('invalid', (cause as Error).message, { cause });
  }
}
