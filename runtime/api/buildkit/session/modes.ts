/** Go's `os.FileMode`, which files travel with. */
import type { Stats } from 'node:fs';
import type { Entry } from '../../../engine/synced-tree.js';

const directory = 0x80000000;
const symlink = 0x08000000;
const device = 0x04000000;
const fifo = 0x02000000;
const socket = 0x01000000;
const setuid = 0x00800000;
const setgid = 0x00400000;
const characterDevice = 0x00200000;
const sticky = 0x00100000;
const irregular = 0x00080000;
const types = directory + symlink + device + fifo + socket + characterDevice + irregular;

export type FileType = 'file' | 'directory' | 'symlink' | 'other';

const has = (mode: number, bits: number) => (mode & bits) >>> 0 !== 0;

export function fileType(mode: number): FileType {
  if (has(mode, directory)) return 'directory';
  if (has(mode, symlink)) return 'symlink';
  return has(mode, types) ? 'other' : 'file';
}

/** Undefined for what no image holds: a socket. */
export function entryType(mode: number): Entry['type'] | undefined {
  const type = fileType(mode);
  if (type !== 'other') return type;
  if (has(mode, fifo)) return 'fifo';
  if (has(mode, characterDevice)) return 'character-device';
  return has(mode, device) ? 'block-device' : undefined;
}

/** What chmod(2) takes. */
export function permissions(mode: number): number {
  const special =
    (has(mode, setuid) ? 0o4000 : 0) + (has(mode, setgid) ? 0o2000 : 0) + (has(mode, sticky) ? 0o1000 : 0);
  return special + (mode & 0o777);
}

export function goMode(
  stat: Pick<
    Stats,
    'mode' | 'isDirectory' | 'isSymbolicLink' | 'isFIFO' | 'isSocket' | 'isCharacterDevice' | 'isBlockDevice'
  >,
): number {
  const type = stat.isDirectory()
    ? directory
    : stat.isSymbolicLink()
      ? symlink
      : stat.isFIFO()
        ? fifo
        : stat.isSocket()
          ? socket
          : stat.isCharacterDevice()
            ? device + characterDevice
            : stat.isBlockDevice()
              ? device
              : 0;
  const { mode } = stat;
  const special = (mode & 0o4000 ? setuid : 0) + (mode & 0o2000 ? setgid : 0) + (mode & 0o1000 ? sticky : 0);
  return type + special + (mode & 0o777);
}
