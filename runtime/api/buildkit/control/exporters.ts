/** Where a finished build goes: names in the image store, or files at the client. */
import type { Engine } from '../../../engine/engine.js';
import { withImageFolder, withImageTar } from '../../../engine/image-files.js';
import { type Image, parseReference, pushImage, tagImage } from '../../../engine/images.js';
import { listOf } from '../frontend/attributes.js';
import { fullName } from '../frontend/names.js';
import { codes, GrpcError } from '../grpc/status.js';
import type { Exporter, StringMap } from '../proto/messages.js';
import { credentialsFor } from '../session/ask.js';
import { sendArchive, sendFolder } from '../session/send-files.js';
import type { Session } from '../session/sessions.js';
import type { Job } from './jobs.js';
import { VertexLine } from './vertex.js';

export interface ExportCall {
  readonly engine: Engine;
  readonly job: Job;
  readonly image: Image;
  readonly exporter: Exporter;
  /** Its place among the request's exporters: clients tell their outputs apart by it. */
  readonly place: number;
  readonly session: () => Promise<Session>;
  readonly signal: AbortSignal;
}

type Export = (call: ExportCall, line: VertexLine) => Promise<StringMap>;

const exporters: Readonly<Record<string, { readonly title: string; readonly run: Export }>> = {
  moby: { title: 'exporting to image', run: nameImage },
  image: { title: 'exporting to image', run: nameImage },
  local: { title: 'exporting to client directory', run: toFolder },
  tar: { title: 'exporting to client tarball', run: toTarball },
  docker: { title: 'exporting to docker image format', run: toImageArchive },
  oci: { title: 'exporting to oci image format', run: toImageArchive },
};

export const keepsImage = (type: string) => type === 'moby' || type === 'image';

/** Throws `InvalidArgument` for a type that is not known; asked before anything is built. */
export function checkExporter({ Type }: Exporter): void {
  if (!Object.hasOwn(exporters, Type)) throw new GrpcError(codes.unknown, `exporter "${Type}" could not be found`);
}

/** Resolves with what the client is answered. */
export async function exportImage(call: ExportCall): Promise<StringMap> {
  const { title, run } = exporters[call.exporter.Type]!;
  const line = new VertexLine(call.job.log, { build: call.job.ref, id: `export ${call.place}`, name: title }).start();
  try {
    const response = await run(call, line);
    line.done();
    return response;
  } catch (error) {
    line.done({ error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

async function nameImage(call: ExportCall, line: VertexLine): Promise<StringMap> {
  const { engine, image, exporter } = call;
  const names = listOf(exporter.Attrs.name).map(fullName);
  line.status('exporting layers', { done: true });
  line.status(`writing image ${image.id}`, { done: true });
  for (const name of names) {
    await tagImage(engine, image.id, parseReference(name));
    line.status(`naming to ${name}`, { done: true });
  }
  // With `moby` the client pushes by itself afterwards.
  if (exporter.Type === 'image' && exporter.Attrs.push === 'true')
    for (const name of names) await push(call, name, line);
  return {
    'containerimage.config.digest': image.id,
    'containerimage.digest': image.id,
    ...(names.length > 0 ? { 'image.name': names.join(',') } : {}),
  };
}

async function push({ engine, session, signal }: ExportCall, name: string, line: VertexLine): Promise<void> {
  const reference = parseReference(name);
  const auth = await credentialsFor(await session(), reference.registry, signal);
  line.status(`pushing ${name}`);
  await pushImage(engine, reference, { signal, ...(auth ? { auth } : {}) });
  line.status(`pushing ${name}`, { done: true });
}

async function toFolder(call: ExportCall, line: VertexLine): Promise<StringMap> {
  const session = await call.session();
  await withImageFolder(call.engine, call.image, (folder) =>
    sendFolder(session, folder, {
      exporter: call.place,
      signal: call.signal,
      onBytes: (current, done) => line.status('copying files', { current, name: 'transferring', done }),
    }),
  );
  return {};
}

async function toTarball(call: ExportCall, line: VertexLine): Promise<StringMap> {
  const session = await call.session();
  await withImageTar(call.engine, call.image, (tar) => send(call, session, tar, line, 'sending tarball'));
  return {};
}

async function toImageArchive(call: ExportCall, line: VertexLine): Promise<StringMap> {
  const { engine, image, exporter } = call;
  const names = listOf(exporter.Attrs.name).map(fullName);
  for (const name of names) await tagImage(engine, image.id, parseReference(name));
  const archive = engine.foundations.images.save(names.length > 0 ? names : [image.id]);
  await send(call, await call.session(), archive, line, 'sending tarball');
  return { 'containerimage.config.digest': image.id, 'containerimage.digest': image.manifestDigest };
}

async function send(
  { place, exporter, signal }: ExportCall,
  session: Session,
  bytes: AsyncIterable<Uint8Array>,
  line: VertexLine,
  title: string,
): Promise<void> {
  line.status(title);
  await sendArchive(session, bytes, { exporter: place, attributes: exporter.Attrs, signal });
  line.status(title, { done: true });
}
