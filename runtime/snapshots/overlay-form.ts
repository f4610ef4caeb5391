import { mkdir } from 'node:fs/promises';
import { countBytes, listChanges } from './changes.js';
import type { Form } from './form.js';
import type { SnapshotsOptions } from './types.js';

/** Each layer holds its own changes with an overlay's marks, and a root is mounted of all of them. */
export function overlayForm({ userXattr }: Pick<SnapshotsOptions, 'userXattr'>): Form {
  return {
    driver: 'overlay2',
    place: '.',
    unpackMode: 'layer',
    shown: (contents) => contents,
    beginLayer: async (path) => {
      await mkdir(path, { mode: 0o755 });
    },
    lower: (below) => below,
    makeUpper: async (path) => {
      await mkdir(path, { recursive: true, mode: 0o755 });
    },
    pack: (path) => ({ root: { kind: 'directory', path }, path: '/', mode: 'layer', userXattr }),
    changes: listChanges,
    bytes: (path) => countBytes(path),
  };
}
