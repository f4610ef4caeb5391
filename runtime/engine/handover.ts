/**
 * One container takes the place of another that serves: it is started behind it, with the same listening sockets but
 * accepting nothing and without the names that others know; the hand-over then moves ports and names at once.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../errors.js';
import type { Container } from './container.js';
import { endpointRequests, publishingEndpoint } from './endpoints.js';
import type { Engine } from './engine.js';
import { tellProxy } from './proxy-process.js';
import { withoutSharedNames } from './shared-ports.js';

const DRAIN_POLL_MS = 10;
/** What nobody has accepted yet may be so long about it, whatever the caller says: whoever sent it was promised an answer. */
const ACCEPT_MS = 5000;
/** On a busy machine a connection that met the kernel's old map may be so long on its way. */
const QUIET_MS = 150;

/**
 * Ports and names go over to a container that was started behind another. New connections go to it from then on, and
 * those of before stay where they are. Waits at most `drainMs` for the other one to have none left.
 * Throws `conflict` when there is nothing to hand over, `system` when the kernel refused; nothing has changed then.
 */
export async function handOver(engine: Engine, container: Container, drainMs: number): Promise<void> {
  const other = await container.lock.run(() => moveLocked(engine, container));
  if (other?.isRunning) await drained(other, drainMs);
}

async function moveLocked(engine: Engine, container: Container): Promise<Container | undefined> {
  const { running, state } = container.record;
  if (!container.isRunning || running?.behind === undefined)
    throw new EngineError('conflict', `container ${container.name} was not started behind another one`);
  const other = engine.containers.find(running.behind.id);
  const ports = running.behind.ports;
  const endpoint = publishingEndpoint(
    engine,
    running.endpoints.map((held) => held.endpoint),
  );
  if (endpoint !== undefined && ports.length > 0)
    await engine.foundations.networks.republish(running.behind.id, container.id, ports, endpoint);
  await recordMove(engine, container, other);
  await tellProxy(engine, state.Pid, true);
  if (other?.isRunning) await tellProxy(engine, other.record.state.Pid, false);
  return other;
}

/** The one that gives is written first: an engine that dies between the two leaves one that another has to finish, see `finishHandover`. */
async function recordMove(engine: Engine, container: Container, other: Container | undefined): Promise<void> {
  const { networks } = engine.foundations;
  const { running } = container.record;
  const { behind, ...taking } = running!;
  const given = other?.record.running;
  if (other && given) {
    const requests = given.endpoints.map(({ request }) => withoutSharedNames(request));
    const endpoints = networks.answerTo(other.id, requests);
    await engine.save(other, { running: { ...given, ports: [], endpoints, gaveAway: true } });
  }
  const endpoints = networks.answerTo(container.id, endpointRequests(engine, container));
  await engine.save(container, { running: { ...taking, ports: behind!.ports, endpoints, tookOver: true } });
}

/** What an engine that died in the middle left undone, once all containers are taken over again. */
export async function finishHandover(engine: Engine, container: Container): Promise<void> {
  const { running, state } = container.record;
  if (running?.tookOver) await tellProxy(engine, state.Pid, true);
  if (running?.gaveAway) await tellProxy(engine, state.Pid, false);
  if (running?.behind === undefined) return;
  const other = engine.containers.find(running.behind.id);
  if (other?.isRunning !== true || other.record.running?.gaveAway) await handOver(engine, container, 0);
}

/** Whoever waits behind a container that has ended serves from now on: better early than nobody. */
export async function promoteNext(engine: Engine, ended: Container): Promise<void> {
  for (const container of engine.containers.all())
    if (container.record.running?.behind?.id === ended.id) await handOver(engine, container, 0).catch(() => undefined);
}

/** No connection is left on its ports, nor one that waits to be accepted; read from its own network namespace. */
async function drained({ record }: Container, drainMs: number): Promise<void> {
  const until = performance.now() + drainMs;
  const address = record.running?.endpoints.map(({ endpoint }) => endpoint.ipv4);
  if (address === undefined) return;
  const untilAccepted = drainMs === 0 ? until : Math.max(until, performance.now() + ACCEPT_MS);
  for (let quietSince = performance.now(); ; ) {
    await sleep(DRAIN_POLL_MS);
    const { open, waiting } = await connectionsOf(record.state.Pid);
    const now = performance.now();
    if (now > (waiting ? untilAccepted : until)) return;
    if (open || waiting) quietSince = now;
    else if (now - quietSince > QUIET_MS) return;
  }
}

/** proc_net(5): established, or closed with data that is still on its way; what waits for no more than time is none. */
const OPEN_STATES: ReadonlySet<string | undefined> = new Set(['01', '04', '08', '09', '0B']);
const [SYN_SENT, SYN_RECEIVED, LISTENS] = ['02', '03', '0A'];

interface Connections {
  /** To a port that is listened on. */
  readonly open: boolean;
  /** Also such as nobody has accepted yet: being opened, from elsewhere or by the proxy in here, or in a socket's queue. */
  readonly waiting: boolean;
}

async function connectionsOf(pid: number): Promise<Connections> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8').catch(() => '')),
  );
  const sockets = tables
    .flatMap((text) => text.split('\n').slice(1))
    .map((line) => {
      const [, local = '', remote = '', state = '', queues = ''] = line.trim().split(/\s+/);
      return { local: local.split(':')[1], remote: remote.split(':')[1], state, received: queues.split(':')[1] };
    });
  const listening = new Set(sockets.filter(({ state }) => state === LISTENS).map(({ local }) => local));
  const toIt = sockets.filter(({ local, remote, state }) => listening.has(state === SYN_SENT ? remote : local));
  return {
    open: toIt.some(({ state }) => OPEN_STATES.has(state)),
    waiting: toIt.some(
      ({ state, received = '0' }) =>
        state === SYN_SENT || state === SYN_RECEIVED || (state === LISTENS && Number.parseInt(received, 16) > 0),
    ),
  };
}
