/** Pull, load and push of a large image (250 MB, 15,000 files in four layers) against a registry of this machine. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attentive } from './attention.js';
import type { EngineUnderTest } from './engine-under-test.js';
import { writeLargeImage } from './large-image.js';
import { type LocalRegistry, startLocalRegistry } from './local-registry.js';
import { type Figure, figure } from './measure.js';

const RUNS = 3;

interface LargeImage {
  /** `docker save`'s form. */
  readonly archive: string;
  readonly tag: string;
}

/** Figures of load, push and pull, how long others waited meanwhile, and the highest memory of the engine's process where it is ours to read. */
export async function measureImages(engine: EngineUnderTest): Promise<Figure[]> {
  const directory = await mkdtemp('/var/tmp/devenv-bench-image-');
  const image = { archive: path.join(directory, 'image.tar'), tag: 'devenv-bench-large:1' };
  try {
    // The same image for every engine: its content comes from a sequence that does not change.
    await writeLargeImage(createWriteStream(image.archive), image.tag);
    return await measureAll(engine, image);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measureAll(engine: EngineUnderTest, image: LargeImage): Promise<Figure[]> {
  const load = await repeat(async () => {
    await clear(engine, [image.tag]);
    return timed(engine, () => send(engine, 'POST', '/images/load?quiet=1', image.archive));
  });
  const push = await repeat(() => withRegistry((registry) => pushTimed(engine, image, registry)));
  const pull = await withRegistry(async (registry) => {
    const there = `${registry.host}/bench:1`;
    await pushTimed(engine, image, registry, true);
    return repeat(async () => {
      await clear(engine, [image.tag, there]);
      return timed(engine, () => send(engine, 'POST', `/images/create?fromImage=${encodeURIComponent(there)}`));
    }).finally(() => clear(engine, [there]));
  });
  const peakKb = await engine.peakKb();
  return [
    ...figuresOf(engine, 'load', load),
    ...figuresOf(engine, 'push', push),
    ...figuresOf(engine, 'pull', pull),
    ...(peakKb === undefined ? [] : [figure(`${engine.name}: highest memory of the engine`, 'MB', [peakKb / 1024])]),
  ];
}

interface Taken {
  readonly ms: number;
  /** Of the pings meanwhile. */
  readonly slowestMs: number;
}

function figuresOf({ name }: EngineUnderTest, what: string, taken: readonly Taken[]): Figure[] {
  return [
    figure(
      `${name}: ${what} of 250 MB, 15,000 files`,
      'ms',
      taken.map(({ ms }) => ms),
    ),
    figure(
      `${name}: slowest answer to a ping during it (${what})`,
      'ms',
      taken.map(({ slowestMs }) => slowestMs),
    ),
  ];
}

async function pushTimed(
  engine: EngineUnderTest,
  image: LargeImage,
  registry: LocalRegistry,
  keep = false,
): Promise<Taken> {
  const repository = `${registry.host}/bench`;
  await engine.call('POST', `/images/${image.tag}/tag?repo=${encodeURIComponent(repository)}&tag=1`);
  const headers = { 'x-registry-auth': Buffer.from('{}').toString('base64url') };
  const taken = await timed(engine, () => send(engine, 'POST', `/images/${repository}/push?tag=1`, undefined, headers));
  if (!keep) await engine.call('DELETE', `/images/${repository}:1`);
  return taken;
}

async function withRegistry<T>(work: (registry: LocalRegistry) => Promise<T>): Promise<T> {
  const registry = await startLocalRegistry();
  try {
    return await work(registry);
  } finally {
    await registry.stop();
  }
}

/** One time that does not count, then what `work` tells. */
async function repeat(work: () => Promise<Taken>): Promise<Taken[]> {
  await work();
  const values: Taken[] = [];
  for (let round = 0; round < RUNS; round++) values.push(await work());
  return values;
}

async function timed({ socket }: EngineUnderTest, work: () => Promise<unknown>): Promise<Taken> {
  const { value, slowestMs } = await attentive(socket, async () => {
    const began = performance.now();
    await work();
    return performance.now() - began;
  });
  return { ms: value, slowestMs };
}

/** Takes the image away, and waits until what was thrown away is deleted. */
async function clear(engine: EngineUnderTest, names: readonly string[]): Promise<void> {
  for (const name of names) await engine.call('DELETE', `/images/${name}?force=1`).catch(() => undefined);
  await engine.call('POST', '/images/prune');
  const home = engine.env.DEVENV_HOME;
  while (home && (await readdir(path.join(home, 'trash'))).length > 0) await sleep(50);
}

/** A request whose body is a file; throws what a line of the answer says went wrong. */
function send(
  engine: EngineUnderTest,
  method: string,
  url: string,
  file?: string,
  headers: Record<string, string> = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const type = file ? { 'content-type': 'application/x-tar' } : {};
    const request = httpRequest({ socketPath: engine.socket, method, path: url, headers: { ...type, ...headers } });
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        const failed = (response.statusCode ?? 500) >= 400 || /"error":/.test(text);
        if (failed) reject(new Error(`${method} ${url}: ${response.statusCode} ${text.slice(-500)}`));
        else resolve();
      });
    });
    if (file) createReadStream(file, { highWaterMark: 1 << 20 }).pipe(request);
    else request.end();
  });
}
