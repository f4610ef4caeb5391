/** Steps that were done before, by the content of what they read. Survives the engine. */
import { createHash } from 'node:crypto';
import type { ChainId, Digest, Snapshots } from '../../snapshots/types.js';
import type { Store, Table } from '../../state/types.js';

export interface LayerRecord {
  readonly chainId: ChainId;
  readonly diffId: Digest;
  readonly parent: ChainId | undefined;
  readonly sizeBytes: number;
  /** RFC 3339. */
  readonly created: string;
  /** Milliseconds since the epoch, to the hour. */
  readonly usedMs?: number;
}

const HOUR_MS = 3_600_000;

/** Grows when the meaning of a key changes; older records are then never found again. */
const FORMAT = 1;

export function cacheKey(material: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([FORMAT, material]))
    .digest('hex');
}

export class LayerCache {
  private readonly layers: Table<LayerRecord>;
  private readonly digests: Table<string>;

  constructor(
    store: Store,
    private readonly snapshots: Pick<Snapshots, 'has'>,
  ) {
    this.layers = store.table<LayerRecord>('build-layers');
    this.digests = store.table<string>('build-digests');
  }

  /** A record whose layer is still here. */
  find(key: string): LayerRecord | undefined {
    const record = this.layers.get(key);
    if (record === undefined || !this.snapshots.has(record.chainId)) return undefined;
    if (Date.now() - (record.usedMs ?? 0) > HOUR_MS) void this.keep(key, record);
    return record;
  }

  async keep(key: string, record: LayerRecord): Promise<void> {
    await this.layers.put(key, { ...record, usedMs: Date.now() });
  }

  /** Forgets the least recently used steps until the rest is below the limit; `free` tells what costs nothing (an image holds it). */
  async trim(limitBytes: number, free: (chain: ChainId) => boolean): Promise<void> {
    const records = this.layers.all().filter(({ value }) => !free(value.chainId));
    records.sort((a, b) => (b.value.usedMs ?? 0) - (a.value.usedMs ?? 0));
    let bytes = 0;
    for (const { id, value } of records) {
      bytes += value.sizeBytes;
      if (bytes > limitBytes) await this.layers.remove(id);
    }
  }

  records(): { id: string; value: LayerRecord }[] {
    return this.layers.all();
  }

  /** What a COPY reads of layers never changes, so its digest is worked out once. */
  async digest(material: unknown, work: () => Promise<string>): Promise<string> {
    const key = cacheKey(material);
    const known = this.digests.get(key);
    if (known !== undefined) return known;
    const digest = await work();
    await this.digests.put(key, digest);
    return digest;
  }

  async forget(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.layers.remove(id);
  }

  async clear(): Promise<void> {
    for (const { id } of this.layers.all()) await this.layers.remove(id);
    for (const { id } of this.digests.all()) await this.digests.remove(id);
  }
}
