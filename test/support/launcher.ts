import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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

/** SIGKILL to every process that waits for a job of the launcher in that folder; returns their pids. */
export function killWaiting(folder: string): number[] {
  const named = pidsOf(path.join(folder, 'launcher.sock'));
  const waiting = named.filter(({ parent }) => named.some(({ pid }) => pid === parent));
  for (const { pid } of waiting) process.kill(pid, 'SIGKILL');
  return waiting.map(({ pid }) => pid);
}

function pidsOf(socket: string): { pid: number; parent: number }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(socket) ? [{ pid: Number(name), parent }] : [];
      } catch {
        return [];
      }
    });
}
