import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A registry of this machine with an empty store. Debian: docker-registry. */
export interface LocalRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  stop(): Promise<void>;
}

export async function startLocalRegistry(): Promise<LocalRegistry> {
  const directory = await mkdtemp('/var/tmp/devenv-bench-registry-');
  const host = `127.0.0.1:${await freePort()}`;
  const config = path.join(directory, 'config.json');
  const storage = { filesystem: { rootdirectory: path.join(directory, 'data') }, delete: { enabled: true } };
  await writeFile(config, JSON.stringify({ version: 0.1, log: { level: 'error' }, storage, http: { addr: host } }));
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const gone = new Promise<void>((resolve) => {
    for (const event of ['exit', 'error']) child.once(event, () => resolve());
  });
  for (let tries = 0; !(await answers(host)); tries++) {
    if (tries > 200) throw new Error('docker-registry does not answer; apt-get install docker-registry');
    await sleep(20);
  }
  return {
    host,
    async stop() {
      child.kill();
      await gone;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function answers(host: string): Promise<boolean> {
  return fetch(`http://${host}/v2/`).then(
    (response) => response.ok,
    () => false,
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
