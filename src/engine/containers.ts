import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type {
  ContainerInspect,
  ContainerStats,
  ContainerSummary,
  ExecInspect,
  PruneAnswer,
  TopAnswer,
} from './answers.js';
import type { EngineClient } from './client.js';
import { isStatus } from './errors.js';
import { queryString, type Upgraded } from './http.js';
import { asFrames, buffersOf, demultiplex, type Frame } from './streams.js';

export type Filters = Readonly<Record<string, readonly string[]>>;

const at = (id: string, rest = '') => `/containers/${encodeURIComponent(id)}${rest}`;

export function listContainers(engine: EngineClient, filters: Filters, all = true): Promise<ContainerSummary[]> {
  return engine.json('GET', '/containers/json', { query: { all, filters } });
}

export function inspectContainer(engine: EngineClient, id: string): Promise<ContainerInspect> {
  return engine.json('GET', at(id, '/json'));
}

export function createContainer(
  engine: EngineClient,
  name: string,
  body: object,
  platform?: string,
): Promise<{ Id: string; Warnings: string[] | null }> {
  return engine.json('POST', '/containers/create', { query: { name, platform }, body });
}

/** False: it ran already. */
export async function startContainer(engine: EngineClient, id: string): Promise<boolean> {
  return (await engine.call('POST', at(id, '/start'))) !== 304;
}

/** Ours only: it has neither ports nor the names that others know until it takes over from `behind`. */
export async function startBehind(engine: EngineClient, id: string, behind: string): Promise<void> {
  await engine.call('POST', `/devenv${at(id, '/start')}`, { query: { behind } });
}

/** Ours only: resolves when it serves instead of the other, and that one has no connection left, or the time is over. */
export async function handOver(engine: EngineClient, id: string, drainMs: number): Promise<void> {
  await engine.call('POST', `/devenv${at(id, '/hand-over')}`, { query: { drain: drainMs } });
}

/** Seconds are rounded up: the API has no fractions. Undefined: as the container itself says. */
const seconds = (ms: number | undefined) => (ms === undefined ? undefined : Math.ceil(ms / 1000));

export async function stopContainer(engine: EngineClient, id: string, graceMs?: number): Promise<boolean> {
  return (await engine.call('POST', at(id, '/stop'), { query: { t: seconds(graceMs) } })) !== 304;
}

export async function restartContainer(engine: EngineClient, id: string, graceMs?: number): Promise<void> {
  await engine.call('POST', at(id, '/restart'), { query: { t: seconds(graceMs) } });
}

export async function killContainer(engine: EngineClient, id: string, signal?: string): Promise<void> {
  await engine.call('POST', at(id, '/kill'), { query: { signal } });
}

export async function pauseContainer(engine: EngineClient, id: string): Promise<void> {
  await engine.call('POST', at(id, '/pause'));
}

export async function unpauseContainer(engine: EngineClient, id: string): Promise<void> {
  await engine.call('POST', at(id, '/unpause'));
}

export async function renameContainer(engine: EngineClient, id: string, name: string): Promise<void> {
  await engine.call('POST', at(id, '/rename'), { query: { name } });
}

export async function removeContainer(
  engine: EngineClient,
  id: string,
  { volumes = false, force = false }: { volumes?: boolean; force?: boolean } = {},
): Promise<void> {
  await engine.call('DELETE', at(id), { query: { v: volumes, force } });
}

/** Resolves when it does not run (any more), with its exit code. */
export async function waitContainer(
  engine: EngineClient,
  id: string,
  condition: 'not-running' | 'next-exit' | 'removed' = 'not-running',
  signal?: AbortSignal,
): Promise<number> {
  const response = await engine.stream('POST', at(id, '/wait'), {
    query: { condition },
    ...(signal ? { signal } : {}),
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { StatusCode } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { StatusCode: number };
  return StatusCode;
}

export interface LogOptions {
  readonly follow?: boolean;
  readonly timestamps?: boolean;
  /** `all` or a number. */
  readonly tail?: string;
  /** Unix seconds, with a fraction, or RFC 3339. */
  readonly since?: string;
  readonly until?: string;
}

/** The container's output as frames; `tty`: it has no frames of its own. */
export async function* containerLogs(
  engine: EngineClient,
  id: string,
  options: LogOptions & { tty: boolean; signal?: AbortSignal },
): AsyncGenerator<Frame> {
  const { tty, signal, ...query } = options;
  const response = await engine.stream('GET', at(id, '/logs'), {
    query: { stdout: true, stderr: true, ...query },
    ...(signal ? { signal } : {}),
  });
  yield* tty ? asFrames(buffersOf(response)) : demultiplex(buffersOf(response));
}

export function topContainer(engine: EngineClient, id: string): Promise<TopAnswer> {
  return engine.json('GET', at(id, '/top'));
}

export async function resizeContainer(engine: EngineClient, id: string, rows: number, columns: number): Promise<void> {
  await engine.call('POST', at(id, '/resize'), { query: { h: rows, w: columns } });
}

export function attachContainer(engine: EngineClient, id: string, query: { stdin: boolean; detachKeys?: string }) {
  return engine.upgrade(at(id, '/attach'), { query: { stream: true, stdout: true, stderr: true, ...query } });
}

export async function putArchive(
  engine: EngineClient,
  id: string,
  path: string,
  tar: Readable | Buffer,
  /** `asUser`: files belong to whom the container runs as, whatever the archive says. */
  { asUser = false }: { readonly asUser?: boolean } = {},
): Promise<void> {
  await engine.call('PUT', at(id, '/archive'), {
    query: { path, ...(asUser ? { copyUIDGID: true } : {}) },
    body: tar,
    headers: { 'content-type': 'application/x-tar' },
  });
}

export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Go's file mode: permission bits below, `1 << 31` for a folder. */
  readonly mode: number;
  /** RFC 3339. */
  readonly mtime: string;
  readonly linkTarget: string;
}

/** What is at a path of a container; undefined: nothing. */
export async function statPath(engine: EngineClient, id: string, path: string): Promise<PathStat | undefined> {
  try {
    const response = await engine.stream('HEAD', at(id, '/archive'), { query: { path } });
    response.resume();
    const header = response.headers['x-docker-container-path-stat'];
    return JSON.parse(Buffer.from(String(header), 'base64').toString()) as PathStat;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

export function getArchive(engine: EngineClient, id: string, path: string): Promise<IncomingMessage> {
  return engine.stream('GET', at(id, '/archive'), { query: { path } });
}

export interface ExecRequest {
  readonly Cmd: readonly string[];
  readonly Tty: boolean;
  readonly AttachStdin: boolean;
  readonly AttachStdout: boolean;
  readonly AttachStderr: boolean;
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Privileged?: boolean;
  readonly ConsoleSize?: readonly [number, number];
}

export async function createExec(engine: EngineClient, id: string, body: ExecRequest): Promise<string> {
  return (await engine.json<{ Id: string }>('POST', at(id, '/exec'), { body })).Id;
}

export function attachExec(
  engine: EngineClient,
  execId: string,
  body: { Tty: boolean; ConsoleSize?: readonly [number, number] },
): Promise<Upgraded & { socket: NonNullable<Upgraded['socket']> }> {
  return engine.upgrade(`/exec/${execId}/start`, { body: { Detach: false, ...body } });
}

export async function startExecDetached(engine: EngineClient, execId: string): Promise<void> {
  await engine.call('POST', `/exec/${execId}/start`, { body: { Detach: true, Tty: false } });
}

export function inspectExec(engine: EngineClient, execId: string): Promise<ExecInspect> {
  return engine.json('GET', `/exec/${execId}/json`);
}

export async function resizeExec(engine: EngineClient, execId: string, rows: number, columns: number): Promise<void> {
  await engine.call('POST', `/exec/${execId}/resize`, { query: { h: rows, w: columns } });
}

/** Everything that the engine tells of a container. */
export function inspectContainerFully(
  engine: EngineClient,
  id: string,
  size = false,
): Promise<Readonly<Record<string, unknown>>> {
  return engine.json('GET', at(id, '/json'), { query: { ...(size ? { size } : {}) } });
}

/** Its whole file system as a tar. */
export function exportContainer(engine: EngineClient, id: string): Promise<IncomingMessage> {
  return engine.stream('GET', at(id, '/export'));
}

export interface CommitRequest {
  readonly repository: string | undefined;
  readonly tag: string | undefined;
  readonly author: string | undefined;
  readonly message: string | undefined;
  readonly pause: boolean;
  readonly changes: readonly string[];
}

/** Gives the new image's id. */
export async function commitContainer(engine: EngineClient, id: string, request: CommitRequest): Promise<string> {
  const { repository, tag, author, message, pause, changes } = request;
  const query = { container: id, repo: repository, tag, author, comment: message, pause };
  const written = changes.map((change) => `&changes=${encodeURIComponent(change)}`).join('');
  const answer = await engine.json<{ Id: string }>('POST', `/commit${queryString(query)}${written}`);
  return answer.Id;
}

/** What its file system has changed, added and lost: kinds 0, 1 and 2. */
export async function containerChanges(
  engine: EngineClient,
  id: string,
): Promise<readonly { Kind: number; Path: string }[]> {
  return (await engine.json<readonly { Kind: number; Path: string }[] | null>('GET', at(id, '/changes'))) ?? [];
}

export function pruneContainers(engine: EngineClient, filters: Filters): Promise<PruneAnswer> {
  return engine.json('POST', '/containers/prune', { query: { filters } });
}

/** The samples of what it uses, one after the other. */
export function containerStatsLines(
  engine: EngineClient,
  id: string,
  stream: boolean,
  signal?: AbortSignal,
): AsyncGenerator<ContainerStats> {
  return engine.lines('GET', at(id, '/stats'), {
    query: { stream, ...(stream ? {} : { 'one-shot': false }) },
    ...(signal ? { signal } : {}),
  });
}
