/** Two projects on one engine: one that faults happen around and nothing should touch, one that commands work on. */
import { randomBytes } from 'node:crypto';
import { busyboxRoot } from '../busybox.js';
import { requestOn } from '../engine.js';
import { digestText, type FakeRegistry, startFakeRegistry } from '../fake-registry.js';
import {
  busyboxDockerfile,
  type CommandResult,
  freePort,
  giveBusybox,
  makeProject,
  type TestProject,
  writeBusyboxRoot,
} from '../project.js';
import { tarOf } from '../tar.js';

export interface World {
  readonly project: TestProject;
  readonly registry: FakeRegistry;
  /** Host ports of `steady` and of `web`. */
  readonly ports: { readonly steady: number; readonly web: number };
  /** A command on the project that nothing should touch. */
  keep(...args: string[]): Promise<CommandResult>;
  /** JSON of a GET; throws with the answer when it is not 200. */
  get<T>(url: string): Promise<T>;
  /** Gives `app:1` at the registry a new content. */
  republish(): Promise<void>;
  /** Changes what a build copies. */
  touch(): Promise<void>;
  remove(): Promise<void>;
}

const keepConfig = (port: number) => `name: keep
services:
  steady:
    image: contract-busybox:1
    command: ["httpd", "-f", "-p", "80", "-h", "/etc"]
    stop_signal: SIGKILL
    restart: always
    ports: ["127.0.0.1:${port}:80"]
    volumes: ["kept:/kept"]
  talker:
    image: contract-busybox:1
    command: ["sh", "-c", "i=0; while true; do echo line $$i; i=$$((i+1)); usleep 100000; done"]
    stop_signal: SIGKILL
    restart: always
volumes: {kept: {}}
`;

const shopConfig = (port: number, registry: string) => `services:
  web:
    build: .
    command: ["httpd", "-f", "-p", "80"]
    stop_signal: SIGKILL
    ports: ["127.0.0.1:${port}:80"]
    healthcheck: {test: ["CMD", "true"], interval: 500ms}
  worker:
    build: .
    command: ["sh", "-c", "while true; do echo work; sleep 1; done"]
    stop_signal: SIGKILL
    depends_on: {web: {condition: service_healthy}}
  db:
    image: contract-busybox:1
    command: ["sleep", "100000"]
    stop_signal: SIGKILL
    volumes: ["data:/data"]
    networks: [default, back]
  job:
    image: contract-busybox:1
    command: ["sh", "-c", "for i in $$(seq 1 20); do echo row $$i; done; exit 7"]
  remote:
    image: ${registry}/app:1
    command: ["/bin/sleep", "100000"]
    stop_signal: SIGKILL
volumes: {data: {}}
networks: {back: {}}
`;

const dockerfile = `${busyboxDockerfile}COPY stamp /stamp
RUN sleep 0.4; cat /stamp > /built
`;

export async function makeWorld(): Promise<World> {
  const registry = await startFakeRegistry();
  const ports = { steady: await freePort(), web: await freePort() };
  const project = await makeProject({
    'devenv.yml': shopConfig(ports.web, registry.host),
    'keep.yml': keepConfig(ports.steady),
    Dockerfile: dockerfile,
    stamp: '0',
    '.dockerignore': 'devenv.yml\nkeep.yml\n',
  });
  await writeBusyboxRoot(project.folder);
  const base = await busyboxRoot();
  const world: World = {
    project,
    registry,
    ports,
    keep: (...args) => project.devenv('--file', 'keep.yml', ...args),
    async get<T>(url: string) {
      const { status, json, text } = await requestOn(project.socket, 'GET', url);
      if (status !== 200) throw new Error(`GET ${url}: ${status} ${text}`);
      return json as T;
    },
    republish: async () => publish(registry, [base, await tarOf({ stamp: randomBytes(150_000).toString('hex') })]),
    touch: () => project.write({ stamp: randomBytes(8).toString('hex') }),
    async remove() {
      await registry.close();
      await project.remove();
    },
  };
  await world.republish();
  await giveBusybox(project);
  return world;
}

function publish(registry: FakeRegistry, layers: readonly Buffer[]): void {
  const config = {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: layers.map(digestText) },
  };
  const put = (bytes: Buffer) => registry.putBlob(bytes);
  registry.putManifest('app', '1', {
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: {
      mediaType: 'application/vnd.docker.container.image.v1+json',
      ...put(Buffer.from(JSON.stringify(config))),
    },
    layers: layers.map((layer) => ({ mediaType: 'application/vnd.docker.image.rootfs.diff.tar', ...put(layer) })),
  });
}
