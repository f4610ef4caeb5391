import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLauncher } from '../../runtime/launch/launcher.js';
import type { Launcher } from '../../runtime/launch/types.js';

const binary = fileURLToPath(new URL('../../../runtime/launcher/build/launcher', import.meta.url));

/** A launcher and a folder of the test's own; `close` ends the one and removes the other. */
export async function startLauncher(): Promise<{ launcher: Launcher; folder: string; close(): Promise<void> }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'devenv-test-'));
  const launcher = await openLauncher({ binary: process.env.DEVENV_LAUNCHER ?? binary, socketDirectory: folder });
  return {
    launcher,
    folder,
    async close() {
      await launcher.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
