/**
 * Reading what a chain of layers adds up to. One layer is read in place; several are mounted, read-only, by overlay,
 * because only the kernel reads whiteouts and opaque folders right (Node has no xattrs). A mount lives as long as a
 * build uses it.
 */
import { mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChainId, Snapshots } from '../../snapshots/types.js';
import { emptyTree, FolderTree, type Tree } from '../files/tree.js';
import { mustRun, type RunProgram } from './programs.js';

interface View {
  users: number;
  readonly folder: Promise<string>;
}

export class Views {
  private readonly views = new Map<ChainId, View>();

  constructor(
    private readonly home: string,
    private readonly snapshots: Pick<Snapshots, 'lowerDirectories' | 'userXattr'>,
    private readonly run: RunProgram,
  ) {}

  /** Unmounts what an engine that was killed has left. */
  async sweep(): Promise<void> {
    const mounts = await readFile('/proc/self/mountinfo', 'utf8');
    for (const line of mounts.split('\n')) {
      const point = line.split(' ')[4];
      if (point?.startsWith(`${this.home}/`)) await this.run(['umount', '-l', point]);
    }
    await rm(this.home, { recursive: true, force: true });
  }

  lease(): ViewLease {
    const held = new Set<ChainId>();
    return {
      folder: async (chain) => {
        const lower = this.snapshots.lowerDirectories(chain);
        if (lower.length <= 1) return lower[0];
        const view = this.views.get(chain!) ?? this.open(chain!, lower);
        if (!held.has(chain!)) view.users++;
        held.add(chain!);
        return view.folder;
      },
      close: async () => {
        await Promise.all([...held].map((chain) => this.leave(chain)));
      },
    };
  }

  private open(chain: ChainId, lower: readonly string[]): View {
    const view = { users: 0, folder: this.mount(chain, lower) };
    view.folder.catch(() => this.views.get(chain) === view && this.views.delete(chain));
    this.views.set(chain, view);
    return view;
  }

  /** Layers under short relative names: the kernel takes one page of options, and there may be a hundred. */
  private async mount(chain: ChainId, lower: readonly string[]): Promise<string> {
    const place = join(this.home, chain.replace('sha256:', ''));
    await mkdir(join(place, 'root'), { recursive: true });
    await mkdir(join(place, 'l'), { recursive: true });
    await Promise.all(
      lower.map(async (folder, index) => {
        await rm(join(place, 'l', String(index)), { force: true });
        await symlink(folder, join(place, 'l', String(index)));
      }),
    );
    const marks = this.snapshots.userXattr ? 'userxattr,' : '';
    const options = `ro,${marks}lowerdir=${lower.map((_, index) => index).join(':')}`;
    const script = 'cd "$1" && exec mount -t overlay overlay -o "$2" ../root';
    await mustRun(this.run, ['sh', '-c', script, 'sh', join(place, 'l'), options], 'reading the layers of an image');
    return join(place, 'root');
  }

  private async leave(chain: ChainId): Promise<void> {
    const view = this.views.get(chain);
    if (view === undefined || --view.users > 0) return;
    this.views.delete(chain);
    const folder = await view.folder.catch(() => undefined);
    if (folder === undefined || this.views.has(chain)) return;
    await this.run(['umount', '-l', folder]);
    await rm(join(folder, '..'), { recursive: true, force: true }).catch(() => undefined);
  }
}

export interface ViewLease {
  /** The folder to read; undefined for no layers at all. */
  folder(chain: ChainId | undefined): Promise<string | undefined>;
  close(): Promise<void>;
}

export async function viewTree(lease: ViewLease, chain: ChainId | undefined): Promise<Tree> {
  const folder = await lease.folder(chain);
  return folder === undefined ? emptyTree : new FolderTree(folder);
}
