/** Images that come and go: pull, import, push, load, save, what a registry holds, search. */
import type { Readable } from 'node:stream';
import { refused } from '../../engine/download.js';
import type { Engine } from '../../engine/engine.js';
import { searchHub } from '../../engine/image-search.js';
import type { ProgressEvent, PullOptions, Reference } from '../../engine/images.js';
import {
  canonicalName,
  familiarReference,
  hostPlatform,
  importImage,
  loadImages,
  parsePlatform,
  parseReference,
  pullImage,
  pushImage,
  referenceOf,
  saveImages,
} from '../../engine/images.js';
import { networkSentence } from '../../engine/registry-login.js';
import { EngineError } from '../../errors.js';
import { registryAuth } from '../credentials.js';
import { encodeProgress } from '../encode/progress.js';
import { expectExportable, expectPlatform, readPlatform, type WantedPlatform } from '../platform.js';
import { type Answer, type Call, ok, type Route, streamed } from '../routes.js';
import { JsonStream, sendStream } from '../streams.js';
import { streamBootstrap } from './devenv.js';

export function imageTransferRoutes(engine: Engine): Route[] {
  return [
    { method: 'POST', path: '/images/create', handle: (call) => create(engine, call) },
    { method: 'POST', path: '/images/:name*/push', handle: (call) => push(engine, call) },
    { method: 'POST', path: '/images/load', handle: (call) => load(engine, call) },
    { method: 'GET', path: '/images/get', handle: (call) => save(engine, call, call.query.all('names')) },
    { method: 'GET', path: '/images/:name*/get', handle: (call) => save(engine, call, [call.params.name!]) },
    { method: 'GET', path: '/images/search', handle: (call) => search(engine, call) },
    { method: 'GET', path: '/distribution/:name*/json', handle: (call) => distribution(engine, call) },
  ];
}

/** Progress may be left out while the client is slow, whole sentences may not. */
function report(lines: JsonStream, event: ProgressEvent): void {
  const message = encodeProgress(event);
  if (event.current === undefined) void lines.write(message);
  else lines.writeUnlessBusy(message);
}

function transferOptions(call: Call, lines: JsonStream): PullOptions {
  const platform = parsePlatform(call.query.text('platform'));
  const auth = registryAuth(call);
  return {
    ...(platform ? { platform } : {}),
    ...(auth ? { auth } : {}),
    onProgress: (event) => report(lines, event),
    signal: call.signal,
  };
}

async function create(engine: Engine, call: Call): Promise<Answer | typeof streamed> {
  const lines = new JsonStream(call);
  try {
    const fromImage = call.query.text('fromImage');
    if (call.query.bool('bootstrap')) {
      await streamBootstrap(engine, call, familiarReference(referenceOf(fromImage, call.query.text('tag'))!));
      return streamed;
    }
    if (fromImage === '') await importFrom(engine, call, lines);
    else {
      const options = transferOptions(call, lines);
      for (const reference of await wantedReferences(engine, fromImage, call.query.text('tag'), options))
        await pullImage(engine, reference, options);
    }
    lines.end();
  } catch (error) {
    await lines.fail(error);
  }
  return streamed;
}

/** Without a tag or a digest every tag of the repository is meant. */
async function wantedReferences(engine: Engine, name: string, tag: string, options: PullOptions): Promise<Reference[]> {
  const reference = referenceOf(name, tag)!;
  const isTagged = name.indexOf(':', name.lastIndexOf('/') + 1) >= 0;
  if (tag !== '' || isTagged || reference.digest) return [reference];
  const tags = await engine.foundations.images.remoteTags(reference, options);
  return tags.map((each) => ({ ...reference, tag: each }));
}

async function openUrl(engine: Engine, text: string, signal: AbortSignal): Promise<Readable> {
  const url = /^https?:\/\//.test(text) ? text : `http://${text}`;
  if (text === '') throw new EngineError('system', 'Get "http:": http: no Host in request URL');
  const answer = await engine.foundations.download(url, signal).catch((cause) => {
    throw new EngineError('system', `Get "${url}": ${networkSentence(cause)}`, { cause });
  });
  if (answer.status >= 300) throw await refused(answer);
  return answer.body;
}

async function importFrom(engine: Engine, call: Call, lines: JsonStream): Promise<void> {
  const source = call.query.text('fromSrc');
  const reference = referenceOf(call.query.text('repo'), call.query.text('tag'));
  const platform = parsePlatform(call.query.text('platform')) ?? hostPlatform(process.arch);
  if (platform.os !== 'linux') throw new EngineError('invalid', 'operating system is not supported');
  const tar = source === '-' ? call.body : await openUrl(engine, source, call.signal);
  if (source !== '-') void lines.write({ status: `Downloading from ${source}` });
  const image = await importImage(engine, {
    tar,
    source,
    message: call.query.text('message'),
    reference,
    changes: call.query.all('changes'),
    platform,
  });
  await lines.write({ status: image.id });
}

async function push(engine: Engine, call: Call): Promise<Answer | typeof streamed> {
  const lines = new JsonStream(call);
  try {
    const platform = readPlatform(call);
    const name = call.params.name!;
    const reference = referenceOf(name, call.query.text('tag'))!;
    const auth = registryAuth(call);
    const options = {
      ...(auth ? { auth } : {}),
      ...(platform ? { platform } : {}),
      onProgress: (event: ProgressEvent) => report(lines, event),
      signal: call.signal,
    };
    // As at Docker the first line comes before anything is looked at: what fails, fails in the stream.
    await lines.write({ status: `The push refers to repository [${canonicalName(reference)}]` });
    for (const one of isNamedWhole(name, call) ? [reference] : allTags(engine, reference)) {
      if (platform) expectPlatform(name, engine.foundations.images.get(familiarReference(one), platform), platform);
      const { digest, sizeBytes } = await pushImage(engine, one, options);
      await lines.write({ progressDetail: {}, aux: { Tag: one.tag ?? '', Digest: digest, Size: sizeBytes } });
    }
    lines.end();
  } catch (error) {
    await lines.fail(error);
  }
  return streamed;
}

/** With a tag or a digest. */
function isNamedWhole(name: string, call: Call): boolean {
  return call.query.text('tag') !== '' || name.includes('@') || name.includes(':', name.lastIndexOf('/') + 1);
}

/** Every tag of a repository that is here (`push -a`); the reference itself, which will not be found, where there is none. */
function allTags(engine: Engine, reference: Reference): Reference[] {
  const tags = engine.foundations.images.list().flatMap((image) => image.tags.map(parseReference));
  const own = tags.filter((tag) => canonicalName(tag) === canonicalName(reference));
  return own.length > 0 ? own : [reference];
}

async function load(engine: Engine, call: Call): Promise<typeof streamed> {
  const lines = new JsonStream(call);
  const quiet = call.query.bool('quiet', true);
  const platform = readPlatform(call);
  lines.open();
  try {
    const loaded: string[] = [];
    const tell = (event: ProgressEvent) => {
      // Without an id it says which image is there: of the tags those of the archive alone.
      if (event.id === undefined) loaded.push(event.status);
      else if (!quiet) report(lines, event);
    };
    await loadImages(engine, call.body, tell, platform);
    for (const sentence of loaded) await lines.write({ stream: `${sentence}\n` });
    lines.end();
  } catch (error) {
    await lines.fail(error);
  }
  return streamed;
}

async function save(engine: Engine, call: Call, names: readonly string[]): Promise<typeof streamed> {
  if (names.length === 0) throw new EngineError('invalid', 'no images to save');
  const platform = readPlatform(call);
  const split = names.flatMap((name) => name.split(','));
  for (const name of split) expectSaved(engine, name, platform);
  await sendStream(call, saveImages(engine, split, platform), 'application/x-tar');
  return streamed;
}

function expectSaved(engine: Engine, name: string, platform: WantedPlatform | undefined): void {
  const { images } = engine.foundations;
  const image = images.find(name, platform);
  if (image && platform) expectExportable(image, platform);
  if (image || images.list().some(({ tags }) => tags.some((tag) => tag.startsWith(`${name}:`)))) return;
  parseReference(name);
  throw new EngineError('not-found', `No such image: ${name}`);
}

function searchLimit(call: Call): number {
  try {
    return call.query.int('limit') ?? 0;
  } catch (cause) {
    throw new EngineError('invalid', `invalid limit specified: ${(cause as Error).message}`, { cause });
  }
}

async function search(engine: Engine, call: Call): Promise<Answer> {
  const limit = searchLimit(call) || 25;
  return ok(
    await searchHub(engine.foundations.download, {
      term: call.query.text('term'),
      limit,
      filters: call.query.filters(['is-official', 'is-automated', 'stars']),
    }),
  );
}

async function distribution(engine: Engine, call: Call): Promise<Answer> {
  const auth = registryAuth(call);
  const remote = await engine.foundations.images.resolveRemote(parseReference(call.params.name!), {
    ...(auth ? { auth } : {}),
    signal: call.signal,
  });
  return ok({
    Descriptor: { mediaType: remote.mediaType, digest: remote.digest, size: remote.sizeBytes },
    Platforms: remote.platforms,
  });
}
