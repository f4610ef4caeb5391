/** What Docker's API has no word for; all of it below `/devenv`. */
import { pipeline } from 'node:stream/promises';
import { bootstrap } from '../../engine/bootstrap.js';
import type { Engine } from '../../engine/engine.js';
import { handOver } from '../../engine/handover.js';
import { packImageRoot } from '../../engine/image-root.js';
import { checkImages } from '../../engine/images.js';
import { startContainer } from '../../engine/start.js';
import { EngineError } from '../../errors.js';
import { encodeProgress } from '../encode/progress.js';
import { type Answer, type Call, ok, type Route, streamed } from '../routes.js';
import { JsonStream } from '../streams.js';
import { watchEventLoop } from './event-loop.js';

export interface DevenvOptions {
  readonly engine: Engine;
  readonly shutdown: (why: string, force: boolean) => void;
}

export function devenvRoutes(options: DevenvOptions): Route[] {
  return [
    { method: 'POST', path: '/devenv/images/bootstrap', handle: (call) => bootstrapNamed(options.engine, call) },
    { method: 'POST', path: '/devenv/check', handle: (call) => check(options.engine, call) },
    { method: 'GET', path: '/devenv/event-loop', handle: watchEventLoop },
    { method: 'GET', path: '/devenv/images/:name*/rootfs', handle: (call) => imageRoot(options.engine, call) },
    { method: 'POST', path: '/devenv/containers/:id/start', handle: (call) => startBehind(options.engine, call) },
    { method: 'POST', path: '/devenv/containers/:id/hand-over', handle: (call) => takeHandOver(options.engine, call) },
    { method: 'POST', path: '/devenv/shutdown', handle: (call) => shutdown(options, call) },
  ];
}

async function check(engine: Engine, call: Call): Promise<Answer> {
  return ok(await checkImages(engine, call.query.bool('repair')));
}

/** `behind`: a running container; the new one has neither its ports nor shared names until the hand-over. */
async function startBehind(engine: Engine, call: Call): Promise<Answer> {
  const behind = engine.containers.get(call.query.text('behind'));
  if (!behind.isRunning) throw new EngineError('conflict', `container ${behind.name} is not running`);
  await startContainer(engine, engine.containers.get(call.params.id!), { behind });
  return { status: 204 };
}

/** Answers when new connections go to it and, at most `drain` milliseconds later, the other one has none left. */
async function takeHandOver(engine: Engine, call: Call): Promise<Answer> {
  await handOver(engine, engine.containers.get(call.params.id!), call.query.int('drain') ?? 0);
  return { status: 204 };
}

async function bootstrapNamed(engine: Engine, call: Call): Promise<typeof streamed> {
  await streamBootstrap(engine, call, call.query.text('reference'));
  return streamed;
}

/** Also what `POST /images/create?bootstrap=true` does. */
export async function streamBootstrap(engine: Engine, call: Call, name: string): Promise<void> {
  const lines = new JsonStream(call);
  try {
    const image = await bootstrap(engine, name, {
      onProgress: (event) => void lines.write(encodeProgress(event)),
      signal: call.signal,
    });
    await lines.write({ aux: { ID: image.id } });
    lines.end();
  } catch (error) {
    await lines.fail(error);
  }
}

/** A tar, for outputs of builds. */
async function imageRoot(engine: Engine, call: Call): Promise<typeof streamed> {
  const tar = await packImageRoot(engine, call.params.name!);
  call.response.writeHead(200, { 'content-type': 'application/x-tar' });
  await pipeline(tar, call.response);
  return streamed;
}

/** Answers, then leaves; `force` takes the running containers along. */
function shutdown(options: DevenvOptions, call: Call): Answer {
  const force = call.query.bool('force');
  call.response.once('finish', () => options.shutdown('a client asked', force));
  return { status: 204 };
}
