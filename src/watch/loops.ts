/** Changes that a service causes itself: it starts, writes a watched file, is restarted for it, writes it again… Pure. */

export interface LoopLimits {
  /** So many actions in a row, each so soon after the last one's end, are no person's work. */
  readonly actions: number;
  readonly withinMs: number;
}

export const loopLimits: LoopLimits = { actions: 5, withinMs: 1500 };

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
