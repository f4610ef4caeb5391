/** `image …`: pull, push, save, load, import, history, prune. */
import { createReadStream, createWriteStream } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { registryAuth } from '../../apply/registry-auth.js';
import type { ProgressLine } from '../../engine/answers.js';
import {
  imageHistory,
  importImage,
  inspectImageFully,
  loadImages,
  pruneImages,
  pullImage,
  pushImage,
  saveImages,
  tagImage,
} from '../../engine/images.js';
import { UserError } from '../../errors.js';
import { formatBytes } from '../../model/bytes.js';
import { ago } from '../ps.js';
import type { Session } from '../session.js';
import { confirmed, forEachName, inspectEach, prunedText } from './each.js';
import { filtersOf } from './filters.js';

/** Lines that say something once; progress bars stay out. Throws UserError with the engine's sentence. */
async function tell(session: Session, code: string, lines: AsyncIterable<ProgressLine>, quiet: boolean): Promise<void> {
  for await (const line of lines) {
    if (line.error !== undefined) throw new UserError(code, line.errorDetail?.message ?? line.error);
    const text = (line.stream ?? line.status)?.trimEnd();
    if (quiet || !text || line.progressDetail?.total) continue;
    await session.terminal.data(`${line.id ? `${line.id}: ` : ''}${text}\n`);
  }
}

const withTag = (image: string): string =>
  image.includes('@') || image.lastIndexOf(':') > image.lastIndexOf('/') ? image : `${image}:latest`;

export async function pullByName(
  session: Session,
  request: { image: string; platform: string | undefined; quiet: boolean; allTags: boolean },
): Promise<void> {
  const engine = await session.engine();
  const { image, platform, quiet, allTags } = request;
  const auth = await registryAuth(image, session.world.env);
  const options = { ...(platform ? { platform } : {}), ...(auth ? { auth } : {}), ...(allTags ? { allTags } : {}) };
  await tell(session, 'pull-failed', pullImage(engine, image, options), quiet);
  await session.terminal.data(`${allTags ? image : withTag(image)}\n`);
}

export async function pushByName(session: Session, image: string, quiet: boolean): Promise<void> {
  const auth = await registryAuth(image, session.world.env);
  const lines = pushImage(await session.engine(), image, auth ? { auth } : {});
  await tell(session, 'push-failed', lines, quiet);
  if (quiet) await session.terminal.data(`${withTag(image)}\n`);
}

/** To a file, or to standard output when that is no terminal. Throws UserError `terminal`. */
export async function writeStream(session: Session, stream: () => Promise<Readable>, output: string | undefined) {
  const { stdout, cwd } = session.world;
  if (output === undefined && stdout.isTTY) {
    throw new UserError('terminal', 'cowardly refusing to save to a terminal. Use the -o flag or redirect');
  }
  const source = await stream();
  if (output !== undefined) return pipeline(source, createWriteStream(path.resolve(cwd, output)));
  return pipeline(source, stdout, { end: false });
}

export async function saveByName(
  session: Session,
  request: { images: readonly string[]; output: string | undefined; platform: string | undefined },
): Promise<void> {
  const engine = await session.engine();
  await writeStream(session, () => saveImages(engine, request.images, request.platform), request.output);
}

/** A file of this machine, or standard input. Throws UserError `terminal`. */
function inputOf({ world }: Session, file: string | undefined): Readable {
  if (file !== undefined) return createReadStream(path.resolve(world.cwd, file));
  if (world.stdin.isTTY) throw new UserError('terminal', 'requested load from stdin, but stdin is empty');
  return world.stdin;
}

export async function loadTar(session: Session, input: string | undefined, quiet: boolean): Promise<void> {
  const engine = await session.engine();
  await tell(session, 'load-failed', loadImages(engine, inputOf(session, input), quiet), false);
}

export async function importTar(
  session: Session,
  request: {
    source: string;
    reference: string | undefined;
    message: string | undefined;
    changes: readonly string[];
    platform: string | undefined;
  },
): Promise<void> {
  const engine = await session.engine();
  const remote = /^https?:\/\//.test(request.source);
  const tar = remote ? undefined : inputOf(session, request.source === '-' ? undefined : request.source);
  const lines = importImage(engine, { ...request, source: remote ? request.source : '-' }, tar);
  await tell(session, 'import-failed', lines, false);
}

/** The fields of `docker history --format`. */
export interface HistoryRow {
  readonly ID: string;
  readonly CreatedAt: string;
  readonly CreatedSince: string;
  readonly CreatedBy: string;
  readonly Size: string;
  readonly Comment: string;
}

export async function listHistory(
  session: Session,
  image: string,
  { truncate, human }: { truncate: boolean; human: boolean },
): Promise<HistoryRow[]> {
  const entries = await imageHistory(await session.engine(), image);
  const now = Date.now() / 1000;
  return entries.map(({ Id, Created, CreatedBy, Size, Comment }) => ({
    ID: Id.startsWith('sha256:') && truncate ? Id.slice(7, 19) : Id,
    CreatedAt: new Date(Created * 1000).toISOString(),
    CreatedSince: human ? ago(now - Created) : new Date(Created * 1000).toISOString(),
    CreatedBy: truncate && CreatedBy.length > 45 ? `${CreatedBy.slice(0, 44)}…` : CreatedBy,
    Size: human ? formatBytes(Size) : String(Size),
    Comment,
  }));
}

export async function pruneUnusedImages(
  session: Session,
  { force, all, filter }: { force: boolean; all: boolean; filter: readonly string[] | undefined },
): Promise<void> {
  const which = all ? 'all images without at least one container associated to them' : 'all dangling images';
  if (!(await confirmed(session, `This will remove ${which}.`, force))) return;
  const filters = { ...filtersOf(filter), dangling: [all ? 'false' : 'true'] };
  const answer = await pruneImages(await session.engine(), filters);
  const removed = (answer.ImagesDeleted ?? []).map(({ Untagged, Deleted }) =>
    Untagged ? `untagged: ${Untagged}` : `deleted: ${Deleted}`,
  );
  await session.terminal.data(prunedText('Deleted Images', removed, [answer]));
}

export const tagByName = (session: Session, source: string, target: string): Promise<number> =>
  forEachName(session, [source], (engine) => tagImage(engine, source, target), { silent: true });

export const inspectImages = (session: Session, names: readonly string[], format: string | undefined) =>
  inspectEach(session, names, format, inspectImageFully);
