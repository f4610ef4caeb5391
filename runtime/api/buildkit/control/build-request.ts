/** Builds that are asked for by `POST /build?version=2`: the same as `Solve`, answered in lines of JSON. */
import { randomUUID } from 'node:crypto';
import { registryConfig } from '../../credentials.js';
import { int, list, map, nullable, object, string, stringMap, strings } from '../../decode.js';
import { type Call, streamed } from '../../routes.js';
import { JsonStream } from '../../streams.js';
import type { Exporter, SolveRequest, StringMap } from '../proto/messages.js';
import { type ControlParts, solve } from './control.js';

/** Prefix of the build id of a request that only brings a context. */
const uploadPrefix = 'upload-request:';

export async function buildRequest(parts: ControlParts, call: Call): Promise<typeof streamed> {
  const { query } = call;
  const id = query.text('buildid') || randomUUID();
  const lines = new JsonStream(call);
  if (id.startsWith(uploadPrefix)) {
    parts.uploads.add(id.slice(uploadPrefix.length), call.body);
    await new Promise<void>((resolve) => call.body.once('close', resolve));
    lines.end();
    return streamed;
  }
  const request = await readRequest(parts, call, id);
  const job = parts.jobs.get(id);
  job.auths = registryConfig(call);
  const isQuiet = query.bool('q');
  const telling = tell(parts, id, (line) => (isQuiet ? undefined : lines.write(line)));
  try {
    lines.open();
    await solve(parts, request, call);
    await telling;
    for (const ID of job.images)
      await lines.write(isQuiet ? { stream: `${ID}\n` } : { id: 'moby.image.id', aux: { ID } });
    lines.end();
  } catch (error) {
    await telling;
    await lines.fail(error);
  }
  return streamed;
}

/** Progress as clients decode it: `StatusResponse` messages in base64. */
async function tell(
  { jobs, codec }: ControlParts,
  id: string,
  write: (line: unknown) => Promise<unknown> | undefined,
): Promise<void> {
  for await (const part of jobs.get(id).log.read(new AbortController().signal)) {
    const aux = Buffer.from(codec.encode('StatusResponse', part)).toString('base64');
    await write({ id: 'moby.buildkit.trace', aux });
  }
}

async function readRequest({ uploads }: ControlParts, call: Call, Ref: string): Promise<SolveRequest> {
  const { query } = call;
  const context = await contextOf(uploads, call, Ref);
  return {
    Ref,
    Session: query.text('session'),
    Frontend: 'dockerfile.v0',
    FrontendAttrs: { ...attributesOf(call), ...(context === undefined ? {} : { context }) },
    Exporters: exportersOf(call),
    Definition: null,
    ExporterDeprecated: '',
    ExporterAttrsDeprecated: {},
    Cache: null,
    Entitlements: [],
    FrontendInputs: {},
    Internal: false,
  };
}

/** Undefined: the client's own folder. */
async function contextOf(
  uploads: ControlParts['uploads'],
  { query, body, signal }: Call,
  id: string,
): Promise<string | undefined> {
  const remote = query.text('remote');
  if (remote === '') return uploads.add(id, body);
  body.resume();
  if (remote === 'client-session') return undefined;
  return remote === 'upload-request' ? uploads.announced(id, signal) : remote;
}

const ulimits = list(object({ Name: string, Soft: int, Hard: int }));
const outputs = list(object({ Type: string, Attrs: nullable(stringMap) }));

/** The parameters of `/build` under the names that the frontend has for them. */
function attributesOf({ query }: Call): StringMap {
  const text = (key: string) => query.text(key);
  const buildArgs = query.json('buildargs', map(nullable(string)), 'error reading build args') ?? {};
  const limits = query.json('ulimits', ulimits, 'error reading ulimit settings') ?? [];
  const caches = query.json('cachefrom', strings, 'error reading cache-from') ?? [];
  const hosts = query.all('extrahosts').flatMap((one) => one.split(',').filter((host) => host !== ''));
  const network = text('networkmode');
  const attributes: Record<string, string> = {
    filename: text('dockerfile'),
    target: text('target'),
    platform: text('platform'),
    'image-resolve-mode': query.bool('pull') ? 'pull' : 'local',
    'add-hosts': hosts.map((host) => host.replace(':', '=')).join(','),
    'cache-from': caches.join(','),
    'shm-size': text('shmsize'),
    'force-network-mode': network === 'bridge' || network === 'default' ? '' : network,
    ulimit: limits.map(({ Name, Soft, Hard }) => `${Name}=${Soft}:${Hard}`).join(','),
  };
  for (const [key, value] of Object.entries(attributes)) if (value === '') delete attributes[key];
  if (query.bool('nocache')) attributes['no-cache'] = '';
  for (const [key, value] of Object.entries(buildArgs)) if (value !== null) attributes[`build-arg:${key}`] = value;
  for (const [key, value] of Object.entries(query.json('labels', stringMap, 'error reading labels') ?? {}))
    attributes[`label:${key}`] = value;
  return attributes;
}

function exportersOf({ query }: Call): Exporter[] {
  const given = query.json('outputs', outputs, 'error reading outputs') ?? [];
  if (given.length > 0) return given.map(({ Type = '', Attrs }) => ({ Type, Attrs: Attrs ?? {} }));
  return [{ Type: 'moby', Attrs: { name: query.all('t').join(',') } }];
}
