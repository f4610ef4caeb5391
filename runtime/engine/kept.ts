/**
 * A restart that keeps what a client could not tell from new: the network namespace with its interfaces and addresses,
 * the proxies of the ports, the mounted root. Groups, processes and all other namespaces and mounts are made anew.
 */
import { dockerCapabilities } from '../launch/capabilities.js';
import { LaunchError, type Monitor } from '../launch/types.js';
import type { Container } from './container.js';
import { type Connected, endpointRequests, releaseEndpoints } from './endpoints.js';
import type { Engine } from './engine.js';
import type { RunningRecord } from './types.js';

/** What stays of a run that a restart is ending. */
export interface Kept {
  readonly monitor: Monitor;
  readonly connected: Connected;
}

/** With these a process can change its interfaces, routes and packet filters, or how its root is mounted. */
const CHANGING = ['NET_ADMIN', 'SYS_ADMIN'];

/** For a running container that is about to be ended and started. It is kept when everything speaks for it. */
export async function keepForRestart(engine: Engine, container: Container): Promise<void> {
  const { monitor } = container;
  const { running, state } = container.record;
  if (monitor === undefined || running === undefined || state.Paused || state.Restarting) return;
  // Its monitor's children are born in the container's pid namespace, and only the machine's root comes back from there.
  if (engine.foundations.launcher.machine.rootless !== undefined) return;
  if (!container.isUntouched || !isConfined(container) || !sharesNoPorts(engine, container, running)) return;
  if (!isWiredAsWished(engine, container, running)) return;
  if (!(await monitor.keep())) return;
  const { endpoints, ports } = running;
  container.kept = { monitor, connected: { endpoints, ports, interfaces: [] } };
}

function isConfined({ record: { hostConfig: host } }: Container): boolean {
  const isOwn = (mode: string) => mode !== 'host' && !mode.startsWith('container:');
  if (!isOwn(host.NetworkMode) || !isOwn(host.PidMode)) return false;
  const held = dockerCapabilities({ add: host.CapAdd ?? [], drop: host.CapDrop ?? [], privileged: host.Privileged });
  return !CHANGING.some((name) => held.includes(name));
}

/** A hand-over leaves sockets of one container with the proxy of another. */
function sharesNoPorts(engine: Engine, { id }: Container, running: RunningRecord): boolean {
  if (running.behind || running.gaveAway || running.tookOver) return false;
  return engine.containers.all().every(({ record }) => record.running?.behind?.id !== id);
}

/** What it was attached with is what it would be attached with now: networks, names, addresses, links. */
function isWiredAsWished(engine: Engine, container: Container, running: RunningRecord): boolean {
  try {
    const wishes = endpointRequests(engine, container);
    return JSON.stringify(wishes) === JSON.stringify(running.endpoints.map(({ request }) => request));
  } catch {
    // A network or a linked container is gone: for the start to say.
    return false;
  }
}

/** Nothing is kept, or not any more: the start goes on from there. */
export function takeKept(container: Container): Kept | undefined {
  const { kept } = container;
  container.kept = undefined;
  return kept;
}

/** When the start did not come to it. */
export async function dropKept(engine: Engine, container: Container): Promise<void> {
  const kept = takeKept(container);
  if (kept === undefined) return;
  // It runs on: its end will find that nothing is to be kept.
  if (container.monitor === kept.monitor) void container.settled.then(() => kept.monitor.letGo());
  else {
    await kept.monitor.letGo();
    await releaseEndpoints(engine, container);
  }
}

/** Whether a failed relaunch says that nothing was kept after all, or that this kernel cannot: a start from the ground up may do. */
export function isLost(error: unknown): boolean {
  return (
    error instanceof LaunchError &&
    ['launcher', 'root.keep', 'mount.kept', 'network.kept', 'sockets.end'].includes(error.operation)
  );
}
