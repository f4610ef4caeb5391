/** What `init` reads of the folder that it stands in. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

export interface Repo {
  /** Undefined: there is no such file. */
  readonly read: (file: string) => string | undefined;
  /** Folders directly below. */
  readonly folders: (below?: string) => readonly string[];
  readonly files: (below?: string) => readonly string[];
}

export function openRepo(root: string): Repo {
  const list = (below: string, wanted: 'file' | 'folder') => {
    const folder = path.join(root, below);
    if (!existsSync(folder)) return [];
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries
      .filter((one) => (wanted === 'folder') === one.isDirectory())
      .map(({ name }) => name)
      .sort();
  };
  return {
    read: (file) => {
      const full = path.join(root, file);
      return statSync(full, { throwIfNoEntry: false })?.isFile() ? readFileSync(full, 'utf8') : undefined;
    },
    folders: (below = '.') => list(below, 'folder'),
    files: (below = '.') => list(below, 'file'),
  };
}

/** The same repository, from a folder of it on. */
export const within = (repo: Repo, folder: string): Repo =>
  folder === '.'
    ? repo
    : {
        read: (file) => repo.read(path.join(folder, file)),
        folders: (below = '.') => repo.folders(path.join(folder, below)),
        files: (below = '.') => repo.files(path.join(folder, below)),
      };
