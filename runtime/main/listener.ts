import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** With this many places a burst of clients is taken in, also while the engine is busy for a moment. */
const ENOUGH = 1024;

/** A socket that listens already, as `Server.listen` takes it. */
export interface Listener {
  readonly fd: number;
}

/**
 * Where the machine lets few connections wait for their turn (`net.core.somaxconn`; a client beyond it gets EAGAIN, which
 * Docker's clients call "Cannot connect to the Docker daemon"): a listener at `socketPath`, mode 0600, that the launcher
 * made in a network namespace with the kernel's default. `undefined` where an ordinary one is as good, or all there is.
 */
export async function deepListener(
  launcher: string,
  socketPath: string,
  enough = ENOUGH,
): Promise<Listener | undefined> {
  if (places() >= enough) return undefined;
  const child = spawn(launcher, ['listen', socketPath], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  return new Promise((resolve) => {
    child.once('error', () => resolve(undefined));
    child.once('message', (_message, handle) => resolve(handle as unknown as Listener));
    child.once('exit', () => resolve(undefined));
  });
}

function places(): number {
  try {
    return Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));
  } catch {
    return ENOUGH;
  }
}
