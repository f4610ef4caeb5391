/** Bridges and tables of engines of this machine that are gone for good: their folders were removed, or nobody started them again. */
import { readdir, readFile } from 'node:fs/promises';
import type { Launcher } from '../launch/types.js';
import { removeBridge } from './bridges.js';

const SYS_NET = '/sys/class/net';

/**
 * Takes away what no living engine has and no container uses, because each of them keeps a subnet from everybody else. An
 * engine's lock is a socket that the kernel lists (proc_net(5), `/proc/net/unix`; main/lock.ts), named by the digest of
 * which its bridges' alias has the beginning. One that starts again makes its bridges anew. Resolves to how many went.
 */
export async function sweepDeadBridges(launcher: Launcher): Promise<number> {
  if (launcher.machine.rootless !== undefined) return 0;
  const sockets = await readFile('/proc/net/unix', 'utf8').catch(() => undefined);
  if (sockets === undefined) return 0;
  const living = new Set([...sockets.matchAll(/@devenv\/\d+\/([0-9a-f]{8})/g)].map(([, hash]) => hash!));
  let gone = 0;
  for (const [hash, bridges] of await bridgesByEngine()) {
    if (living.has(hash) || (await areUsed(bridges))) continue;
    for (const bridge of bridges) await removeBridge(launcher, bridge);
    await launcher.spawn(['nft', 'delete', 'table', 'inet', `devenv-${hash}`]);
    gone += bridges.length;
  }
  return gone;
}

/** By the digits of the engine in the alias that it gives its bridges. */
async function bridgesByEngine(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const link of await readdir(SYS_NET).catch(() => [])) {
    const alias = await readFile(`${SYS_NET}/${link}/ifalias`, 'utf8').catch(() => '');
    const hash = /^devenv-([0-9a-f]{8}):/.exec(alias)?.[1];
    if (hash !== undefined) found.set(hash, [...(found.get(hash) ?? []), link]);
  }
  return found;
}

/** A container that outlives its engine has an interface there. */
async function areUsed(bridges: readonly string[]): Promise<boolean> {
  const ports = await Promise.all(bridges.map((bridge) => readdir(`${SYS_NET}/${bridge}/brif`).catch(() => [])));
  return ports.some((names) => names.length > 0);
}
