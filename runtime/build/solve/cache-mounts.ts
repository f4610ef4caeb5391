/** Folders of `RUN --mount=type=cache`: kept from build to build, in no image. */
import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunMount } from '../instructions/types.js';
import { mustRun, type RunProgram } from './programs.js';

export interface CacheMountRequest {
  readonly id: string;
  readonly sharing: NonNullable<RunMount['sharing']>;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Folder that a new cache starts as a copy of. */
  readonly initial: string | undefined;
}

export interface CacheMount {
  readonly folder: string;
  release(): void;
}

export class CacheMounts {
  private readonly inUse = new Map<string, number>();
  private readonly waiting = new Map<string, (() => void)[]>();

  constructor(
    private readonly home: string,
    private readonly run: RunProgram,
  ) {}

  /** `locked` waits until nobody else uses it; `private` takes another folder instead. */
  async take(request: CacheMountRequest, signal: AbortSignal): Promise<CacheMount> {
    const base = createHash('sha256').update(request.id).digest('hex').slice(0, 32);
    let name = base;
    if (request.sharing === 'private') for (let next = 1; this.inUse.has(name); next++) name = `${base}-${next}`;
    while (request.sharing === 'locked' && this.inUse.has(name)) await this.turn(name, signal);
    this.inUse.set(name, (this.inUse.get(name) ?? 0) + 1);
    try {
      await this.create(join(this.home, name), request);
    } catch (error) {
      this.release(name);
      throw error;
    }
    return { folder: join(this.home, name), release: () => this.release(name) };
  }

  /** Empties those that nobody uses; returns their bytes. */
  async prune(): Promise<number> {
    const names = await readdir(this.home).catch(() => []);
    let bytes = 0;
    for (const name of names.filter((one) => !this.inUse.has(one))) {
      const { stdout } = await this.run(['du', '-sxB1', join(this.home, name)]);
      bytes += Number.parseInt(stdout, 10) || 0;
      await rm(join(this.home, name), { recursive: true, force: true });
    }
    return bytes;
  }

  private async create(folder: string, { initial, mode, uid, gid }: CacheMountRequest): Promise<void> {
    if ((await stat(folder).catch(() => undefined)) !== undefined) return;
    await mkdir(this.home, { recursive: true });
    if (initial !== undefined)
      return void (await mustRun(this.run, ['cp', '-a', initial, folder], 'filling a cache mount'));
    await mkdir(folder, { recursive: true });
    await chmod(folder, mode);
    await chown(folder, uid, gid);
  }

  private turn(name: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      this.waiting.set(name, [...(this.waiting.get(name) ?? []), resolve]);
    });
  }

  private release(name: string): void {
    const users = (this.inUse.get(name) ?? 1) - 1;
    if (users > 0) {
      this.inUse.set(name, users);
      return;
    }
    this.inUse.delete(name);
    const waiting = this.waiting.get(name) ?? [];
    this.waiting.delete(name);
    for (const wake of waiting) wake();
  }
}
