/** A project of a test's own, on an engine of its own, driven through the command line as a person would. */
import { spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import { importBusybox } from './busybox.js';
import { requestOn } from './engine.js';

const distRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const repoRoot = path.resolve(distRoot, '..');
/** The command line of the tree that the test is in. */
const program = path.join(distRoot, 'bundle/cli-main.cjs');

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, for sentences that may be on either. */
  readonly output: string;
}

export interface TestProject {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly socket: string;
  readonly home: string;
  /** Of the project, where its config gives it none. */
  readonly name: string;
  devenv(...args: string[]): Promise<CommandResult>;
  /** Starts a command without waiting for it. */
  begin(...args: string[]): Running;
  /** At a terminal of its own; its words must mean nothing to a shell. */
  inTerminal(...args: string[]): Promise<CommandResult>;
  /** The same behind a shell line that ends with `exec "$@"`, in a user namespace of its own where it is root. */
  beginInNamespace(line: string, ...args: string[]): Running;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Removes what the test made, engine and containers included. */
  remove(): Promise<void>;
}

export interface Running {
  kill(signal: NodeJS.Signals): void;
  readonly done: Promise<CommandResult>;
  output(): string;
}

function begin(
  folder: string,
  env: NodeJS.ProcessEnv,
  args: readonly string[],
  before: readonly string[] = [],
): Running {
  const [command = '', ...words] = [...before, process.execPath, '--enable-source-maps', program, ...args];
  const child = spawn(command, words, {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const done = new Promise<CommandResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr, output: stdout + stderr }));
  });
  return { kill: (signal) => child.kill(signal), done, output: () => stdout + stderr };
}

async function writeAll(folder: string, files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
}

/** `rootfs/` beside the config: a static busybox and its links, for `FROM scratch` + `COPY rootfs /`. */
export async function writeBusyboxRoot(folder: string): Promise<void> {
  await mkdir(path.join(folder, 'rootfs/bin'), { recursive: true });
  await mkdir(path.join(folder, 'rootfs/tmp'), { recursive: true });
  await copyFile('/bin/busybox', path.join(folder, 'rootfs/bin/busybox'));
  for (const applet of [
    'sh',
    'sleep',
    'cat',
    'echo',
    'true',
    'false',
    'httpd',
    'wget',
    'ls',
    'mkdir',
    'touch',
    'id',
    'env',
    'nc',
    'test',
    'hostname',
    'stty',
    'seq',
    'kill',
    'ps',
    'stat',
  ])
    await symlink('busybox', path.join(folder, 'rootfs/bin', applet));
}

/** The Dockerfile that goes with `writeBusyboxRoot`. */
export const busyboxDockerfile = 'FROM scratch\nCOPY rootfs /\nENV PATH=/bin\n';

/**
 * `SCENARIO_ENGINE=unix:///run/docker.sock`: the stories run on that engine instead of ours. They then share its containers,
 * so that each project has a name of its own.
 */
export const foreignEngine = process.env.SCENARIO_ENGINE?.replace(/^unix:\/\//, '');

/** Runs a story of what only our engine has or is; on another engine it is skipped, and `why` is told. */
export function runOnOwnEngine(story: { run(): void }, name: string, why: string): void {
  if (!foreignEngine) {
    story.run();
    return;
  }
  const skipped = suite(`${name}: skipped on this engine`);
  skipped.skip(why, () => {});
  skipped.run();
}

/** `busyboxImage` on the project's engine, without a build. */
export async function giveBusybox(project: TestProject): Promise<void> {
  if (!foreignEngine) {
    const { code, output } = await project.devenv('engine', 'start');
    if (code !== 0) throw new Error(output);
  }
  await importBusybox({
    request: (method, url, body, headers) => requestOn(project.socket, method, url, body, headers),
  });
}

export async function makeProject(files: Readonly<Record<string, string>> = {}): Promise<TestProject> {
  const top = await mkdtemp('/var/tmp/devenv-test-');
  const folder = path.join(top, 'shop');
  const home = path.join(top, 'home');
  const runtime = path.join(top, 'run');
  await mkdir(folder, { recursive: true });
  await writeAll(folder, files);
  const env: NodeJS.ProcessEnv = { ...process.env, DEVENV_HOME: home, DEVENV_RUNTIME_DIR: runtime, NO_COLOR: '1' };
  for (const name of [
    'NODE_EXTRA_CA_CERTS',
    'DEVENV_ENGINE',
    'DOCKER_HOST',
    'COMPOSE_FILE',
    'COMPOSE_PROJECT_NAME',
    'CI',
  ])
    delete env[name];
  if (foreignEngine) {
    env.DEVENV_ENGINE = `unix://${foreignEngine}`;
    env.COMPOSE_PROJECT_NAME = `shop${path.basename(top).replace(/\W/g, '').toLowerCase()}`;
  }
  return {
    folder,
    env,
    home,
    name: env.COMPOSE_PROJECT_NAME ?? 'shop',
    socket: foreignEngine ?? path.join(runtime, 'engine.sock'),
    devenv: (...args) => begin(folder, env, args).done,
    begin: (...args) => begin(folder, env, args),
    inTerminal: (...args) => begin(folder, env, args, ['sh', '-c', 'script -qefc "$*" /dev/null', 'sh']).done,
    beginInNamespace: (line, ...args) =>
      begin(folder, env, args, ['unshare', '--user', '--map-root-user', 'sh', '-c', line, 'sh']),
    write: (more) => writeAll(folder, more),
    async remove() {
      const end = foreignEngine ? ['down', '--volumes', '--remove-orphans', '-t', '0'] : ['engine', 'stop', '--force'];
      await begin(foreignEngine ? folder : '/', env, end).done;
      await rm(top, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** A restart, an exec or a removal takes Docker's engine tens of times as long as ours. */
const patience = foreignEngine ? 4 : 1;

/** Asks again until `probe` gives a truthy value; throws with `what` after `limitMs`, or more on an engine that is slower. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  limitMs = 15_000,
): Promise<T> {
  const patientMs = limitMs * patience;
  const until = Date.now() + patientMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > until) throw new Error(`${what}: not within ${patientMs / 1000} s`);
    await sleep(50);
  }
}

/** A port of 127.0.0.1 that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Rows of a `--format json` answer: one object a line, or one array. */
export function rows<T = Record<string, unknown>>(text: string): T[] {
  const trimmed = text.trim();
  if (trimmed.startsWith('[')) return JSON.parse(trimmed) as T[];
  return trimmed
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}
