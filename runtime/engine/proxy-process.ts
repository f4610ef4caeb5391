/** The port proxy of a running container: found among its monitor's children, told by signals who accepts (`net_proxy.c`). */
import { readdir, readFile, readlink } from 'node:fs/promises';
import type { Engine } from './engine.js';

/**
 * Its pid; undefined when the container publishes nothing. The proxy is the child of the monitor that runs the monitor's
 * program and stands in the container's network namespace, or in that of the bridges where the engine is not root;
 * `pid` is the container's first process.
 */
export async function findProxy({ foundations }: Engine, pid: number): Promise<number | undefined> {
  const monitor = await parentOf(pid);
  if (monitor === undefined) return undefined;
  const { rootless } = foundations.launcher.machine;
  const [program, ...networks] = await Promise.all([
    linkOf(monitor, 'exe'),
    linkOf(pid, 'ns/net'),
    rootless && linkOf(rootless.holder, 'ns/net'),
  ]);
  for (const child of await childrenOf(monitor)) {
    if (child === pid || program === undefined) continue;
    const network = await linkOf(child, 'ns/net');
    if (network !== undefined && networks.includes(network) && (await linkOf(child, 'exe')) === program) return child;
  }
  return undefined;
}

/** Best effort: a proxy that is gone accepts nothing. */
export async function tellProxy(engine: Engine, pid: number, accepts: boolean): Promise<void> {
  const proxy = await findProxy(engine, pid);
  if (proxy === undefined) return;
  try {
    process.kill(proxy, accepts ? 'SIGUSR1' : 'SIGUSR2');
  } catch {
    // it ended with its container
  }
}

/** proc_pid_stat(5): the fourth field, behind a name that may hold anything. */
async function parentOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  return parent > 0 ? parent : undefined;
}

/** Kernels without CONFIG_PROC_CHILDREN have no list. */
async function childrenOf(pid: number): Promise<number[]> {
  const listed = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => undefined);
  if (listed !== undefined) return listed.trim().split(' ').filter(Boolean).map(Number);
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(all.map(parentOf));
  return all.filter((_, index) => parents[index] === pid);
}

function linkOf(pid: number, name: string): Promise<string | undefined> {
  return readlink(`/proc/${pid}/${name}`).catch(() => undefined);
}
