import { dirname } from 'node:path';
import type { LaunchProgram, Op } from './program.js';

/** Folders and files of the machine that a container stands on. All paths are absolute. */
export interface Groundwork {
  /** The container's own. */
  readonly directory: string;
  readonly root: { readonly upper: string; readonly work: string; readonly mountpoint: string };
  /** Small files that are written anew for each start; one that is there keeps its inode. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

/**
 * The program with its groundwork done first: each of these from Node would be a turn of its thread pool. The monitor makes
 * the folder that its log is in, the container's process the rest while the monitor goes on. Pure.
 */
export function withGroundwork(program: LaunchProgram, { directory, root, files }: Groundwork): LaunchProgram {
  const folder = (path: string, mode: number): Op => ({ op: 'dir.make', path, mode });
  return {
    ...program,
    before: [folder(directory, 0o710), ...program.before],
    inside: [
      folder(dirname(root.upper), 0o710),
      ...[root.upper, root.work, root.mountpoint].map((path) => folder(path, 0o755)),
      ...files.map(({ path, text }): Op => ({ op: 'file.write', path, bytes: Buffer.from(text), create: true })),
      ...program.inside,
    ],
  };
}
