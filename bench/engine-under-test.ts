import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const distRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** An engine that answers on a unix socket: ours, private to this run, or a Docker that is already there. */
export interface EngineUnderTest {
  readonly name: string;
  readonly socket: string;
  readonly env: NodeJS.ProcessEnv;
  /** Resident memory of the engine process in kB; undefined where it is not ours to read. */
  residentKb(): Promise<number | undefined>;
  /** The most it ever was. */
  peakKb(): Promise<number | undefined>;
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  stop(): Promise<void>;
}

function makeCall(socketPath: string, agent: Agent): EngineUnderTest['call'] {
  return (method, requestPath, body) =>
    new Promise((resolve, reject) => {
      const raw = body instanceof Uint8Array;
      const payload = body === undefined ? undefined : raw ? body : Buffer.from(JSON.stringify(body));
      const headers = payload
        ? { 'content-type': raw ? 'application/x-tar' : 'application/json', 'content-length': payload.length }
        : {};
      const request = httpRequest({ socketPath, agent, method, path: requestPath, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const json = response.headers['content-type']?.includes('json');
          const status = response.statusCode ?? 0;
          if (status >= 400) return reject(new Error(`${method} ${requestPath}: ${status} ${text}`));
          resolve({ status, body: json && text ? JSON.parse(text.split('\n')[0]!) : text });
        });
        response.on('error', reject);
      });
      request.on('error', reject);
      request.end(payload);
    });
}

async function answers(call: EngineUnderTest['call']): Promise<boolean> {
  return call('GET', '/_ping').then(
    () => true,
    () => false,
  );
}

async function memoryKb(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]);
}

/** Starts an engine of ours with directories of its own. */
export async function startOurs(): Promise<EngineUnderTest> {
  const top = await mkdtemp('/var/tmp/devenv-bench-');
  const [home, runtime] = [path.join(top, 'home'), path.join(top, 'run')];
  await mkdir(runtime, { recursive: true });
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    DEVENV_HOME: home,
    DEVENV_RUNTIME_DIR: runtime,
    DEVENV_ENGINE_IDLE_SECONDS: '0',
  };
  delete env.NODE_EXTRA_CA_CERTS;
  const child = spawn(process.execPath, [path.join(distRoot, 'bundle/engine-main.cjs')], { env, stdio: 'ignore' });
  const agent = new Agent({ keepAlive: true });
  const socket = path.join(runtime, 'engine.sock');
  const call = makeCall(socket, agent);
  while (!(await answers(call))) await sleep(5);
  return {
    name: 'devenv',
    socket,
    env,
    call,
    residentKb: () => memoryKb(child.pid!, 'VmRSS'),
    peakKb: () => memoryKb(child.pid!, 'VmHWM'),
    async stop() {
      agent.destroy();
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
      await rm(top, { recursive: true, force: true });
    },
  };
}

/** The Docker engine of DOCKER_HOST or the default socket; undefined when none answers. */
export async function findDocker(): Promise<EngineUnderTest | undefined> {
  const socket = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
  if (!existsSync(socket)) return undefined;
  const agent = new Agent({ keepAlive: true });
  const call = makeCall(socket, agent);
  if (!(await answers(call))) return undefined;
  const env = { ...process.env, DOCKER_HOST: `unix://${socket}` };
  return {
    name: 'Docker',
    socket,
    env,
    call,
    residentKb: async () => undefined,
    peakKb: async () => undefined,
    stop: async () => agent.destroy(),
  };
}
