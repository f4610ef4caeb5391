/** Archives that ADD unpacks: told by their content, as tar behind gzip, bzip2, xz or zstd, or plain. */
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { EngineError } from '../../errors.js';
import type { ChainId } from '../../snapshots/types.js';
import { clampTimes } from '../files/clamp.js';
import { contentStream, layerTar } from '../files/layer-tar.js';
import type { Owner } from '../files/owner.js';
import type { LayerDraft } from '../files/place.js';
import type { Selected } from '../files/select.js';
import { isTarHeader } from '../files/tar-header.js';
import { clampOf } from './epoch.js';
import type { LayerTools, NewLayer } from './layer-step.js';
import { throughProgram } from './programs.js';
import type { StepScope } from './scope.js';
import { withRoot } from './scratch.js';

export interface Archive {
  readonly selected: Selected;
  readonly file: ArchiveFile;
  readonly compression: Compression;
}

interface ArchiveFile {
  readonly path: string;
  readonly start?: number;
  readonly sizeBytes: number;
}

type Compression = 'none' | 'gzip' | 'bzip2' | 'xz' | 'zstd';

const MAGICS: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
];
const BLOCK = 512;

/** Files named by a source that are archives go one way, all else the other. `unpack` false takes none, true insists on nothing. */
export async function splitArchives(
  selected: readonly Selected[],
  unpack: boolean | undefined,
): Promise<{ plain: Selected[]; archives: Archive[] }> {
  const plain: Selected[] = [];
  const archives: Archive[] = [];
  for (const one of selected) {
    const archive = unpack === false ? undefined : await asArchive(one);
    if (archive === undefined) plain.push(one);
    else archives.push(archive);
  }
  return { plain, archives };
}

async function asArchive(selected: Selected): Promise<Archive | undefined> {
  const first = selected.entries[0]!;
  if (first.entry.type !== 'file' || first.content === undefined || !('path' in first.content)) return undefined;
  const { sizeBytes } = first.entry;
  const file = { ...first.content, sizeBytes };
  if (sizeBytes === 0) return undefined;
  const compression = await compressionOf(file);
  const isArchive = isTarHeader(await firstBlock(plainTar(file, compression)));
  return isArchive ? { selected, file, compression } : undefined;
}

async function compressionOf({ path, start = 0 }: ArchiveFile): Promise<Compression> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(8), 0, 8, start);
    return MAGICS.find(([, magic]) => magic.every((byte, index) => buffer[index] === byte))?.[0] ?? 'none';
  } finally {
    await file.close();
  }
}

function plainTar(source: ArchiveFile, compression: Compression): Readable {
  const file = contentStream(source, source.sizeBytes);
  if (compression === 'none') return file;
  if (compression === 'gzip') {
    const gunzip = createGunzip();
    file.on('error', (error) => gunzip.destroy(error));
    return file.pipe(gunzip);
  }
  return throughProgram([compression, '-dc'], file);
}

async function firstBlock(stream: Readable): Promise<Buffer> {
  let block = Buffer.alloc(0);
  try {
    for await (const chunk of stream) {
      block = Buffer.concat([block, chunk as Buffer]);
      if (block.length >= BLOCK) break;
    }
  } catch (error) {
    if (error instanceof EngineError) throw error;
    return Buffer.alloc(0);
  } finally {
    stream.destroy();
  }
  return block;
}

/** On a root of its own, because an archive may go through symlinks of the image and replace what is there. */
export async function layerWithArchives(
  scope: StepScope,
  parent: ChainId | undefined,
  work: {
    readonly draft: LayerDraft;
    readonly archives: readonly Archive[];
    readonly destination: string;
    readonly owner: Owner | undefined;
  },
  tools: LayerTools,
): Promise<NewLayer> {
  const { snapshots, launcher } = scope.workshop.tools;
  if (launcher === undefined)
    throw new EngineError('not-implemented', 'this engine was started without the launcher that unpacks archives');
  return withRoot(scope.workshop, parent, async (prepared, key) => {
    const root = { ...prepared, binds: [] };
    await launcher.unpack({ root, path: '/', mode: 'plain' }, layerTar(work.draft.placed));
    for (const { file, compression } of work.archives) {
      const owner = work.owner === undefined ? {} : { owner: work.owner };
      const options = { root, path: work.destination, mode: 'plain', createPath: true, ...owner } as const;
      await launcher.unpack(options, plainTar(file, compression));
      tools.signal.throwIfAborted();
    }
    const clamp = clampOf(scope.options);
    if (clamp !== undefined) await clampTimes(prepared.upper, clamp);
    return tools.add(snapshots.diffTar(key, parent), prepared.upper);
  });
}
