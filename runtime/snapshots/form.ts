import type { TarPack } from '../launch/types.js';
import type { DiffEntry, StorageDriver } from './types.js';

/**
 * How layers and roots lie on the disk. `below` are always the folders that what lies below adds up to, topmost first.
 */
export interface Form {
  readonly driver: StorageDriver['name'];
  /** Folder in `HOME`. */
  readonly place: string;
  /** What `unpack` is told of a layer's archive. */
  readonly unpackMode: 'layer' | 'tree';
  /** Of the contents of a chain's layers, topmost first, those that add up to it. */
  shown(contents: readonly string[]): readonly string[];
  /** Makes the folder that a layer is unpacked into. */
  beginLayer(path: string, below: readonly string[]): Promise<void>;
  /** Of those below, what a mount lays under the writable folder. */
  lower(below: readonly string[]): readonly string[];
  /** Makes the writable folder where it is not there yet; half of one is never left under its name. */
  makeUpper(path: string, below: readonly string[]): Promise<void>;
  /** What a layer or a writable folder changes, as its tar is made. */
  pack(path: string, below: readonly string[]): TarPack;
  changes(path: string, below: readonly string[]): Promise<DiffEntry[]>;
  /** Of files that are added or changed. */
  bytes(path: string, below: readonly string[]): Promise<number>;
}
