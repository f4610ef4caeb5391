/** One run of the frontend, and what it reads first: the Dockerfile and the ignore file. */
import { isRepository } from '../../../engine/build-context.js';
import type { Engine } from '../../../engine/engine.js';
import type { SyncedFolders } from '../../../engine/synced-folders.js';
import { EngineError } from '../../../errors.js';
import { failureSentence } from '../control/failure.js';
import type { Job } from '../control/jobs.js';
import { VertexLine } from '../control/vertex.js';
import { codes, GrpcError } from '../grpc/status.js';
import type { Codec } from '../proto/codec.js';
import type { StringMap } from '../proto/messages.js';
import type { Session, Sessions } from '../session/sessions.js';
import type { Uploads } from '../session/upload.js';
import type { FrontendRequest } from './attributes.js';
import { readBelow, type Workspace } from './workspace.js';

export interface Frontend {
  readonly engine: Engine;
  readonly sessions: Sessions;
  readonly folders: SyncedFolders;
  readonly codec: Codec;
  readonly uploads: Uploads;
}

export interface FrontendCall {
  readonly job: Job;
  readonly attributes: StringMap;
  /** The image behind an input's name, which another build of the client makes. Throws when there is none. */
  readonly input: (name: string) => Promise<string>;
  readonly signal: AbortSignal;
}

/** All that one run of the frontend knows. */
export interface Run extends Frontend, FrontendCall {
  readonly request: FrontendRequest;
  readonly session: Session;
  readonly workspace: Workspace;
}

export interface Loaded {
  readonly dockerfile: { readonly name: string; readonly text: string };
  readonly line: VertexLine;
  /** Folder of a context that is not the client's. */
  readonly remoteFolder: string | undefined;
  /** Text of an ignore file that belongs to this very Dockerfile. */
  readonly ownIgnore: string | undefined;
}

export function line({ job }: Pick<Run, 'job'>, name: string): VertexLine {
  return new VertexLine(job.log, { build: job.ref, id: name, name }).start();
}

/** Runs work under a line of progress. */
export async function under<T>(run: Run, name: string, work: (line: VertexLine) => Promise<T>): Promise<T> {
  const shown = line(run, name);
  try {
    const result = await work(shown);
    shown.done();
    return result;
  } catch (error) {
    shown.done({ error: failureSentence(error) });
    throw error;
  }
}

/** What a repository lacks is missed when the Dockerfile is to be read. */
async function fetchContext(run: Run, remote: string): Promise<string> {
  const fetch = () => run.workspace.fetch(remote, run.session);
  if (!isRepository(remote)) return under(run, '[internal] load remote build context', fetch);
  return under(run, `[internal] load git source ${remote}`, fetch).catch((cause) => {
    if (!(cause instanceof EngineError)) throw cause;
    throw new EngineError(cause.kind, `failed to read dockerfile: ${cause.message}`, { cause });
  });
}

/** The Dockerfile, from the client or from a context that is fetched. */
export async function load(run: Run): Promise<Loaded> {
  const { request } = run;
  const { remote, dockerfile: name } = request;
  const remoteFolder = remote === undefined ? undefined : await fetchContext(run, remote);
  const fromClient = remoteFolder === undefined || request.ownDockerfile;
  const found = await under(run, `[internal] load build definition from ${name}`, async (shown) => {
    const paths = [name, `${name}.dockerignore`, ...(name === 'Dockerfile' ? ['dockerfile'] : [])];
    const folder = fromClient
      ? await mirror(run, request.folders.dockerfile, paths, [], shown, 'dockerfile')
      : remoteFolder!;
    const text = (await readBelow(folder, name)) ?? (await lowerCase(folder, name));
    return { text, line: shown, ownIgnore: await readBelow(folder, `${name}.dockerignore`) };
  });
  // Looking for it has not failed: as under BuildKit, only the build has.
  if (found.text === undefined)
    throw new GrpcError(codes.unknown, `failed to read dockerfile: open ${name}: no such file or directory`);
  return { ...found, dockerfile: { name, text: found.text }, remoteFolder };
}

/** A `dockerfile` will do where nobody asked for another name. */
async function lowerCase(folder: string, name: string): Promise<string | undefined> {
  return name === 'Dockerfile' ? readBelow(folder, 'dockerfile') : undefined;
}

export function loadIgnore(run: Run): Promise<string> {
  return under(run, '[internal] load .dockerignore', async (shown) => {
    const folder = await mirror(run, run.request.folders.context, ['.dockerignore'], [], shown, 'context');
    return (await readBelow(folder, '.dockerignore')) ?? '';
  });
}

export async function mirror(
  run: Run,
  name: string,
  followPaths: readonly string[] | undefined,
  excludePatterns: readonly string[],
  shown: VertexLine,
  called: string,
): Promise<string> {
  const { request, sessions, signal } = run;
  const own = request.sessionOf(name);
  const session = own === undefined ? run.session : await sessions.find(own, signal);
  const wanted = { session, name, hint: request.hintOf(name), followPaths, excludePatterns };
  return run.workspace.mirror(wanted, shown, called);
}
