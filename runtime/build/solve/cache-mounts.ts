/** Folders of `RUN --mount=type=cache`: kept from build to build, in no image. */
import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
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
  /** Which step wants it, for people. */
  readonly description: string;
}

export interface CacheMount {
  readonly folder: string;
  release(): void;
}

/** One that is kept. */
export interface KeptMount {
  readonly id: string;
  readonly description: string;
  readonly sizeBytes: number;
  readonly createdMs: number;
  readonly usedMs: number;
  readonly inUse: boolean;
}

/** What is said of a cache lies beside its folder; when that was last written, it was used. */
const NOTE = '.json';

export class CacheMounts {
  private readonly inUse = new Map<string, number>();
  private readonly waiting = new Map<string, (() => void)[]>();
  /** Folders on their way out: the same cache may be wanted again meanwhile. */
  private readonly leaving = new Map<string, Promise<unknown>>();

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
      await this.leaving.get(name);
      await this.create(join(this.home, name), request);
      await this.note(name, request.description);
    } catch (error) {
      this.release(name);
      throw error;
    }
    return { folder: join(this.home, name), release: () => this.release(name) };
  }

  async list(): Promise<KeptMount[]> {
    const names = (await readdir(this.home).catch(() => [])).filter((name) => !name.endsWith(NOTE));
    if (names.length === 0) return [];
    const { stdout } = await this.run(['du', '-sxB1', ...names.map((name) => join(this.home, name))]);
    const lines = stdout.split('\n').map((line) => line.split('\t'));
    const bytes = new Map(lines.map(([size, path = '']) => [path, Number(size)]));
    const all = await Promise.all(names.map((name) => this.kept(name, bytes.get(join(this.home, name)) ?? 0)));
    return all.filter((one) => one !== undefined);
  }

  /** Those that somebody uses stay. */
  async remove(ids: readonly string[]): Promise<void> {
    for (const name of ids.filter((one) => !this.inUse.has(one))) {
      const paths = [name, name + NOTE].map((one) => join(this.home, one));
      const gone = Promise.all(paths.map((path) => rm(path, { recursive: true, force: true })));
      this.leaving.set(name, gone);
      await gone.finally(() => this.leaving.delete(name));
    }
  }

  private async note(name: string, description: string): Promise<void> {
    await writeFile(join(this.home, name + NOTE), JSON.stringify({ description }));
  }

  /** Undefined when it has gone meanwhile. */
  private async kept(name: string, sizeBytes: number): Promise<KeptMount | undefined> {
    const path = join(this.home, name);
    const [folder, note] = await Promise.all([path, path + NOTE].map((one) => stat(one).catch(() => undefined)));
    if (folder === undefined) return undefined;
    return {
      id: name,
      description: await describedIn(path + NOTE),
      sizeBytes,
      createdMs: folder.birthtimeMs,
      usedMs: (note ?? folder).mtimeMs,
      inUse: this.inUse.has(name),
    };
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

/** Empty without a note, and for half of one, which an engine leaves that is killed. */
async function describedIn(note: string): Promise<string> {
  try {
    return (JSON.parse(await readFile(note, 'utf8')) as { description: string }).description;
  } catch {
    return '';
  }
}
