import { createHash, type Hash } from 'node:crypto';
import { Transform } from 'node:stream';
import type { ChainId, Digest } from '../snapshots/types.js';

export function digestOf(bytes: string | Uint8Array): Digest {
  return toDigest(createHash('sha256').update(bytes));
}

export function toDigest(hash: Hash): Digest {
  return `sha256:${hash.digest('hex')}`;
}

export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** The twelve digits that clients show for an image or a layer. */
export function shortId(digest: Digest): string {
  return hexOf(digest).slice(0, 12);
}

/** OCI image spec, "Layer ChainID": one for each layer, lowest first. */
export function chainIdsOf(diffIds: readonly Digest[]): ChainId[] {
  const chain: ChainId[] = [];
  for (const diffId of diffIds) chain.push(chainIdOn(chain.at(-1), diffId));
  return chain;
}

export function chainIdOn(parent: ChainId | undefined, diffId: Digest): ChainId {
  return parent === undefined ? diffId : digestOf(`${parent} ${diffId}`);
}

/** Hands bytes through and counts and hashes them; `check` sees the result before the end is passed on and may throw. */
export class Hashing extends Transform {
  readonly #hash = createHash('sha256');
  sizeBytes = 0;
  digest: Digest | undefined;

  constructor(private readonly check?: (digest: Digest, sizeBytes: number) => void) {
    super({ highWaterMark: 1 << 20 });
    // Whoever reads hears of a failure, also one from before it began to: until then it must not end the process.
    this.on('error', () => undefined);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: Error | null, data: Buffer) => void) {
    this.sizeBytes += chunk.length;
    this.#hash.update(chunk);
    done(null, chunk);
  }

  override _flush(done: (error?: Error | null) => void): void {
    this.digest = toDigest(this.#hash);
    try {
      this.check?.(this.digest, this.sizeBytes);
      done();
    } catch (error) {
      done(error as Error);
    }
  }
}
