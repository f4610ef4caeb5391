/** A web server for builds: some files, and a git repository through git's own `http-backend`. */
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** When everything was made, so that digests and times stay the same. */
const DATE = '2024-05-06T07:08:09Z';

export interface FileServer {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  stop(): Promise<void>;
}

/** Serves `/files/NAME` (see `add`), `/files/disposition` with a name in its header, and `/repo.git`. */
export async function startFileServer(files: Readonly<Record<string, Uint8Array | string>>): Promise<FileServer> {
  const root = await mkdtemp(join(tmpdir(), 'file-server-'));
  await makeRepository(root);
  const server = createServer((request, response) => void answer(root, files, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      await close(server);
      await rm(root, { recursive: true, force: true });
    },
  };
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Branches `main` and `side`, a tag `v1`, folders, a link and an executable. */
async function makeRepository(root: string): Promise<void> {
  const work = join(root, 'work');
  const date = { GIT_AUTHOR_DATE: DATE, GIT_COMMITTER_DATE: DATE };
  const env = { ...process.env, ...date, HOME: root, GIT_CONFIG_NOSYSTEM: '1' };
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-C', work, ...args], { env });
  await mkdir(work);
  await git('init', '-q', '-b', 'main');
  await commit(work, git, 'first', { 'README.md': 'one\n', 'sub/f.txt': 'f\n', 'sub/deep/g.txt': 'g\n' });
  await git('tag', 'v1');
  await commit(work, git, 'second', { 'README.md': 'two\n', 'run.sh': '#!/bin/sh\n', Dockerfile: GIT_DOCKERFILE });
  await git('update-index', '--chmod=+x', 'run.sh');
  await git('commit', '-q', '-m', 'mode');
  await git('checkout', '-q', '-b', 'side');
  await commit(work, git, 'side', { 'side.txt': 'side\n' });
  await git('checkout', '-q', 'main');
  await run('git', ['clone', '-q', '--bare', work, join(root, 'repo.git')], { env });
}

const GIT_DOCKERFILE = 'FROM contract-build-base:1\nCOPY . /src\n';

async function commit(
  work: string,
  git: (...args: string[]) => Promise<unknown>,
  message: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(work, path)), { recursive: true });
    await writeFile(join(work, path), text);
  }
  await git('add', '-A');
  await git('commit', '-q', '-m', message);
}

async function answer(
  root: string,
  files: Readonly<Record<string, Uint8Array | string>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url!, 'http://x');
  if (pathname.startsWith('/repo.git/')) return gitBackend(root, request, response);
  const name = pathname.replace('/files/', '');
  const bytes = name === 'disposition' ? 'named\n' : files[name];
  if (bytes === undefined) return void response.writeHead(404).end();
  const named = name === 'disposition' ? { 'content-disposition': 'attachment; filename="given.txt"' } : {};
  response.writeHead(200, { 'last-modified': new Date(DATE).toUTCString(), ...named }).end(bytes);
}

/** CGI 1.1 (RFC 3875), as much of it as git needs. */
function gitBackend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url!, 'http://x');
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const all = Buffer.concat(chunks);
    const end = all.indexOf('\r\n\r\n');
    const headers = all.subarray(0, end).toString().split('\r\n');
    const pairs = headers.map((line) => line.split(': ') as [string, string]);
    const status = pairs.find(([key]) => key === 'Status')?.[1] ?? '200';
    for (const [key, value] of pairs) if (key !== 'Status') response.setHeader(key, value);
    response.writeHead(Number.parseInt(status, 10)).end(all.subarray(end + 4));
  });
}
