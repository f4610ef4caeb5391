/** Looking into a result: the files of the image that it is. */
import { lstat, open, readdir, realpath } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';
import { globToRegExp } from '../../../engine/build-plan.js';
import type { Engine } from '../../../engine/engine.js';
import { withImageFolder } from '../../../engine/image-files.js';
import type { Job } from '../control/jobs.js';
import { codes, GrpcError } from '../grpc/status.js';
import type { Messages, Stat } from '../proto/messages.js';
import { describeFile } from '../session/send-files.js';

export interface Result {
  readonly engine: Engine;
  readonly job: Job;
}

/** Builds it first where that was not wanted yet. Throws `NotFound` for a reference that is none. */
async function within<T>({ engine, job }: Result, ref: string, work: (folder: string) => Promise<T>): Promise<T> {
  const id = await job.built.get(ref)?.evaluate();
  if (id === undefined) throw new GrpcError(codes.notFound, `no such ref: ${ref}`);
  return withImageFolder(engine, engine.foundations.images.get(id), work);
}

/** Follows links on the way, none at the end, and never one that leads out of the folder. Throws `NotFound`. */
async function locate(folder: string, path: string, operation: string): Promise<string> {
  const root = await realpath(folder);
  const inside = posix.normalize(posix.join('/', path)).replace(/(?<=.)\/$/, '');
  if (inside === '/') return root;
  const parent = await realpath(join(root, posix.dirname(inside))).catch(() => '');
  const file = join(parent, posix.basename(inside));
  const isBelow = parent === root || parent.startsWith(root + sep);
  if (isBelow && (await lstat(file).catch(() => undefined))) return file;
  throw new GrpcError(codes.notFound, `${operation} ${path}: no such file or directory`);
}

export function readResultFile(
  result: Result,
  { Ref, FilePath, Range }: Messages['ReadFileRequest'],
): Promise<Messages['ReadFileResponse']> {
  return within(result, Ref, async (folder) => {
    const target = await realpath(await locate(folder, FilePath, 'open')).catch(() => '');
    if (!target.startsWith((await realpath(folder)) + sep))
      throw new GrpcError(codes.notFound, `open ${FilePath}: no such file or directory`);
    const file = await open(target);
    try {
      const { size } = await file.stat();
      const from = Math.min(Range?.Offset ?? 0, size);
      const length = Math.min(Range && Range.Length > 0 ? Range.Length : size, size - from);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from);
      return { Data: buffer.subarray(0, bytesRead) };
    } finally {
      await file.close();
    }
  });
}

export function readResultFolder(
  result: Result,
  { Ref, DirPath, IncludePattern }: Messages['ReadDirRequest'],
): Promise<Messages['ReadDirResponse']> {
  return within(result, Ref, async (folder) => {
    const path = await locate(folder, DirPath, 'open');
    const names = (await readdir(path)).filter(
      (name) => IncludePattern === '' || globToRegExp(IncludePattern).test(name),
    );
    return { entries: names.sort().map((name) => describeFile(path, name, new Map())) };
  });
}

export function statResultFile(
  result: Result,
  { Ref, Path }: Messages['StatFileRequest'],
): Promise<{ readonly stat: Partial<Stat> }> {
  return within(result, Ref, async (folder) => {
    const path = await locate(folder, Path, 'lstat');
    return { stat: describeFile(join(path, '..'), posix.basename(path), new Map()) };
  });
}
