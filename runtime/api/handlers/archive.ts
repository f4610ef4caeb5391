/** Files of containers: `/archive`, `/export`, `/changes`. */
import {
  containerChanges,
  containerOwner,
  exportContainer,
  getArchive,
  type PathStat,
  putArchive,
  statPath,
} from '../../engine/archive.js';
import type { Container } from '../../engine/container.js';
import type { Engine } from '../../engine/engine.js';
import { EngineError } from '../../errors.js';
import { type Answer, type Call, ok, type Route, streamed } from '../routes.js';
import { sendStream } from '../streams.js';

/** Docker's numbers for what happened to a path. */
const changeKinds = { modified: 0, added: 1, deleted: 2 } as const;

export function archiveRoutes(engine: Engine): Route[] {
  const container = (call: Call) => engine.containers.get(call.params.id!);
  return [
    { method: 'HEAD', path: '/containers/:id*/archive', handle: (call) => head(engine, call) },
    { method: 'GET', path: '/containers/:id*/archive', handle: (call) => get(engine, call) },
    { method: 'PUT', path: '/containers/:id*/archive', handle: (call) => put(engine, call) },
    { method: 'GET', path: '/containers/:id*/export', handle: (call) => exportAll(engine, container(call), call) },
    { method: 'GET', path: '/containers/:id*/changes', handle: (call) => changes(engine, container(call)) },
  ];
}

function pathOf(call: Call): string {
  const path = call.query.text('path');
  if (path === '') throw new EngineError('invalid', 'bad parameter: pathcannot be empty');
  return path;
}

const statHeader = (stat: PathStat) => ({
  'X-Docker-Container-Path-Stat': Buffer.from(JSON.stringify(stat)).toString('base64'),
});

async function head(engine: Engine, call: Call): Promise<Answer> {
  const path = pathOf(call);
  const container = engine.containers.get(call.params.id!);
  return { status: 200, headers: statHeader(await statPath(engine, container, path, call.params.id!)) };
}

async function get(engine: Engine, call: Call): Promise<typeof streamed> {
  const path = pathOf(call);
  const container = engine.containers.get(call.params.id!);
  const { stat, tar } = await getArchive(engine, container, path, call.params.id!);
  for (const [name, value] of Object.entries(statHeader(stat))) call.response.setHeader(name, value);
  engine.tell(container, 'archive-path');
  await sendStream(call, tar, 'application/x-tar');
  return streamed;
}

async function put(engine: Engine, call: Call): Promise<Answer> {
  const path = pathOf(call);
  const container = engine.containers.get(call.params.id!);
  const noOverwriteDirNonDir = call.query.bool('noOverwriteDirNonDir');
  const owner = call.query.bool('copyUIDGID') ? await containerOwner(engine, container) : undefined;
  await putArchive(engine, container, { path, reference: call.params.id!, noOverwriteDirNonDir, owner }, call.body);
  engine.tell(container, 'extract-to-dir');
  return { status: 200 };
}

async function exportAll(engine: Engine, container: Container, call: Call): Promise<typeof streamed> {
  await sendStream(call, await exportContainer(engine, container), 'application/octet-stream');
  engine.tell(container, 'export');
  return streamed;
}

async function changes(engine: Engine, container: Container): Promise<Answer> {
  const found = await containerChanges(engine, container);
  return ok(found.length > 0 ? found.map(({ path, change }) => ({ Path: path, Kind: changeKinds[change] })) : null);
}
