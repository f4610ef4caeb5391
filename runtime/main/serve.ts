/**
 * The engine's process: one a runtime folder, ready when its socket answers, gone when nothing runs and nobody asks.
 * Ends with 0 also when another engine has the folder already: what the caller wanted is there.
 */
import { readdirSync, rmSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import v8 from 'node:v8';
import { engineRoutes } from '../api/handlers/all.js';
import { serverHeader } from '../api/product.js';
import { ApiServer } from '../api/server.js';
import type { EnginePaths } from '../engine/types.js';
import { readEngineConfig } from './engine-config.js';
import { idleLimitMs, leaveWhenIdle, onceQuiet } from './idle.js';
import { killAll } from './kill-all.js';
import { deepListener } from './listener.js';
import { type EngineLock, lockHolder, takeLock } from './lock.js';
import { makeLog } from './log.js';
import { devenvVersion, launcherBinary, openParts } from './open.js';
import { ownerCheck } from './owner-check.js';
import { enginePaths, makeFolders } from './paths.js';
import { enterNamespaces, mustEnter, outsideUid } from './rootless.js';
import { readTlsMaterial } from './tcp-hosts.js';

/** What is asked to end has this long before it is cut off. */
const leaveLimitMs = 10_000;

/** What the first requests needed is known by then. */
const QUIET_EVERY_MS = 5000;

/** Nice values that the engine is ahead of its containers. */
const AHEAD = 5;

const log = makeLog(process.stderr);

async function serve(paths: EnginePaths, lock: EngineLock, whenQuiet: () => void): Promise<void> {
  const { engine, environment, hosts, launcher, close } = await openParts({ paths, env: process.env, log });
  const product = { version: devenvVersion() };
  let leaving = false;
  let keep: () => void = () => undefined;
  const leave = async (why: string, force = false) => {
    if (leaving) return;
    leaving = true;
    log(`leaving: ${why}`);
    const gone = (code: number) => {
      lock.release();
      process.exit(code);
    };
    setTimeout(() => gone(1), leaveLimitMs).unref();
    try {
      await server.close();
      rmSync(paths.socket, { force: true });
      if (force) await killAll(engine);
      await close();
      keep();
    } catch (error) {
      log(`leaving: ${error instanceof Error ? error.stack : String(error)}`);
      gone(1);
    }
    gone(0);
  };
  const routes = engineRoutes({
    engine,
    product,
    environment,
    log,
    shutdown: (why, force) => void leave(why, force),
  });
  const server = new ApiServer({ routes, product: serverHeader(product), log, refuse: ownerCheck(launcher, log) });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void leave(signal));
  // A socket that a killed engine left; nobody else can be listening while we have the lock.
  rmSync(paths.socket, { force: true });
  await server.listen((await deepListener(launcherBinary(process.env), paths.socket)) ?? paths.socket);
  for (const host of hosts) {
    await server.listenTls(host, readTlsMaterial(host));
    log(`clients with a certificate are served on ${host.host}, port ${host.port}`);
  }
  beQuick();
  log(`devenv ${product.version} serves ${paths.socket}`);
  keep = onceQuiet(QUIET_EVERY_MS, () => server.activity.quietMs(), whenQuiet);
  leaveWhenIdle({
    limitMs: idleLimitMs(process.env.DEVENV_ENGINE_IDLE_SECONDS),
    quietMs: () => server.activity.quietMs(),
    // Nobody could start it again from another machine.
    isNeeded: () =>
      hosts.length > 0 || engine.containers.all().some(({ record: { state } }) => state.Running || state.Restarting),
    leave: () => void leave('nothing runs and nobody asks'),
  });
}

/**
 * What runs from here on is used again and again: compiled at its first use, it costs a sixth less, and with what the
 * optimizer needs gathered from the first use on, a tenth less again. And the engine's one thread answers all clients, so
 * that it goes before the containers that it runs (they get the launcher's priority), and so do those that collect its
 * garbage: it waits for them, a tenth of a second where a push's compression has all processors. What read buffers hold is
 * given back in the collection itself: by a thread of its own, as usual, it comes so late that V8 takes the process for full
 * of them and collects everything again and again, most of the engine's time while a stream passes through it.
 */
function beQuick(): void {
  v8.setFlagsFromString('--always-sparkplug');
  v8.setFlagsFromString('--no-lazy-feedback-allocation');
  v8.setFlagsFromString('--no-concurrent-array-buffer-sweeping');
  try {
    const priority = Math.max(getPriority() - AHEAD, -20);
    // A nice value is a thread's own, whatever setpriority(2) says of processes.
    for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), priority);
  } catch {
    // Only root may.
  }
}

/** Ends the process with 1 when it cannot serve. `whenQuiet` is called once, when nobody waits for an answer. */
export async function main(whenQuiet: () => void = () => undefined): Promise<void> {
  try {
    await start(whenQuiet);
  } catch (error) {
    log(`cannot start: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}

async function start(whenQuiet: () => void): Promise<void> {
  process.umask(0o022);
  process.on('SIGHUP', () => undefined);
  // Containers have monitors of their own: going on after a bug serves them better than ending.
  process.on('uncaughtException', (error) => log(`bug: ${error.stack}`));
  process.on('unhandledRejection', (error) => log(`bug: ${error instanceof Error ? error.stack : String(error)}`));
  const paths = enginePaths(process.env, outsideUid(process.env));
  await makeFolders(paths);
  if (mustEnter(process.env)) {
    // What is wrong in it is said before there are namespaces, which would stay.
    readEngineConfig(paths.home, process.env);
    const detach = process.argv[2] === 'detach';
    process.exit(
      await enterNamespaces({ paths, env: process.env, launcher: launcherBinary(process.env), log, detach }),
    );
  }
  const lock = await takeLock(paths.runtime);
  if (!lock) {
    log(`an engine serves ${paths.socket} already (${lockHolder(paths.runtime)})`);
    process.exit(0);
  }
  await serve(paths, lock, whenQuiet);
}
