/**
 * Folders that mirror a client's ones between builds, so that what did not change is not sent again. One folder serves one
 * build at a time; a build that finds its folder taken fills another one.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A file as its owner described it; equal text is an equal file. */
export type FileIndex = Map<string, string>;

export interface SyncedFolder {
  /** Where the files are. */
  readonly files: string;
  /** What the files were when the last build was done with them. */
  readonly index: FileIndex;
  /** Hashes in hex of those files whose content was seen arriving, by path. */
  readonly digests: ReadonlyMap<string, string>;
  /** Gives it back. Without an index nothing of it can be trusted, and it is emptied when it is taken again. */
  release(made: SyncedContent | undefined): Promise<void>;
}

export interface SyncedContent {
  readonly index: FileIndex;
  readonly digests?: ReadonlyMap<string, string>;
  readonly sizeBytes: number;
  /** It is as it was when it was taken. */
  readonly unchanged?: boolean;
}

export interface SyncedFolderUse {
  readonly id: string;
  readonly usedMs: number;
  readonly sizeBytes: number;
  readonly inUse: boolean;
}

const keptFolders = 24;
const maximumAgeMs = 7 * 24 * 3_600_000;
/** Their indexes stay in memory: reading 10,000 files' lines back takes longer than the build that wants them. */
const rememberedFolders = 6;

export class SyncedFolders {
  readonly #taken = new Set<string>();
  readonly #remembered = new Map<string, Pick<SyncedFolder, 'index' | 'digests'>>();

  /** `parent`: `HOME/build/synced`. */
  constructor(readonly parent: string) {}

  /** `key`: equal for what is worth comparing (the same folder of the same client, the same choice of files). */
  async take(key: string): Promise<SyncedFolder> {
    const digest = createHash('sha256').update(key).digest('hex').slice(0, 32);
    const folder = this.#free(digest);
    const files = join(folder, 'files');
    const found = this.#remembered.get(folder) ?? (await readIndex(folder));
    this.#remembered.delete(folder);
    if (!found) await rm(folder, { recursive: true, force: true });
    await mkdir(files, { recursive: true, mode: 0o700 });
    // Whoever is killed in between leaves no index behind.
    await rename(join(folder, indexName), join(folder, takenName)).catch(() => undefined);
    return {
      files,
      index: found?.index ?? new Map(),
      digests: found?.digests ?? new Map(),
      release: async (made) => {
        if (made) await this.#keep(folder, made);
        this.#taken.delete(folder);
        await this.#trim();
      },
    };
  }

  async #keep(folder: string, made: SyncedContent): Promise<void> {
    const { index, digests = new Map(), sizeBytes, unchanged } = made;
    const restored = unchanged && (await restoreIndex(folder));
    if (!restored) await writeIndex(folder, { index, digests, sizeBytes });
    this.#remembered.set(folder, { index, digests });
    for (const oldest of [...this.#remembered.keys()].slice(0, -rememberedFolders)) this.#remembered.delete(oldest);
  }

  /** Those that are there, most lately used first. */
  async list(): Promise<SyncedFolderUse[]> {
    const ids = await readdir(this.parent).catch(() => []);
    const uses = await Promise.all(
      ids.map(async (id) => {
        const folder = join(this.parent, id);
        const usedMs = (await stat(folder).catch(() => undefined))?.mtimeMs ?? 0;
        return { id, usedMs, sizeBytes: await readSize(folder), inUse: this.#taken.has(folder) };
      }),
    );
    return uses.sort((a, b) => b.usedMs - a.usedMs);
  }

  /** Removes those of a choice that nobody uses now. */
  async prune(choose: (id: string) => boolean): Promise<void> {
    const idle = (await this.list()).filter(({ id, inUse }) => !inUse && choose(id));
    await Promise.all(idle.map(({ id }) => this.#remove(id)));
  }

  #free(digest: string): string {
    for (let number = 0; ; number++) {
      const folder = join(this.parent, `${digest}-${number}`);
      if (this.#taken.has(folder)) continue;
      this.#taken.add(folder);
      return folder;
    }
  }

  async #trim(): Promise<void> {
    const old = Date.now() - maximumAgeMs;
    const idle = (await this.list()).filter(({ inUse }) => !inUse);
    const over = idle.filter(({ usedMs }, place) => place >= keptFolders || usedMs < old);
    await Promise.all(over.map(({ id }) => this.#remove(id)));
  }

  async #remove(id: string): Promise<void> {
    if (this.#taken.has(join(this.parent, id))) return;
    this.#remembered.delete(join(this.parent, id));
    await rm(join(this.parent, id), { recursive: true, force: true });
  }
}

const indexName = 'index.json';
/** Its name while a build changes the folder. */
const takenName = 'index.taken';
/** Beside the index, which is large to read. */
const sizeName = 'size';

interface StoredIndex {
  /** Path, description, digest. */
  readonly described: readonly (readonly [string, string, string])[];
}

async function readIndex(folder: string): Promise<Pick<SyncedFolder, 'index' | 'digests'> | undefined> {
  try {
    const { described } = JSON.parse(await readFile(join(folder, indexName), 'utf8')) as StoredIndex;
    const digests = described.flatMap(([path, , digest]) => (digest ? [[path, digest] as const] : []));
    return { index: new Map(described.map(([path, text]) => [path, text])), digests: new Map(digests) };
  } catch {
    return undefined;
  }
}

async function readSize(folder: string): Promise<number> {
  const text = await readFile(join(folder, sizeName), 'utf8').catch(() => '');
  return Number(text) || 0;
}

async function restoreIndex(folder: string): Promise<boolean> {
  try {
    await rename(join(folder, takenName), join(folder, indexName));
  } catch {
    return false;
  }
  await touch(folder);
  return true;
}

async function writeIndex(
  folder: string,
  { index, digests, sizeBytes }: Required<Omit<SyncedContent, 'unchanged'>>,
): Promise<void> {
  const path = join(folder, indexName);
  const stored: StoredIndex = {
    described: [...index].map(([file, text]) => [file, text, digests.get(file) ?? '']),
  };
  await writeFile(join(folder, sizeName), String(sizeBytes));
  await writeFile(`${path}.new`, JSON.stringify(stored));
  await rename(`${path}.new`, path);
  await touch(folder);
}

async function touch(folder: string): Promise<void> {
  const now = new Date();
  await utimes(folder, now, now);
}
