/** Changes that a service causes itself: it starts, writes a watched file, is restarted for it, writes it again… Pure. */
import type { Project } from '../model/project.js';
import { relativePath } from './classify.js';
import type { WatchRule } from './types.js';

/**
 * Whether a file of the host can be changed by a container at all: below a bind mount that may be written, or brought by
 * `pull`. What else changes again and again is somebody's quick work.
 */
export function writtenByServices(project: Project, rules: readonly WatchRule[]): (file: string) => boolean {
  const mounts = Object.values(project.services).flatMap(({ volumes = [] }) => volumes);
  const folders = [
    ...mounts.flatMap(({ type, source, read_only }) => (type === 'bind' && source && !read_only ? [source] : [])),
    ...rules.filter(({ action }) => action === 'pull').map(({ path }) => path),
  ];
  return (file) => folders.some((folder) => relativePath(folder, file) !== undefined);
}

export interface LoopLimits {
  /** So many actions in a row, each so soon after the last one's end, are no person's work. */
  readonly actions: number;
  readonly withinMs: number;
}

const loopLimits: LoopLimits = { actions: 5, withinMs: 1500 };

interface Streak {
  readonly count: number;
  readonly endedAt: number;
}

/** Counts, per service and file, actions that each followed hard on the last. Times in ms of any clock. */
export class LoopGuard {
  readonly #limits: LoopLimits;
  readonly #streaks = new Map<string, Streak>();
  readonly #muted = new Set<string>();

  constructor(limits: LoopLimits = loopLimits) {
    this.#limits = limits;
  }

  /** Of these files, those that a loop was found to run over now. They are muted from here on. */
  note(service: string, files: readonly string[], startedAt: number, endedAt: number): string[] {
    const looping: string[] = [];
    for (const file of files) {
      const key = `${service}\0${file}`;
      const last = this.#streaks.get(key);
      const count = last && startedAt - last.endedAt < this.#limits.withinMs ? last.count + 1 : 1;
      this.#streaks.set(key, { count, endedAt });
      if (count < this.#limits.actions) continue;
      this.#muted.add(key);
      looping.push(file);
    }
    return looping;
  }

  isMuted(service: string, file: string): boolean {
    return this.#muted.has(`${service}\0${file}`);
  }
}
