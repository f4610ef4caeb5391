import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Launcher } from '../launch/types.js';

/**
 * Folder of what is to be deleted. Throwing something away is a rename; the deleting itself goes on behind, one thing at
 * a time, because a large removal makes ext4 slow at creating files for minutes.
 */
export interface Trash {
  /** A thing that is already gone is no error. */
  discard(path: string): Promise<void>;
  /** Settles when everything thrown away until now is deleted. */
  emptied(): Promise<void>;
}

/** Between two tries at what cannot be deleted. */
const LONGEST_WAIT_MS = 60_000;

/** `directory` must be on the file system of what is thrown into it. What an earlier process left there goes too. */
export async function openTrash(directory: string, launcher: Pick<Launcher, 'spawn'>, delayMs = 1000): Promise<Trash> {
  await mkdir(directory, { recursive: true });
  let sequence = 0;
  let arrived = 0;
  let listedAt = 0;
  let emptying: Promise<void> | undefined;

  let retry: NodeJS.Timeout | undefined;
  let retryMs = delayMs;

  async function empty(): Promise<void> {
    await pause(delayMs);
    listedAt = arrived;
    const isEmpty = await removeChildren(directory, launcher);
    emptying = undefined;
    retryMs = isEmpty ? delayMs : Math.min(retryMs * 2, LONGEST_WAIT_MS);
    clearTimeout(retry);
    // What arrived meanwhile was not on the list.
    if (arrived > listedAt) void emptySoon();
    else if (!isEmpty) retry = setTimeout(emptySoon, retryMs).unref();
  }

  function emptySoon(): Promise<void> {
    emptying ??= empty();
    return emptying;
  }

  if ((await readdir(directory)).length > 0) void emptySoon();
  return {
    async discard(path) {
      sequence++;
      const target = join(directory, `${process.pid}-${Date.now()}-${sequence}`);
      const moved = await rename(path, target).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return false;
          throw error;
        },
      );
      if (!moved) return;
      arrived++;
      void emptySoon();
    },
    async emptied() {
      if ((await readdir(directory)).length > 0) await emptySoon();
      if ((await readdir(directory)).length > 0) await emptySoon();
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

/**
 * Whether all is gone that was there; what cannot be deleted now (something is mounted in it, the launcher has just died) stays
 * for a next time. The folder itself may have gone. By a process of its own: thousands of small deletions would keep the engine's
 * thread from its clients.
 */
async function removeChildren(directory: string, launcher: Pick<Launcher, 'spawn'>): Promise<boolean> {
  const names = await readdir(directory).catch(() => []);
  if (names.length === 0) return true;
  const done = await launcher
    .spawn(['rm', '-rf', '--one-file-system', '--', ...names.map((name) => join(directory, name))])
    .catch(() => undefined);
  return done?.code === 0;
}
