import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

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

/** `directory` must be on the file system of what is thrown into it. What an earlier process left there goes too. */
export async function openTrash(directory: string, delayMs = 1000): Promise<Trash> {
  await mkdir(directory, { recursive: true });
  let sequence = 0;
  let emptying: Promise<void> | undefined;

  function emptySoon(): Promise<void> {
    emptying ??= pause(delayMs)
      .then(() => removeChildren(directory))
      .finally(() => {
        emptying = undefined;
      });
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
      if (moved) void emptySoon();
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

/** What cannot be deleted now (something is mounted in it) stays for the next time; the folder itself may have gone. */
async function removeChildren(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    await rm(join(directory, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
