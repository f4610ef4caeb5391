/** Folders that one build works in: the client's, mirrored here, and those that came from elsewhere. All go back at the end. */
import { readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { Readable } from 'node:stream';
import { takeContext } from '../../../engine/build-context.js';
import type { Engine } from '../../../engine/engine.js';
import type { SyncedFolder, SyncedFolders } from '../../../engine/synced-folders.js';
import type { Tree } from '../../../engine/synced-tree.js';
import type { VertexLine } from '../control/vertex.js';
import { type Received, receiveFiles } from '../session/receive-files.js';
import type { Session } from '../session/sessions.js';
import { pullUpload, type Uploads, uploadPath } from '../session/upload.js';

export interface FolderRequest {
  readonly session: Session;
  readonly name: string;
  /** Tells the folder apart from others of that name of the same client. */
  readonly hint: string | undefined;
  readonly followPaths: readonly string[] | undefined;
  readonly excludePatterns: readonly string[];
}

const progressEveryBytes = 256 << 10;

export class Workspace {
  readonly #release: (() => Promise<unknown>)[] = [];
  readonly #trees = new Map<string, Tree>();

  constructor(
    private readonly parts: { readonly engine: Engine; readonly folders: SyncedFolders; readonly uploads: Uploads },
    private readonly signal: AbortSignal,
  ) {}

  /** Mirrors a folder of the client's; resolves with its path here. `shown` is what the progress calls it. */
  async mirror(request: FolderRequest, line: VertexLine, shown: string): Promise<string> {
    const { session, name, hint, followPaths, excludePatterns } = request;
    const key = JSON.stringify([session.sharedKey, name, hint ?? '', followPaths ?? null, excludePatterns]);
    const folder = await this.parts.folders.take(key);
    const received = await this.#receive(folder, request, line, `transferring ${shown}:`);
    this.#release.push(() => folder.release(received));
    this.#trees.set(folder.files, received.tree);
    return folder.files;
  }

  /** What lies in a folder that was mirrored, without a look at it. */
  treeOf(folder: string): Tree | undefined {
    return this.#trees.get(folder);
  }

  async #receive(folder: SyncedFolder, request: FolderRequest, line: VertexLine, id: string): Promise<Received> {
    let said = 0;
    let bytes = 0;
    const onBytes = (all: number) => {
      bytes = all;
      if (all - said < progressEveryBytes) return;
      said = all;
      line.status(id, { current: all, name: 'transferring' });
    };
    line.status(id, { name: 'transferring' });
    try {
      const received = await receiveFiles(request.session, folder, request, { signal: this.signal, onBytes });
      line.status(id, { current: bytes, name: 'transferring', done: true });
      return received;
    } catch (error) {
      await folder.release(undefined);
      throw error;
    }
  }

  /** A context behind a URL, or a tar that the client uploads. */
  async fetch(url: string, session: Session): Promise<string> {
    const { engine, uploads } = this.parts;
    const path = uploadPath(url);
    const body = uploads.take(url) ?? (path === undefined ? undefined : pullUpload(session, path, this.signal));
    const context = await takeContext(engine, {
      body: body ?? Readable.from([]),
      remote: body ? '' : url,
      dockerfile: '',
      signal: this.signal,
    });
    this.#release.push(() => context.discard());
    return context.directory;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#release.map((release) => release()));
  }
}

/** The text of a file of a mirrored folder; undefined when it is not there, or leads out of it. */
export async function readBelow(folder: string, path: string): Promise<string | undefined> {
  try {
    const [root, file] = await Promise.all([realpath(folder), realpath(join(folder, path))]);
    return file.startsWith(root + sep) ? await readFile(file, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
