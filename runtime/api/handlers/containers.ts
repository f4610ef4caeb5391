/** Containers: create, list, inspect and the turns of their life. */
import type { Container } from '../../engine/container.js';
import { containerSizes, containerView, networkViews, readableLog } from '../../engine/container-view.js';
import { createContainer } from '../../engine/create.js';
import type { Engine } from '../../engine/engine.js';
import { parsePlatform } from '../../engine/images.js';
import { killContainer, parseKillSignal } from '../../engine/kill.js';
import { linkNames, linkParents, removeLink } from '../../engine/links.js';
import { CONTAINER_FILTERS, listContainers } from '../../engine/list.js';
import { pauseContainer, unpauseContainer } from '../../engine/pause.js';
import { publishedPorts } from '../../engine/ports.js';
import { pruneContainers } from '../../engine/prune.js';
import { removeContainer } from '../../engine/remove.js';
import { renameContainer } from '../../engine/rename.js';
import { startContainer } from '../../engine/start.js';
import { restartContainer, stopContainer } from '../../engine/stop.js';
import { topContainer } from '../../engine/top.js';
import { updateContainer } from '../../engine/update.js';
import { parseWaitCondition, waitContainer } from '../../engine/wait.js';
import { EngineError } from '../../errors.js';
import { encodeInspect, encodeSummary } from '../encode/containers.js';
import { readShape, requireShape } from '../request.js';
import { type Answer, type Call, created, noContent, ok, type Route, streamed } from '../routes.js';
import { openStream } from '../streams.js';
import { createIn, deprecationsIn, inspectIn, updateIn } from '../versions/containers.js';
import type { ContainerSummary } from '../wire.js';
import {
  configOf,
  createBody,
  hostConfigOf,
  networksOf,
  resourcesOf,
  restartPolicyOf,
  updateBody,
} from './container-bodies.js';
import { logRoutes } from './logs.js';

type Work = (engine: Engine, container: Container, call: Call) => Promise<Answer | typeof streamed>;

/** Work that looks for the container itself, behind its parameters: what is wrong with those is told first. */
type Search = (engine: Engine, call: Call) => Promise<Answer | typeof streamed>;

export function containerRoutes(engine: Engine): Route[] {
  const search = (method: Route['method'], what: string, work: Search): Route => ({
    method,
    path: `/containers/:id*${what}`,
    handle: (call) => work(engine, call),
  });
  const on = (method: Route['method'], what: string, work: Work): Route =>
    search(method, what, (_, call) => work(engine, containerOf(engine, call), call));
  return [
    { method: 'GET', path: '/containers/json', handle: (call) => list(engine, call) },
    { method: 'POST', path: '/containers/create', handle: (call) => create(engine, call) },
    { method: 'POST', path: '/containers/prune', handle: (call) => prune(engine, call) },
    on('GET', '/json', inspect),
    on('GET', '/top', top),
    search('POST', '/start', start),
    search('POST', '/stop', stop),
    search('POST', '/restart', restart),
    search('POST', '/kill', kill),
    on('POST', '/pause', pause),
    on('POST', '/unpause', unpause),
    search('POST', '/rename', rename),
    search('POST', '/update', update),
    search('POST', '/wait', wait),
    search('DELETE', '', remove),
    ...logRoutes({ engine, logFile: (container) => readableLog(engine, container) }),
  ];
}

async function create(engine: Engine, call: Call): Promise<Answer> {
  const body = createIn(call.version, await requireShape(call, createBody, 'ContainerConfigWrapper'));
  const platform = call.query.text('platform');
  const { container, warnings } = await createContainer(engine, {
    name: call.query.text('name') || undefined,
    platform: platform === '' ? undefined : parsePlatform(platform),
    config: configOf(body),
    hostConfig: hostConfigOf(body.HostConfig ?? {}),
    networks: networksOf(body),
  });
  return created({ Id: container.id, Warnings: [...deprecationsIn(call.version, body), ...warnings] });
}

async function list(engine: Engine, call: Call): Promise<Answer> {
  const { query } = call;
  const found = listContainers(engine, {
    all: query.bool('all'),
    limit: query.int('limit') ?? 0,
    filters: query.filters(CONTAINER_FILTERS),
  });
  return ok(await summariesOf(engine, found, query.bool('size')));
}

/** Lines of `docker ps`, also for what fills the disk. */
export function summariesOf(
  engine: Engine,
  containers: readonly Container[],
  wantsSizes: boolean,
): Promise<ContainerSummary[]> {
  const nowMs = Date.now();
  const images = new Map<string, string>();
  const parents = linkParents(engine);
  const summary = async (container: Container) => {
    const { running, config } = container.record;
    const isUp = container.isRunning && running !== undefined;
    const networks = networkViews(engine, container);
    const ports = isUp ? publishedPorts(config.ExposedPorts, running.ports) : {};
    const sizes = wantsSizes ? await containerSizes(engine, container) : undefined;
    return encodeSummary(
      { container, networks, ports },
      { nowMs, sizes, names: linkNames(engine, container, parents), imageName: imageName(engine, container, images) },
    );
  };
  return Promise.all(containers.map(summary));
}

/** As the client named it, as long as that name still means the same image; one look-up a name. */
function imageName(engine: Engine, container: Container, known: Map<string, string>): string {
  const { config, imageId } = container.record;
  let id = known.get(config.Image);
  if (id === undefined) {
    id = engine.foundations.images.find(config.Image)?.id ?? '';
    known.set(config.Image, id);
  }
  return id === imageId ? config.Image : imageId;
}

async function inspect(engine: Engine, container: Container, call: Call): Promise<Answer> {
  const sizes = call.query.bool('size') ? await containerSizes(engine, container) : undefined;
  return ok(inspectIn(call.version, encodeInspect(containerView(engine, container), sizes)));
}

const containerOf = (engine: Engine, call: Call): Container => engine.containers.get(call.params.id!);

async function start(engine: Engine, call: Call): Promise<Answer> {
  if (call.query.text('checkpoint') !== '')
    throw new EngineError('invalid', 'checkpoint is only supported in experimental mode');
  await startContainer(engine, containerOf(engine, call));
  return noContent;
}

function stopOptions(call: Call) {
  return { timeoutSeconds: call.query.int('t'), signal: call.query.text('signal') || undefined };
}

/** A bad request is a failure of the daemon's here, as for Docker; what was being done stands before every failure. */
async function told(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (!(cause instanceof EngineError) || cause.kind === 'not-modified') throw cause;
    throw new EngineError(cause.kind === 'invalid' ? 'system' : cause.kind, `${what}: ${cause.message}`, { cause });
  }
}

async function stop(engine: Engine, call: Call): Promise<Answer> {
  const options = stopOptions(call);
  const container = containerOf(engine, call);
  await told(`cannot stop container: ${call.params.id}`, () => stopContainer(engine, container, options));
  return noContent;
}

async function restart(engine: Engine, call: Call): Promise<Answer> {
  const options = stopOptions(call);
  const container = containerOf(engine, call);
  await told(`Cannot restart container ${call.params.id}`, () => restartContainer(engine, container, options));
  return noContent;
}

/** Every failure is told of what the client called it. */
async function kill(engine: Engine, call: Call): Promise<Answer> {
  const reference = call.params.id!;
  try {
    const signal = parseKillSignal(call.query.text('signal'));
    await killContainer(engine, containerOf(engine, call), signal);
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    throw new EngineError(cause.kind, `cannot kill container: ${reference}: ${cause.message}`, { cause });
  }
  return noContent;
}

async function pause(engine: Engine, container: Container): Promise<Answer> {
  await pauseContainer(engine, container);
  return noContent;
}

async function unpause(engine: Engine, container: Container): Promise<Answer> {
  await unpauseContainer(engine, container);
  return noContent;
}

async function rename(engine: Engine, call: Call): Promise<Answer> {
  const name = call.query.text('name');
  if (name === '') throw new EngineError('invalid', 'Neither old nor new names may be empty');
  await renameContainer(engine, containerOf(engine, call), name);
  return noContent;
}

async function update(engine: Engine, call: Call): Promise<Answer> {
  const body = updateIn(call.version, await readShape(call, updateBody, 'UpdateConfig'));
  const container = containerOf(engine, call);
  const { RestartPolicy, ...resources } = body;
  const warnings = await updateContainer(engine, container, {
    resources: resourcesOf(resources),
    restartPolicy: RestartPolicy?.Name ? restartPolicyOf(RestartPolicy) : undefined,
  });
  return ok({ Warnings: warnings.length > 0 ? warnings : null });
}

async function top(engine: Engine, container: Container, call: Call): Promise<Answer> {
  return ok(await topContainer(engine, container, call.query.text('ps_args')));
}

/** The head goes out at once: clients ask before they start, and wait for it. */
async function wait(engine: Engine, call: Call): Promise<typeof streamed> {
  const condition = parseWaitCondition(call.query.text('condition'));
  const result = waitContainer(containerOf(engine, call), condition, call.signal);
  const out = openStream(call, 'application/json');
  out.end(
    await result.then(
      (answer) => `${JSON.stringify(answer)}\n`,
      () => '',
    ),
  );
  return streamed;
}

async function remove(engine: Engine, call: Call): Promise<Answer> {
  const { query } = call;
  const reference = call.params.id!;
  if (query.bool('link')) await removeLink(engine, reference);
  else
    await removeContainer(engine, engine.containers.get(reference), {
      force: query.bool('force'),
      volumes: query.bool('v'),
      reference,
    });
  return noContent;
}

async function prune(engine: Engine, call: Call): Promise<Answer> {
  const { deleted, reclaimedBytes } = await pruneContainers(engine, call.query.filters(['label', 'label!', 'until']));
  return ok({ ContainersDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimedBytes });
}
