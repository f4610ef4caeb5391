/** One engine a runtime folder. */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';

export interface EngineLock {
  release(): void;
}

/**
 * Held by a listening socket in the abstract namespace (unix(7)), because Node has no flock: the kernel lets it go with
 * the process, however that ends, and no file of a dead engine can be in the way. Resolves undefined when another engine
 * has it. `engine.pid` is written for people and for the command line, nobody decides by it.
 */
export async function takeLock(runtimeDirectory: string): Promise<EngineLock | undefined> {
  const digest = createHash('sha256')
    .update(await realpath(runtimeDirectory))
    .digest('hex');
  const server = await listen(`\0devenv/${process.getuid?.() ?? 0}/${digest.slice(0, 32)}`);
  if (!server) return undefined;
  const pidFile = path.join(runtimeDirectory, 'engine.pid');
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  return {
    release() {
      rmSync(pidFile, { force: true });
      server.close();
    },
  };
}

function listen(name: string): Promise<net.Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(name, () => resolve(server.unref()));
  });
}

/** Who has the lock, as far as its file tells. */
export function lockHolder(runtimeDirectory: string): string {
  try {
    return `pid ${readFileSync(path.join(runtimeDirectory, 'engine.pid'), 'utf8').trim()}`;
  } catch {
    return 'its pid is not known';
  }
}
