/** Selected files → the entries of a layer, on top of what the image already holds. Writes nothing. */
import { posix } from 'node:path';
import type { ModeChange } from './modes.js';
import type { Owner } from './owner.js';
import { resolveInTree } from './resolve.js';
import type { Content, Selected, SelectedEntry } from './select.js';
import { type Entry, NO_TIME, type Tree } from './tree.js';

export interface Placed {
  readonly entry: Entry;
  readonly content: Content | undefined;
}

export interface PlaceOptions {
  /** Absolute; a closing slash says that it is a folder. */
  readonly destination: string;
  readonly owner: Owner | undefined;
  readonly mode: ModeChange | undefined;
  /** For folders that are made on the way. */
  readonly nowMs: number;
}

/** A layer in the making: paths without leading slash → what lies there. */
export class LayerDraft {
  readonly placed = new Map<string, Placed>();
  private sources = 0;

  constructor(private readonly view: Tree) {}

  /** Throws BuildKit's sentences when a folder and a file are in each other's way. */
  async place(selected: readonly Selected[], options: PlaceOptions): Promise<void> {
    for (const source of selected) {
      this.sources++;
      await this.placeOne(source, options);
    }
  }

  /**
   * Makes a folder and those above it; new ones get this owner, and the mode of an octal `--chmod` (its permission bits),
   * 755 without one, as BuildKit's mkdir does. Existing ones stay. Returns its path without symlinks.
   */
  async makeFolders(path: string, options: Pick<PlaceOptions, 'owner' | 'mode' | 'nowMs'>): Promise<string> {
    const resolved = (await resolveInTree(this.merged(), path)).path;
    const parts = resolved.split('/').filter((part) => part !== '');
    for (const [index] of parts.entries()) {
      const folder = parts.slice(0, index + 1).join('/');
      const entry = await this.lookUp(folder);
      if (entry === undefined) {
        this.placed.set(folder, { entry: newFolder(options), content: undefined });
        this.touchFolderOf(folder, options.nowMs);
      } else if (entry.type !== 'directory') throw new Error(`mkdir /${resolved}: not a directory`);
      else if (!this.placed.has(folder)) this.placed.set(folder, { entry, content: undefined });
    }
    return resolved;
  }

  private async placeOne(source: Selected, options: PlaceOptions): Promise<void> {
    const isFolder = source.entries[0]!.entry.type === 'directory';
    const base = isFolder ? await this.folderBase(options) : await this.fileBase(source.name, options);
    for (const one of source.entries) {
      if (one.relative !== '' || !isFolder) await this.placeEntry(posix.join(base, one.relative), one, options);
      else if (base !== '') this.placeTop(base, one);
    }
    if (!isFolder) this.touchFolderOf(base, options.nowMs);
  }

  private async folderBase(options: PlaceOptions): Promise<string> {
    const { path, entry } = await resolveInTree(this.merged(), options.destination);
    if (entry !== undefined && entry.type !== 'directory') throw new Error(`cannot copy to non-directory: /${path}`);
    return this.makeFolders(path, options);
  }

  private async fileBase(name: string, options: PlaceOptions): Promise<string> {
    const { destination } = options;
    const { path, entry } = await resolveInTree(this.merged(), destination);
    if (/\/\.?$/.test(destination) || entry?.type === 'directory') {
      return posix.join(await this.makeFolders(path, options), name);
    }
    const parent = posix.dirname(path);
    await this.makeFolders(parent === '.' ? '' : parent, options);
    return path;
  }

  /** A folder whose contents come in keeps its mode and owner, and takes the source's time where it has one. */
  private placeTop(path: string, { entry }: SelectedEntry): void {
    if (entry.mtimeMs !== NO_TIME) this.setTime(path, entry.mtimeMs);
  }

  /** A name that is new in a folder is a change of the folder. */
  private touchFolderOf(path: string, nowMs: number): void {
    this.setTime(posix.dirname(path), nowMs);
  }

  private setTime(path: string, mtimeMs: number): void {
    const folder = this.placed.get(path);
    if (folder !== undefined) this.placed.set(path, { ...folder, entry: { ...folder.entry, mtimeMs } });
  }

  private async placeEntry(path: string, { entry, content }: SelectedEntry, options: PlaceOptions): Promise<void> {
    const there = await this.lookUp(path);
    if (entry.type === 'directory' && there !== undefined && there.type !== 'directory') {
      throw new Error(`cannot copy to non-directory: /${path}`);
    }
    if (entry.type !== 'directory' && there?.type === 'directory') {
      throw new Error(`cannot replace to directory /${path} with file`);
    }
    const mode = options.mode !== undefined && entry.type !== 'symlink';
    this.placed.delete(path);
    this.placed.set(path, {
      entry: {
        ...entry,
        ...options.owner,
        ...(mode ? { mode: options.mode!(entry.mode, entry.type === 'directory') } : {}),
        // Names of one file stay one file only within one source, as BuildKit has it.
        linkKey: entry.linkKey === undefined ? undefined : `${this.sources}:${entry.linkKey}`,
      },
      content,
    });
  }

  private async lookUp(path: string): Promise<Entry | undefined> {
    return this.placed.get(path)?.entry ?? (await this.inView(path));
  }

  private async inView(path: string): Promise<Entry | undefined> {
    const parent = posix.dirname(path);
    const isNew = parent !== '.' && this.fresh.has(parent);
    const entry = isNew ? undefined : await this.view.entry(path);
    if (entry === undefined) this.fresh.add(path);
    return entry;
  }

  /** Paths that the image does not have, so that nothing below them is looked for. */
  private readonly fresh = new Set<string>();

  private merged(): Tree {
    return {
      entry: (path) => this.lookUp(path),
      names: (path) => this.view.names(path),
      content: (path) => this.view.content(path),
    };
  }
}

function newFolder({ owner, mode, nowMs }: Pick<PlaceOptions, 'owner' | 'mode' | 'nowMs'>): Entry {
  return {
    type: 'directory',
    // made with BuildKit's umask, whatever is asked for
    mode: mode?.absolute ? mode(0o755, true) & 0o755 : 0o755,
    uid: owner?.uid ?? 0,
    gid: owner?.gid ?? 0,
    sizeBytes: 0,
    mtimeMs: nowMs,
    target: undefined,
    major: 0,
    minor: 0,
    linkKey: undefined,
  };
}
