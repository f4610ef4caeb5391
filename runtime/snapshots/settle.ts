import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayerRecord } from './layers.js';

/**
 * What was unpacked stands in the kernel's memory first: when the power fails, files may be there whose content is not.
 * So a new layer's record names the boot it was written in, until the file system has been synced behind it; a record of
 * another boot is not believed. Nobody waits for the sync: a pull that the power cut short within seconds is pulled again.
 */
export interface Settling {
  /** What to write into the record of a layer in `folder`. */
  mark(folder: string, record: LayerRecord): LayerRecord & { readonly boot?: string };
  /** Whether a record from the disk can be believed. */
  isSound(folder: string, record: LayerRecord & { readonly boot?: string }): boolean;
  /** Settles when all that was marked until now is on the disk. */
  settle(): Promise<void>;
}

const QUIET_MS = 2000;

/** `sync` undefined: nothing is marked. */
export function openSettling(boot: string, sync: (() => Promise<void>) | undefined, quietMs = QUIET_MS): Settling {
  const pending = new Map<string, LayerRecord>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  function soon(): void {
    clearTimeout(timer);
    timer = setTimeout(() => void settle().catch(() => undefined), quietMs);
    timer.unref();
  }

  function settle(): Promise<void> {
    clearTimeout(timer);
    running = running.catch(() => undefined).then(settleNow);
    return running;
  }

  async function settleNow(): Promise<void> {
    const now = [...pending];
    if (!sync || now.length === 0) return;
    await sync();
    for (const [folder, record] of now) {
      pending.delete(folder);
      const draft = join(folder, 'layer.json.new');
      // A layer that was removed meanwhile has no record to write.
      await writeFile(draft, JSON.stringify(record)).then(
        () => rename(draft, join(folder, 'layer.json')),
        () => undefined,
      );
    }
  }

  return {
    mark(folder, record) {
      if (!sync || boot === '') return record;
      pending.set(folder, record);
      soon();
      return { ...record, boot };
    },
    isSound(folder, { boot: written, ...record }) {
      if (written === undefined) return true;
      if (written !== boot) return false;
      pending.set(folder, record);
      soon();
      return true;
    },
    settle,
  };
}
