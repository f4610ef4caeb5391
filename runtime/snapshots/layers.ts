import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import type { Settling } from './settle.js';
import type { Trash } from './trash.js';
import type { ChainId } from './types.js';

/** What is known of a layer on disk, kept in its folder as `layer.json`. */
export interface LayerRecord {
  readonly chainId: ChainId;
  readonly parent: ChainId | undefined;
  readonly sizeBytes: number;
}

/**
 * Layers by chain id, each in `DIRECTORY/HEX32` (the first half of its digest: long lists of lower folders stay short)
 * with its content in `fs`. A layer comes into being by one rename of a staging folder, so it is there whole or not at all.
 */
export interface LayerFolders {
  get(chainId: ChainId): LayerRecord | undefined;
  list(): ChainId[];
  contentPath(chainId: ChainId): string;
  /** A new folder with an empty place for `fs`; ends by `publish` or `abandon`. */
  stage(): Promise<StagedLayer>;
  remove(chainId: ChainId): Promise<void>;
}

export interface StagedLayer {
  readonly contentPath: string;
  publish(record: LayerRecord): Promise<void>;
  abandon(): Promise<void>;
}

const STAGING = 'new-';

export async function openLayerFolders(directory: string, trash: Trash, settling: Settling): Promise<LayerFolders> {
  await mkdir(directory, { recursive: true });
  const records = await readRecords(directory, trash, settling);
  const folder = (chainId: ChainId) => join(directory, chainId.slice('sha256:'.length, 'sha256:'.length + 32));
  let sequence = 0;
  /** Folders on their way out: the same layer may come again meanwhile. */
  const leaving = new Map<ChainId, Promise<void>>();

  async function stage(): Promise<StagedLayer> {
    sequence++;
    const path = join(directory, `${STAGING}${process.pid}-${Date.now()}-${sequence}`);
    await mkdir(path);
    return {
      contentPath: join(path, 'fs'),
      async publish(record) {
        const target = folder(record.chainId);
        await writeFile(join(path, 'layer.json'), JSON.stringify(settling.mark(target, record)));
        await leaving.get(record.chainId);
        await rename(path, target);
        records.set(record.chainId, record);
      },
      abandon: () => trash.discard(path),
    };
  }

  return {
    get: (chainId) => records.get(chainId),
    list: () => [...records.keys()],
    contentPath: (chainId) => join(folder(chainId), 'fs'),
    stage,
    async remove(chainId) {
      if (!records.delete(chainId)) return;
      const gone = trash.discard(folder(chainId)).finally(() => leaving.delete(chainId));
      leaving.set(chainId, gone);
      await gone;
    },
  };
}

/** Reads every layer's record; staging folders that a crash left, and whatever has no sound record, go to the trash. */
async function readRecords(directory: string, trash: Trash, settling: Settling): Promise<Map<ChainId, LayerRecord>> {
  const records = new Map<ChainId, LayerRecord>();
  const names = await readdir(directory);
  await Promise.all(
    names.map(async (name) => {
      const record = name.startsWith(STAGING) ? undefined : await readRecord(join(directory, name));
      if (record && settling.isSound(join(directory, name), record)) records.set(record.chainId, record);
      else await trash.discard(join(directory, name));
    }),
  );
  return records;
}

async function readRecord(folder: string): Promise<LayerRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, 'layer.json'), 'utf8')) as LayerRecord;
  } catch {
    return undefined;
  }
}

/** The layer's ancestors and itself, topmost first. Throws `system` when one is missing on disk. */
export function chainOf(layers: LayerFolders, chainId: ChainId | undefined): ChainId[] {
  const chain: ChainId[] = [];
  for (let id = chainId; id !== undefined; ) {
    const record = layers.get(id);
    if (!record) throw new EngineError('system', `layer ${id} does not exist`);
    chain.push(id);
    id = record.parent;
  }
  return chain;
}
