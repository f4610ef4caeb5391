/** `GET /containers/:id/stats`: one reading, or one a second as long as the client listens. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from '../../engine/container.js';
import type { Engine } from '../../engine/engine.js';
import { NO_SAMPLE, type Sample, sampleContainer } from '../../engine/stats.js';
import { EngineError } from '../../errors.js';
import { type Call, ok, type Route, streamed } from '../routes.js';
import { JsonStream } from '../streams.js';

const INTERVAL_MS = 1000;

export function statsRoutes(engine: Engine): Route[] {
  return [{ method: 'GET', path: '/containers/:id*/stats', handle: (call) => stats(engine, call) }];
}

async function stats(engine: Engine, call: Call) {
  const container = engine.containers.get(call.params.id!);
  const streams = call.query.bool('stream', true);
  const oneShot = call.query.bool('one-shot');
  if (streams && oneShot) throw new EngineError('invalid', 'cannot have stream=true and one-shot=true');
  if (streams) return follow(engine, container, call);
  if (oneShot || !container.isRunning)
    return ok(encode(container, NO_SAMPLE, await sampleContainer(engine, container)));
  // A rate needs two readings.
  const before = await sampleContainer(engine, container);
  await sleep(INTERVAL_MS);
  return ok(encode(container, before, await sampleContainer(engine, container)));
}

async function follow(engine: Engine, container: Container, call: Call): Promise<typeof streamed> {
  const stream = new JsonStream(call, '\n');
  let before = NO_SAMPLE;
  while (!call.signal.aborted) {
    const sample = await sampleContainer(engine, container);
    if (!(await stream.write(encode(container, before, sample)))) break;
    before = sample;
    await sleep(INTERVAL_MS, undefined, { signal: call.signal }).catch(() => undefined);
    if (engine.containers.find(container.id) !== container) break;
  }
  stream.end();
  return streamed;
}

/** Lists that Docker leaves empty; without a process there are none. */
function encode({ id, name, isRunning }: Container, before: Sample, sample: Sample) {
  const unknown = isRunning ? [] : null;
  return {
    name: `/${name}`,
    id,
    read: sample.read,
    preread: before.read,
    pids_stats: sample.pids,
    blkio_stats: {
      io_service_bytes_recursive: isRunning ? sample.blkio.bytes : null,
      io_serviced_recursive: isRunning ? sample.blkio.operations : null,
      io_queue_recursive: unknown,
      io_service_time_recursive: unknown,
      io_wait_time_recursive: unknown,
      io_merged_recursive: unknown,
      io_time_recursive: unknown,
      sectors_recursive: unknown,
    },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: sample.cpu,
    precpu_stats: before.cpu,
    memory_stats: sample.memory,
    ...(sample.networks === undefined ? {} : { networks: sample.networks }),
  };
}
