/** A private engine for one test file: folders, process and containers of its own, all gone afterwards. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isRoot } from './without-root.js';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
  readonly json: any;
}

export interface TestEngine {
  readonly socket: string;
  /** Of a private engine; empty for one that CONTRACT_ENGINE names. */
  readonly home: string;
  readonly runtime: string;
  readonly pid: number | undefined;
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
  /** Ends the process without the containers, as a crash would. */
  kill(): Promise<void>;
  /** Starts an engine on the same folders again. */
  restart(): Promise<void>;
  log(): string;
  stop(): Promise<void>;
}

const program = fileURLToPath(new URL('../../runtime/main.js', import.meta.url));

export function requestOn(
  socketPath: string,
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<ApiAnswer> {
  const isRaw = body instanceof Uint8Array || typeof body === 'string';
  const bytes =
    body === undefined ? undefined : isRaw ? Buffer.from(body as Uint8Array) : Buffer.from(JSON.stringify(body));
  const type = bytes && !isRaw ? { 'content-type': 'application/json' } : {};
  const length = bytes ? { 'content-length': String(bytes.length) } : {};
  return new Promise((resolve, reject) => {
    const request = http.request({
      socketPath,
      method,
      path: url,
      headers: { ...type, ...length, ...headers },
      agent: false,
    });
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) });
      });
    });
    request.end(bytes);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function answers(socket: string): Promise<boolean> {
  return requestOn(socket, 'GET', '/_ping').then(
    ({ status }) => status === 200,
    () => false,
  );
}

/** Every 10 ms. Without root an engine starts twice, and something that leads out besides. */
const START_TRIES = isRoot ? 1000 : 3000;

async function startProcess(
  folders: { home: string; runtime: string; socket: string },
  env: Record<string, string>,
): Promise<ChildProcess> {
  const log = openSync(path.join(folders.runtime, 'engine.log'), 'a');
  const inherited = { ...process.env };
  delete inherited.NODE_EXTRA_CA_CERTS;
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', log, log],
    env: {
      ...inherited,
      DEVENV_HOME: folders.home,
      DEVENV_RUNTIME_DIR: folders.runtime,
      DEVENV_ENGINE_IDLE_SECONDS: '0',
      ...env,
    },
  });
  for (let tries = 0; tries < START_TRIES; tries += 1) {
    if (await answers(folders.socket)) return child;
    if (child.exitCode !== null || child.signalCode !== null) break;
    await sleep(10);
  }
  child.kill('SIGKILL');
  throw new Error(`the engine did not start:\n${readFileSync(path.join(folders.runtime, 'engine.log'), 'utf8')}`);
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** Where there is no root, the engine is a process behind the one that was started, and writes down which. */
function enginePid(child: ChildProcess, runtime: string): number | undefined {
  return isRoot ? child.pid : Number(readFileSync(path.join(runtime, 'engine.pid'), 'utf8'));
}

/** Without root there are files of ids that only a user namespace can give up: unshare(1) makes one. */
async function removeTree(folder: string): Promise<void> {
  const mapped = ['--user', '--map-root-user', '--map-auto', 'rm', '-rf', folder];
  if (!isRoot) await ended(spawn('unshare', mapped, { stdio: 'ignore' }));
  await rm(folder, { recursive: true, force: true });
}

/** Mounts below a folder are undone, deepest first, so that removing it never reaches into them. */
async function unmountBelow(folder: string): Promise<void> {
  const table = await readFile('/proc/self/mounts', 'utf8');
  const below = table
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((target) => target.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);
  for (const target of below) await ended(spawn('umount', ['-l', target], { stdio: 'ignore' }));
}

/**
 * An engine with temporary folders. Where `CONTRACT_ENGINE=unix:///…` is set (and `env` is not asked for) it is that
 * engine instead, so that the same test runs against Docker.
 */
export async function startEngine(options: { readonly env?: Record<string, string> } = {}): Promise<TestEngine> {
  const other = process.env.CONTRACT_ENGINE;
  if (other && !options.env) return otherEngine(other.replace(/^unix:\/\//, ''));
  const root = mkdtempSync(path.join(os.tmpdir(), 'dv-'));
  const folders = {
    home: path.join(root, 'h'),
    runtime: path.join(root, 'r'),
    socket: path.join(root, 'r', 'engine.sock'),
  };
  const { mkdirSync } = await import('node:fs');
  mkdirSync(folders.runtime, { mode: 0o700 });
  let child = await startProcess(folders, options.env ?? {}).catch(async (error) => {
    await removeTree(root);
    throw error;
  });
  let pid = enginePid(child, folders.runtime);
  return {
    ...folders,
    get pid() {
      return pid;
    },
    request: (method, url, body, headers) => requestOn(folders.socket, method, url, body, headers),
    async kill() {
      child.kill('SIGKILL');
      await ended(child);
    },
    async restart() {
      child = await startProcess(folders, options.env ?? {});
      pid = enginePid(child, folders.runtime);
    },
    log: () => readFileSync(path.join(folders.runtime, 'engine.log'), 'utf8'),
    async stop() {
      // A killed engine may have left containers: only an engine can find them again.
      if (child.exitCode !== null || child.signalCode !== null) child = await startProcess(folders, {});
      await requestOn(folders.socket, 'POST', '/devenv/shutdown?force=1').catch(() => child.kill('SIGKILL'));
      await ended(child);
      await unmountBelow(root);
      await removeTree(root);
    },
  };
}

async function otherEngine(socket: string): Promise<TestEngine> {
  const never = () => Promise.reject(new Error('this engine is not the test’s own'));
  return {
    socket,
    home: '',
    runtime: '',
    pid: undefined,
    request: (method, url, body, headers) => requestOn(socket, method, url, body, headers),
    kill: never,
    restart: never,
    log: () => '',
    stop: async () => undefined,
  };
}

/** Whether tests run against an engine that is not ours. */
export const isOtherEngine = Boolean(process.env.CONTRACT_ENGINE);
