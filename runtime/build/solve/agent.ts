import { chmod, chown } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';

/**
 * A socket of the build's own in front of an agent's, so that it can have the owner and mode that a mount asks for
 * (Dockerfile reference, `RUN --mount=type=ssh`: root and 600 by default).
 */
export async function openAgent(
  folder: string,
  agent: string,
  { uid = 0, gid = 0, mode = 0o600 }: { readonly uid?: number; readonly gid?: number; readonly mode?: number },
): Promise<{ path: string; close: () => void }> {
  const path = join(folder, 'agent');
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(agent);
    const end = () => {
      client.destroy();
      upstream.destroy();
      open.delete(client);
    };
    open.add(client);
    for (const one of [client, upstream]) one.on('error', end).on('close', end);
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chown(path, uid, gid);
  await chmod(path, mode);
  const close = () => {
    server.close();
    for (const client of open) client.destroy();
  };
  return { path, close };
}
