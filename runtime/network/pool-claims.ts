/**
 * Which subnets the engines of this machine have, so that engines which start at once choose different ones. Routes tell
 * only of bridges that are up. One file an engine, `HASH.json`; it counts while the engine's process lives.
 */

import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Prefix, parsePrefix } from './address.js';

interface Claim {
  readonly pid: number;
  readonly subnets: readonly string[];
}

const LOCK_WAIT_MS = 20;
const LOCK_STALE_MS = 3000;

export class PoolClaims {
  readonly #folder: string;
  readonly #file: string;

  constructor(folder: string, hash: string) {
    this.#folder = folder;
    this.#file = `${hash}.json`;
  }

  /** One engine at a time chooses; `work` gets what the others have and says what is this one's then. */
  async choose<T>(work: (others: Prefix[]) => Promise<{ result: T; subnets: readonly string[] }>): Promise<T> {
    await mkdir(this.#folder, { recursive: true });
    const unlock = await this.#lock();
    try {
      const { result, subnets } = await work(await this.#others());
      await this.#write(subnets);
      return result;
    } finally {
      await unlock();
    }
  }

  async withdraw(): Promise<void> {
    await rm(join(this.#folder, this.#file), { force: true });
  }

  async #write(subnets: readonly string[]): Promise<void> {
    const claim: Claim = { pid: process.pid, subnets };
    const path = join(this.#folder, this.#file);
    await writeFile(`${path}.new`, JSON.stringify(claim));
    await rename(`${path}.new`, path);
  }

  async #others(): Promise<Prefix[]> {
    const files = await readdir(this.#folder);
    const claims = await Promise.all(
      files.filter((name) => name.endsWith('.json') && name !== this.#file).map((name) => this.#read(name)),
    );
    return claims.flat();
  }

  async #read(name: string): Promise<Prefix[]> {
    const path = join(this.#folder, name);
    try {
      const claim = JSON.parse(await readFile(path, 'utf8')) as Claim;
      if (isAlive(claim.pid)) return claim.subnets.flatMap((subnet) => parsePrefix(subnet) ?? []);
    } catch {
      // Half a file, or gone: nobody's claim.
    }
    await rm(path, { force: true });
    return [];
  }

  async #lock(): Promise<() => Promise<void>> {
    const path = join(this.#folder, 'lock');
    for (;;) {
      try {
        const handle = await open(path, 'wx');
        await handle.close();
        return () => rm(path, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const made = await stat(path).catch(() => undefined);
      if (made !== undefined && Date.now() - made.mtimeMs > LOCK_STALE_MS) await rm(path, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, LOCK_WAIT_MS));
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
