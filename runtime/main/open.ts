/** Puts the engine together: every part is made here, once, and handed to those that stand on it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Builder, BuilderOptions, StepRequest } from '../build/types.js';
import type { Download } from '../engine/download.js';
import { type Engine, instanceName } from '../engine/engine.js';
import { removeEngineGroup } from '../engine/group-removal.js';
import { openEngine } from '../engine/open.js';
import type { EnginePaths, InstallPackages } from '../engine/types.js';
import { openImageStore } from '../images/store.js';
import type { ImageStoreOptions } from '../images/types.js';
import { interfaceOps } from '../launch/interface-ops.js';
import { openLauncher } from '../launch/launcher.js';
import type { Launcher } from '../launch/types.js';
import { openNetworks } from '../network/networks.js';
import { openSnapshots } from '../snapshots/snapshots.js';
import { openStore } from '../state/lmdb-store.js';
import { readEngineConfig } from './engine-config.js';
import { makePackageInstaller } from './packages.js';
import type { Environment } from './paths.js';
import { outsideUid, releaseNamespaces, rootlessMachine } from './rootless.js';
import type { TcpHost } from './tcp-hosts.js';

/** The repository's or the package's root: this file is `dist/runtime/main/open.js` in it. */
export const packageRoot = fileURLToPath(new URL('../../../', import.meta.url));

/** The launcher's executable; `DEVENV_LAUNCHER` names another build of it, such as the one with sanitizers. */
export function launcherBinary(env: Environment): string {
  return env.DEVENV_LAUNCHER || path.join(packageRoot, 'runtime/launcher/build/launcher');
}

export function devenvVersion(): string {
  const text = readFileSync(path.join(packageRoot, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

export interface OpenedEngine {
  readonly engine: Engine;
  /** The process' variables, and what the configuration files say in their place. */
  readonly environment: Environment;
  /** Where clients of other machines are listened for. */
  readonly hosts: readonly TcpHost[];
  readonly launcher: Launcher;
  /** Containers go on. */
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly paths: EnginePaths;
  readonly env: Environment;
  readonly log: (text: string) => void;
}

export async function openParts({ paths, env, log }: OpenOptions): Promise<OpenedEngine> {
  const { home } = paths;
  const config = readEngineConfig(home, env);
  const store = openStore(path.join(home, 'state'));
  const binary = launcherBinary(env);
  const rootless = await rootlessMachine({ paths, env, launcher: binary, log });
  const launcher = await openLauncher({
    binary,
    socketDirectory: paths.runtime,
    ...(rootless && { rootless }),
  });
  const installPackages = makePackageInstaller((args) => launcher.spawn([...args]), log, outsideUid(env));
  const snapshots = await openSnapshots({
    home,
    launcher,
    ...(config.storageDriver && { driver: config.storageDriver }),
    ...(rootless && { userXattr: true, oneOwner: !rootless.hasRange }),
  });
  const images = await openImageStore({
    home,
    store,
    snapshots,
    environment: config.environment,
    digestOfFile: (file) => launcher.digest(file),
    layerLimitBytes: config.layerLimitBytes,
    fallback: lazyFallback(home, installPackages),
  });
  const networks = openNetworks({ store, launcher, paths, interfaceOps, install: installPackages, say: log });
  await networks.open();
  // It runs its steps through the engine, which stands on it: that is known by the time a step runs.
  const builder = lazyBuilder(
    { home, store, snapshots, images, launcher, runStep: (request) => runStep(engine, request) },
    config.environment,
  );
  const download = lazyDownload(config.environment);
  const foundations = { paths, store, launcher, snapshots, images, networks, builder, installPackages, download };
  const engine = await openEngine(foundations);
  const close = async () => {
    engine.leaving = true;
    // Each is closed whatever becomes of the others: a launcher that has died must not keep the store or the lock.
    const closed = await Promise.allSettled([networks.close()]);
    closed.push(
      ...(await Promise.allSettled([launcher.close(), removeEngineGroup(engine.cgroups, instanceName(paths.runtime))])),
    );
    closed.push(...(await Promise.allSettled([store.close()])));
    const isEmpty = !engine.containers.all().some(({ isRunning }) => isRunning);
    if (rootless && isEmpty) releaseNamespaces(rootless);
    for (const one of closed) if (one.status === 'rejected') log(`leaving: ${messageOf(one.reason)}`);
  };
  return { engine, environment: config.environment, hosts: config.hosts, launcher, close };
}

async function runStep(engine: Engine, request: StepRequest) {
  const { makeStepRunner } = await import('../engine/step-runner.js');
  return makeStepRunner(engine)(request);
}

/** Loaded when something is first fetched. */
function lazyDownload(environment: Environment): Download {
  let opened: Promise<Download> | undefined;
  return async (url, signal) => {
    opened ??= import('../engine/build-fetch.js').then(({ openDownload }) => openDownload(environment));
    return (await opened)(url, signal);
  };
}

function lazyBuilder(
  options: Omit<BuilderOptions, 'fetch'>,
  environment: OpenedEngine['environment'],
): () => Promise<Builder> {
  let opened: Promise<Builder> | undefined;
  const open = async () => {
    const [{ openBuilder }, { openBuildFetch }] = await Promise.all([
      import('../build/builder.js'),
      import('../engine/build-fetch.js'),
    ]);
    return openBuilder({ ...options, fetch: openBuildFetch(environment) });
  };
  return () => {
    opened ??= open();
    return opened;
  };
}

/** What makes images without a registry is loaded when a registry cannot be reached. */
function lazyFallback(home: string, install: InstallPackages): NonNullable<ImageStoreOptions['fallback']> {
  return async (reference, images, options) => {
    const { bootstrapFallback } = await import('../images/bootstrap.js');
    return bootstrapFallback(home, install)(reference, images, options);
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
