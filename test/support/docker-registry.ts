/** Debian's docker-registry with TLS and basic auth on an address that is not this machine's loopback, and a front before it. */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request as httpsRequest } from 'node:https';
import { type AddressInfo, createConnection, createServer as createTcpServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRoot } from './without-root.js';

export interface RealRegistry {
  /** `ADDRESS:PORT` of the front: what the engine is told. */
  readonly host: string;
  /** The authority's certificate, PEM. */
  readonly authority: string;
  /** Where the registry keeps its blobs. */
  readonly data: string;
  /** `METHOD path` with ` bytes=…` where a part was asked for. */
  readonly log: string[];
  /** Sees a request first; true: it has answered. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Ends the connection when this many bytes of a blob have gone out, once. */
  cutAfter: number | undefined;
  /** `X-Registry-Auth` of the one user. */
  readonly credentials: Record<string, string>;
  stop(): Promise<void>;
}

/** `user`, `secret` as htpasswd(1) writes it, bcrypt with few rounds. */
const htpasswd = 'user:$2b$04$.LNsWZCg862ahvMqmfuUGuzb9i.hUq/XtceTn1MoQPLk0ALf2XPk.\n';

function takeAddress(): string {
  const address = `10.254.${1 + (process.pid % 250)}.${1 + (Math.floor(process.pid / 250) % 250)}`;
  // A run that is killed takes nothing back: the kernel does, a quarter of an hour later.
  const life = ['valid_lft', '900', 'preferred_lft', '900'];
  execFileSync('ip', ['address', 'add', `${address}/32`, 'dev', 'lo', ...life]);
  return address;
}

/** Nobody but root may add one. */
function machineAddress(): string {
  const all = Object.values(os.networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

export async function startRealRegistry(): Promise<RealRegistry> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'dv-registry-'));
  // Those of the loopback network count as this machine, whose certificates nobody checks.
  const address = isRoot ? takeAddress() : machineAddress();
  const tls = makeCertificates(folder, address);
  await writeFile(path.join(folder, 'htpasswd'), htpasswd);
  const data = path.join(folder, 'data');
  const backend = await startRegistry(folder, data);
  const front = await startFront(backend.port, address, tls);
  const auth = { username: 'user', password: 'secret', serveraddress: front.host };
  return Object.assign(front.state, {
    host: front.host,
    authority: tls.authority,
    data,
    credentials: { 'x-registry-auth': Buffer.from(JSON.stringify(auth)).toString('base64url') },
    async stop() {
      await front.close();
      await backend.stop();
      if (isRoot) execFileSync('ip', ['address', 'del', `${address}/32`, 'dev', 'lo']);
      await rm(folder, { recursive: true, force: true });
    },
  });
}

interface Tls {
  readonly key: string;
  readonly cert: string;
  readonly authority: string;
}

function makeCertificates(folder: string, address: string): Tls {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test authority', '-days', '2');
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=registry');
  execFileSync('sh', ['-c', `echo subjectAltName=IP:${address},IP:127.0.0.1 > san`], { cwd: folder });
  const sign = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'san', '-days', '2'];
  openssl('x509', '-req', '-in', 'server.csr', ...sign, '-out', 'server.crt');
  const read = (name: string) => readFileSync(path.join(folder, name), 'utf8');
  return { key: read('server.key'), cert: read('server.crt'), authority: read('ca.crt') };
}

async function startRegistry(folder: string, data: string): Promise<{ port: number; stop(): Promise<void> }> {
  await mkdir(data);
  const port = await freePort();
  const config = {
    version: 0.1,
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: data } },
    http: { addr: `127.0.0.1:${port}`, tls: { certificate: `${folder}/server.crt`, key: `${folder}/server.key` } },
    auth: { htpasswd: { realm: 'test', path: `${folder}/htpasswd` } },
  };
  await writeFile(path.join(folder, 'config.json'), JSON.stringify(config));
  const child = spawn('docker-registry', ['serve', path.join(folder, 'config.json')], { stdio: 'ignore' });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (let tries = 0; !(await listens(port)); tries += 1) {
    if (tries > 500) throw new Error('docker-registry does not answer');
    await sleep(10);
  }
  return {
    port,
    async stop() {
      child.kill();
      await gone;
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createTcpServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

type State = Pick<RealRegistry, 'log' | 'intercept' | 'cutAfter'>;

/** Passes all on, over TLS on both sides, unless it is told otherwise. */
async function startFront(port: number, address: string, tls: Tls) {
  const state: State = { log: [], intercept: () => false, cutAfter: undefined };
  const server = createServer({ key: tls.key, cert: tls.cert }, (request, response) => {
    const { range } = request.headers;
    state.log.push(`${request.method} ${request.url}${range ? ` ${range}` : ''}`);
    if (state.intercept(request, response)) return;
    const { method, url, headers } = request;
    const passed = httpsRequest({ host: '127.0.0.1', port, method, path: url, headers, ca: tls.authority });
    passed.on('error', () => response.destroy());
    passed.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      if (/\/blobs\/sha256:/.test(url ?? '') && method === 'GET') passCounted(state, answer, response);
      else answer.pipe(response);
    });
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    state,
    host: `${address}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function passCounted(state: State, answer: IncomingMessage, response: ServerResponse): void {
  let sent = 0;
  answer.on('data', (chunk: Buffer) => {
    const limit = state.cutAfter;
    if (limit === undefined || sent + chunk.length < limit) {
      sent += chunk.length;
      if (!response.write(chunk)) {
        answer.pause();
        response.once('drain', () => answer.resume());
      }
      return;
    }
    state.cutAfter = undefined;
    response.write(chunk.subarray(0, limit - sent), () => response.destroy());
    answer.destroy();
  });
  answer.on('end', () => response.end());
  answer.on('close', () => (answer.complete ? undefined : response.destroy()));
}
