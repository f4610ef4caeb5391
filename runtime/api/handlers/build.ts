/** `POST /build` as the classic builder's clients speak it, and its cache. */

import { checkBuild } from '../../engine/build-check.js';
import type { BuildEvent, BuildOptions } from '../../engine/build-context.js';
import { takeNamedContexts } from '../../engine/build-named.js';
import { BuildFailure } from '../../engine/build-plan.js';
import type { Engine } from '../../engine/engine.js';
import { familiarReference, layerRoots, parsePlatform, referenceOf, tellImage } from '../../engine/images.js';
import { EngineError } from '../../errors.js';
import { registryConfig } from '../credentials.js';
import { int, list, map, nullable, object, string, stringMap, strings } from '../decode.js';
import { encodeBuildEvent } from '../encode/build.js';
import { ClassicLines } from '../encode/classic-build.js';
import { type Answer, type Call, ok, type Route, streamed } from '../routes.js';
import { JsonStream } from '../streams.js';
import type { ProgressMessage } from '../wire.js';
import { type BuildBody, readBuildBody } from './build-body.js';
import { namedContexts, openRequestContext, readInputs } from './build-inputs.js';
import type { OpenBuildKit } from './buildkit.js';
import { readPruneFilters } from './prune-filters.js';

const ulimits = list(object({ Name: string, Soft: int, Hard: int }));

export function buildRoutes(engine: Engine, buildkit: OpenBuildKit): Route[] {
  return [
    { method: 'POST', path: '/build', handle: (call) => choose(engine, buildkit, call) },
    { method: 'POST', path: '/build/prune', handle: (call) => prune(engine, call) },
  ];
}

/** `/build` takes hosts as a comma-separated list, as the docker command sends them. */
function extraHosts(call: Call): string[] {
  return call.query
    .all('extrahosts')
    .flatMap((text) => text.split(','))
    .filter((entry) => entry !== '');
}

/** Clients say whose words they understand: the classic builder's, or BuildKit's (`version=2`). */
async function choose(engine: Engine, buildkit: OpenBuildKit, call: Call): Promise<typeof streamed> {
  if (call.query.text('version') !== '2') return build(engine, call);
  return (await buildkit()).build(call);
}

type Parameters = Omit<BuildOptions, 'contextDirectory' | 'dockerfile'>;

function readParameters(call: Call, sent: BuildBody | undefined): Parameters {
  const { query } = call;
  const platform = parsePlatform(query.text('platform'));
  const target = query.text('target');
  query.json('cachefrom', strings, 'error reading cache-from');
  const isolation = query.text('isolation');
  if (isolation !== '' && isolation !== 'default')
    throw new EngineError('invalid', `unsupported isolation: ${JSON.stringify(isolation)}`);
  const builder = query.text('version');
  if (!['', '1', '2'].includes(builder)) throw new EngineError('invalid', `invalid version ${JSON.stringify(builder)}`);
  const shmBytes = query.int('shmsize');
  return {
    buildArgs: withoutNull(query.json('buildargs', map(nullable(string)), 'error reading build args') ?? {}),
    labels: query.json('labels', stringMap, 'error reading labels') ?? {},
    tags: query
      .all('t')
      .filter((name) => name !== '')
      .map((name) => familiarReference(referenceOf(name, '')!)),
    ...(platform ? { platform } : {}),
    ...(target ? { target } : {}),
    noCache: query.bool('nocache'),
    pull: query.bool('pull'),
    network: networkOf(query.text('networkmode')),
    extraHosts: extraHosts(call),
    ...(shmBytes ? { shmBytes } : {}),
    ulimits: (query.json('ulimits', ulimits, 'error reading ulimit settings') ?? []).map(
      ({ Name = '', Soft = 0, Hard = 0 }) => ({
        name: Name,
        soft: Soft,
        hard: Hard,
      }),
    ),
    cgroupParent: query.text('cgroupparent'),
    auths: registryConfig(call),
    squash: query.bool('squash'),
    ...readInputs(call, sent),
  };
}

/** An argument without a value takes the one of the engine's environment at Docker; ours has none to give. */
function withoutNull(args: Readonly<Record<string, string | null>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(args).map(([key, value]) => [key, value ?? undefined]));
}

const networkOf = (mode: string) => (mode === '' || mode === 'bridge' ? 'default' : mode);

/** Who hears of a build, and in whose words it ends when it failed. */
type Teller = Pick<ClassicLines, 'take' | 'failed'>;

/** Our own command is told everything at once, with the place of a mistake; other clients as the classic builder does. */
function tellerOf(call: Call, { lines, isOurs }: { lines: JsonStream; isOurs: boolean }): Teller {
  const quiet = call.query.bool('q');
  const say = (message: ProgressMessage) => void lines.write(message);
  if (!isOurs) {
    const removesFailed = call.query.bool('forcerm');
    const removes = removesFailed || call.query.text('rm') === '' || call.query.bool('rm');
    return new ClassicLines(say, { quiet, removes, removesFailed });
  }
  return { take: (event) => encodeBuildEvent(event, quiet).forEach(say), failed: (error) => error };
}

async function build(engine: Engine, call: Call): Promise<typeof streamed> {
  const sent = await readBuildBody(call);
  const parameters = readParameters(call, sent);
  const lines = new JsonStream(call);
  const isOurs = sent !== undefined || call.query.text('localcontext') !== '';
  const told = tellerOf(call, { lines, isOurs });
  const context = await openRequestContext(engine, call, sent);
  try {
    if (call.query.bool('check')) {
      await lines.write({ aux: { check: await checkBuild(engine, context, parameters) } });
      lines.end();
      return streamed;
    }
    const named = await takeNamedContexts(engine, namedContexts(call), call.signal);
    const { directory: contextDirectory, tree: contextTree, dockerfile } = context;
    const onEvent = (event: BuildEvent) => {
      told.take(event);
      if (event.kind === 'tagged') tellTagged(engine, event.name);
    };
    const builder = await engine.foundations.builder();
    try {
      const where = { contextDirectory, ...(contextTree ? { contextTree } : {}), dockerfile };
      await builder.build({ ...parameters, ...named, ...where }, onEvent, call.signal);
    } finally {
      await named.discard();
    }
    lines.end();
  } catch (error) {
    // `docker build` ends as the command did
    await lines.fail(told.failed(error), error instanceof BuildFailure ? error.run?.exitCode : undefined);
  } finally {
    await context.discard();
  }
  return streamed;
}

function tellTagged(engine: Engine, name: string): void {
  const image = engine.foundations.images.find(name);
  if (image) tellImage(engine, 'tag', image.id, name, image);
}

const spaceKeys = ['keep-storage', 'reserved-space', 'max-used-space', 'min-free-space'] as const;

function spaceOf(call: Call, key: string): number {
  try {
    return call.query.int(key) ?? 0;
  } catch (cause) {
    const { message } = cause as Error;
    const said = `${key} is in bytes and expects an integer, got ${call.query.text(key)}: ${message}`;
    throw new EngineError('invalid', said, { cause });
  }
}

async function prune(engine: Engine, call: Call): Promise<Answer> {
  const where = readPruneFilters(call);
  const [keepStorage, reserved, most] = spaceKeys.map((key) => spaceOf(call, key));
  const keepBytes = Math.max(keepStorage!, reserved!, most!);
  const builder = await engine.foundations.builder();
  const { deleted, reclaimedBytes } = await builder.prune({ ...(where ? { where } : {}), keepBytes });
  await engine.foundations.images.collect(await layerRoots(engine));
  engine.events.publish('builder', 'prune', '', { reclaimed: String(reclaimedBytes) });
  return ok({ CachesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimedBytes });
}
