/**
 * For file systems that overlay cannot stand on (another overlay, most network file systems). Each layer is the whole tree
 * that an image shows at that height: its parent's, whose files are in both under one inode, and its own changes upon it.
 * A root is a copy of such a tree.
 */
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Form } from './form.js';
import { countChangedBytes, listTreeChanges } from './tree-changes.js';
import type { SnapshotsOptions } from './types.js';

export function treeForm({ launcher }: Pick<SnapshotsOptions, 'launcher'>): Form {
  const lowestFirst = (below: readonly string[]) => [...below].reverse();
  return {
    driver: 'vfs',
    place: 'vfs',
    unpackMode: 'tree',
    shown: (contents) => contents.slice(0, 1),
    beginLayer: async (path, below) => {
      await launcher.copyTree({ trees: lowestFirst(below), target: path, link: true });
    },
    lower: () => [],
    async makeUpper(path, below) {
      if (existsSync(path)) return;
      const draft = `${path}.new`;
      await rm(draft, { recursive: true, force: true });
      await launcher.copyTree({ trees: lowestFirst(below), target: draft });
      await rename(draft, path);
    },
    pack: (path, below) => ({ root: { kind: 'directory', path }, path: '/', mode: 'layer', below }),
    changes: listTreeChanges,
    bytes: countChangedBytes,
  };
}
